"""Changes for a measurement, as messages that an outbox takes.

They come from ``dsn_deploy.demo.changes``; what that module numbers is numbered again by the
outbox, which also drops an item that says nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from dsn_deploy.demo.changes import record_changes
from dsn_deploy.demo.crowd import PEOPLE_MAX, demographics
from dsn_producers.change import change_of
from dsn_producers.mapping import Item
from dsn_producers.message import Message
from dsn_producers.outbox import Outbox
from dsn_producers.sources import Source
from dsn_schemas.keys import record_key
from dsn_schemas.records import RecordChange
from dsn_schemas.settings import Settings
from dsn_streams.entries import entry_of

#: More than any measurement takes; the generator wants to know its end.
_CHANGES_MAX = 1 << 40
#: Changes of a message: those of the demonstration have 3.4.
CHANGES_PER_MESSAGE = 3
#: Records that are registered over MLLP; beyond, they are registered again.
_REGISTERED = 5_000


class Load:
    """The endless changes of one source; every source of a measurement knows the same people."""

    def __init__(self, source: Source, people: int, seed: int, partitions: int) -> None:
        self.source = source
        self._partitions = partitions
        self._changes = record_changes(
            people,
            _CHANGES_MAX,
            seed,
            duplicates=0.0,
            out_of_order=0.0,
            partitions=partitions,
            source=source.name,
            authority=source.authority,
        )

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        return self.message(1)

    def message(self, changes: int = CHANGES_PER_MESSAGE) -> Message:
        """The next changes, as one message."""
        return self._message(*(next(self._changes) for _ in range(changes)))

    def messages(self, changes: int) -> Iterator[Message]:
        """The next changes, as messages of ``CHANGES_PER_MESSAGE``; the last may have fewer."""
        for at in range(0, changes, CHANGES_PER_MESSAGE):
            yield self.message(min(CHANGES_PER_MESSAGE, changes - at))

    def marked(self, number: str, mark: str) -> tuple[Message, str]:
        """A change of the record ``number`` that is found again by its entry; both."""
        change = next(one for one in self._changes if one.section == "medications" and one.content)
        change = replace(change, number=number, item=mark, entry="")
        key = record_key(change.authority, number)
        entry = entry_of(change.section, "", change.source, key, mark)
        return self._message(change), entry

    def _message(self, *changes: RecordChange) -> Message:
        # A message has other bytes each time, a control id at the least.
        digest = hashlib.sha256(f"{changes[0].source}:{changes[0].seq}".encode()).digest()
        numbered = tuple(change_of(_item(change), self._partitions) for change in changes)
        return Message(digest=digest, changes=numbered)


def _item(change: RecordChange) -> Item:
    return Item(
        authority=change.authority,
        number=change.number,
        section=change.section,
        item=change.item,
        entry=change.entry,
        op=change.op,
        status=change.status,
        occurred_at=change.occurred_at,
        content=change.content,
    )


def loads_of(
    settings: Settings, sources: Sequence[Source], people: int, seed: int, opened: ExitStack
) -> list[tuple[Load, Outbox]]:
    """The changes of each source and the outbox that takes them, closed with ``opened``."""
    loads = []
    for count, source in enumerate(sources):
        outbox = Outbox(settings, source.name)
        opened.callback(outbox.close)
        loads.append((Load(source, people, seed + count, settings.partitions), outbox))
    return loads


def registration(authority: str, number: int) -> bytes:
    """An HL7 v2 message of one person's stay: what is sent over MLLP.

    People of their own, each with a name and birth date: a thousand records of one and the same
    person would measure how they are compared with each other.
    """
    person = number % _REGISTERED
    who = demographics(PEOPLE_MAX - 1 - person, authority, f"M{person}", person)
    name, home = who.names[0], who.addresses[0]
    phone = who.telecoms[0].value.replace(" ", "-")
    lines = (
        (
            rf"MSH|^~\&|ADT|BENCH|DSN|CENTRE|20260901121500-0400||ADT^A08^ADT_A01|BENCH-{number}|P|2.5"
            "|||AL|NE|CAN|UNICODE UTF-8|FR"
        ),
        "EVN|A08|20260901121500-0400",
        (
            f"PID|1||M{person}^^^{authority}^MR||{name.family}^{name.given[0]}^^^^^L||"
            f"{who.birth_date.replace('-', '')}|{who.gender_code}|||"
            f"{home.lines[0]}^^{home.city}^QC^{home.postal_code}^CAN^H||{phone}^PRN^PH"
        ),
        f"PV1|1|I|4N^401^1||||1234^Roy^Jean|||MED||||||||I|V{number}",
        f"AL1|1|DA|70618^Pénicilline^RXNORM|SV|Urticaire {number}",
    )
    return "\r".join([*lines, ""]).encode()
