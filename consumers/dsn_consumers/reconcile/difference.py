"""One thing that two places do not say alike: named so that it can be found, and by nobody else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from dsn_consumers.reconcile.journal import At, ItemKey
from dsn_consumers.table_rows import entry_digest
from dsn_schemas.keys import person_id

#: Where it is wrong, judged by the place before it: journal, view, store.
Where = Literal["view", "store"]

#: ``missing`` it is not there; ``surplus`` nobody said it; ``number`` another change stands there
#: than should; ``person`` it is at another person; ``content`` it says something else.
What = Literal["missing", "surplus", "number", "person", "content"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference. No field holds patient data: records are opaque ids, entries are digests."""

    where: Where
    what: What
    #: entry, link, quarantine.
    kind: str
    #: Establishment system of the change; of a merged entry the leading one's.
    source: str = ""
    #: Opaque id of the record (``keys.person_id`` of its key).
    record: str = ""
    person: str = ""
    section: str = ""
    #: Digest that the store knows the entry by, hexadecimal.
    entry: str = ""
    #: Number of the change that should stand, or that stands and should not.
    epoch: int = 0
    seq: int = 0
    #: Where the change lies in the journal; -1 when it lies nowhere.
    topic: str = ""
    partition: int = -1
    offset: int = -1

    def as_object(self) -> dict[str, object]:
        """For scripts."""
        return asdict(self)

    def describe(self) -> str:
        """One line for a person."""
        number = f" change {self.epoch}.{self.seq}" if self.seq else ""
        place = f" at {self.topic}[{self.partition}] offset {self.offset}" if self.topic else ""
        named = [
            f"{name} {value}"
            for name, value in (
                ("source", self.source),
                ("record", self.record),
                ("person", self.person),
                ("section", self.section),
                ("entry", self.entry),
            )
            if value
        ]
        return f"{self.where}: {self.kind} {self.what}: {', '.join(named)}{number}{place}"


def record_hash(key: str) -> str:
    """The opaque id of a record; empty for a key that names none."""
    return person_id(key) if key else ""


def item_difference(
    where: Where,
    what: What,
    key: ItemKey,
    person: str,
    entry: str,
    number: tuple[int, int],
    at: At,
) -> Difference:
    """What is wrong of one record item, at the entry and number where it stands or should."""
    epoch, seq = number
    topic, partition, offset = at
    return Difference(
        where=where,
        what=what,
        kind="entry",
        source=key.source,
        record=record_hash(key.record),
        person=person,
        section=key.section,
        entry=entry_digest(key.section, entry).hex(),
        epoch=epoch,
        seq=seq,
        topic=topic,
        partition=partition,
        offset=offset,
    )
