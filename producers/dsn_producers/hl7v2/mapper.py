"""One HL7 v2 message in, items of records out.

1. The bytes become a message in the character set they claim (``charset``, ``message``).
2. Its type says whether there is anything in it for a chart (``KINDS``).
3. Each PID begins a group: one patient, one record (``record``). A PID with neither name nor birth
   date only says whose record it is: taken as demographics it would wipe out what is known.
4. Segments become items wherever the type lets them stand: sites put AL1 in an ORU.

A message is taken whole or not at all: what cannot be used goes to quarantine byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dsn_producers.hl7v2.allergies import allergies
from dsn_producers.hl7v2.claims import LINKS, MERGES, MOVES, claims, links
from dsn_producers.hl7v2.demographics import demographics, says_who
from dsn_producers.hl7v2.documents import documents
from dsn_producers.hl7v2.encounters import STATUS, encounters
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.immunizations import immunizations
from dsn_producers.hl7v2.medications import medications
from dsn_producers.hl7v2.message import Message, Segment, control_id_of, parse
from dsn_producers.hl7v2.problems import problems
from dsn_producers.hl7v2.procedures import procedures
from dsn_producers.hl7v2.record import NO_RECORD, record_number
from dsn_producers.hl7v2.results import results
from dsn_producers.hl7v2.stamps import stamp
from dsn_producers.mapping import Item, Mapped, Unmappable
from dsn_producers.sources import Source

UNKNOWN_TYPE = "unknown-message-type"
NOTHING = "nothing-to-take"

_PERSON_EVENTS = frozenset({"A28", "A29", "A31", "A35", "A41", "A49", "A60"})
_ADT = frozenset(STATUS) | MERGES | MOVES | frozenset(LINKS) | _PERSON_EVENTS

#: Events of each message type that are taken. Orders, billing, queries and appointments are not:
#: the chart has no section for them, and an acknowledgement would promise that it has.
KINDS: dict[str, frozenset[str]] = {
    "ADT": _ADT,
    "ORU": frozenset({"", "R01", "R03", "R21", "R30", "R31", "R32", "R40", "W01"}),
    "OUL": frozenset({"R21", "R22", "R23", "R24"}),
    "VXU": frozenset({"", "V04"}),
    "RDE": frozenset({"O01", "O11", "O25", "O49"}),
    "OMP": frozenset({"", "O09"}),
    "RDS": frozenset({"O01", "O13"}),
    "RAS": frozenset({"O01", "O17"}),
    "ORM": frozenset({"O01"}),
    "MDM": frozenset(f"T{number:02d}" for number in range(1, 12)),
    "PPR": frozenset({"PC1", "PC2", "PC3"}),
    "BAR": frozenset({"P12"}),
}

_Part = Callable[[Group], Iterator[Item]]
_ANYWHERE: tuple[_Part, ...] = (encounters, allergies, problems, procedures)
_PARTS: dict[str, tuple[_Part, ...]] = {
    "ADT": (claims, *_ANYWHERE, results),
    "VXU": (*_ANYWHERE, immunizations, results),
    "MDM": (documents,),
    "ORU": (*_ANYWHERE, results),
    "OUL": (*_ANYWHERE, results),
    "PPR": (*_ANYWHERE, results),
    "BAR": _ANYWHERE,
}
_DRUG_PARTS: tuple[_Part, ...] = (*_ANYWHERE, medications, results)


def map_message(data: bytes, source: Source, captured_at: int) -> Mapped:
    """Map one message. ``captured_at`` (ms) stands in where the message has no time of its own.

    Raises ``Unmappable`` and nothing else.
    """
    try:
        message = parse(data, source.charset)
        items = _items(message, source, captured_at)
    except Unmappable as refused:
        raise Unmappable(
            refused.reason,
            refused.detail,
            message_id=control_id_of(data),
            refusal=refused.refusal,
        ) from None
    return Mapped(message_id=message.control_id, items=tuple(items))


def _items(message: Message, source: Source, captured_at: int) -> list[Item]:
    kind, event = _type(message)
    groups = _groups(message, source, captured_at, kind, event)
    found = list(links(groups))
    for group in groups:
        if says_who(group.pid):
            found.append(demographics(group))
        for part in _PARTS.get(kind, _DRUG_PARTS):
            found.extend(part(group))
    _refuse_empty(kind, event, found)
    return found


def _refuse_empty(kind: str, event: str, found: list[Item]) -> None:
    """Nothing is acknowledged that nobody will see again."""
    if kind == "ORM" and all(item.section != "medications" for item in found):
        raise Unmappable(
            UNKNOWN_TYPE, "ORM^O01 without a drug order: orders are not taken", refusal="AR"
        )
    if not found:
        raise Unmappable(
            NOTHING,
            f"{kind}^{event} names a record and says nothing of it: no name, no birth date and "
            "no other segment with content",
        )


def _type(message: Message) -> tuple[str, str]:
    """MSH-9.1 and MSH-9.2; EVN-1 where an old ADT leaves the event out."""
    said = message.header.value(9)
    kind, event = said.sub(1).upper(), said.sub(2).upper()
    if not event and kind == "ADT":
        trigger = _event_segment(message)
        event = trigger.text(1).upper() if trigger else ""
    if event not in KINDS.get(kind, frozenset()):
        named = f"{kind}^{event}" if (kind + event).isalnum() and len(kind + event) < 9 else "MSH-9"
        raise Unmappable(
            UNKNOWN_TYPE, f"{named} is no message type that a chart takes", refusal="AR"
        )
    return kind, event


def _event_segment(message: Message) -> Segment | None:
    return next((segment for segment in message.segments if segment.name == "EVN"), None)


def _groups(
    message: Message, source: Source, captured_at: int, kind: str, event: str
) -> list[Group]:
    """One group for each PID. Raises ``Unmappable`` when there is none or one has no record."""
    segments = message.segments
    starts = [index for index, segment in enumerate(segments) if segment.name == "PID"]
    if not starts:
        raise Unmappable(NO_RECORD, f"{kind} without PID: whose record it is cannot be known")
    trigger = _event_segment(message)
    groups = []
    for start, end in zip(starts, [*starts[1:], len(segments)], strict=True):
        authority, number = record_number(segments[start], source)
        groups.append(
            Group(
                source=source,
                kind=kind,
                event=event,
                segments=segments[start:end],
                event_segment=trigger,
                authority=authority,
                number=number,
                occurred_at=_occurred_at(message, trigger, source, captured_at),
            )
        )
    return groups


def _occurred_at(
    message: Message, trigger: Segment | None, source: Source, captured_at: int
) -> int:
    recorded = stamp(trigger.text(2), source.zone) if trigger else None
    sent = recorded or stamp(message.header.text(7), source.zone)
    return sent.ms if sent else captured_at
