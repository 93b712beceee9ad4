"""I5: no read on the way was wrong.

A read is right when it is exactly what the prefix of view and links that its snapshot had read
shows: every contributor's record linked to that person in that very prefix. And a reader never goes
back: not in what it has read, nor in what it says it is complete to, as long as the store is the
same one (*timeline*: a standby promoted behind its primary begins another).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from dsn_deploy.proof.evidence import Number, Place, Shown, Violation, number_of
from dsn_deploy.proof.fold import person_of, rank
from dsn_schemas.records import RecordChange

#: Record, source, section, item.
Item = tuple[str, str, str, str]
#: Which of two changes of an item stands: the greater.
Rank = tuple[bool, int, int]
#: Less than any change.
NOTHING: Rank = (False, -1, -1)


class Read(NamedTuple):
    """What one reader was shown of one person, in one snapshot of the store."""

    reader: str
    #: Names the store; grows when a standby that lags is promoted.
    timeline: int
    person: str
    #: Next offset of the store consumer, by topic and partition, in the same snapshot.
    positions: Mapping[Place, int]
    #: Deleted entries included.
    entries: Sequence[Shown]
    #: What the page says: (source, epoch) -> complete up to this number.
    complete: Mapping[tuple[str, int], int]
    #: Records, ``authority|number``, that the page says are on their way to another person.
    moving: frozenset[str] = frozenset()


class ViewRecord(NamedTuple):
    """A committed record of ``dsn.view`` that is an entry."""

    offset: int
    key: bytes
    #: ``None`` when the entry was removed.
    entry: Shown | None


class LinkRecord(NamedTuple):
    """A committed record of ``dsn.identity.links``."""

    offset: int
    #: ``authority|number``.
    record: str
    person: str


@dataclass(frozen=True, slots=True)
class Past:
    """Everything the view and the links ever held, before any compaction, in offset order."""

    view: Mapping[Place, Sequence[ViewRecord]]
    links: Mapping[Place, Sequence[LinkRecord]]
    #: By timeline: records that compaction took away before the store had read them, as (topic,
    #: partition, offset). A later record of the same key is there: nothing is lost, but the prefix
    #: that the store has read does not hold them.
    skipped: Mapping[int, AbstractSet[tuple[str, int, int]]] = field(default_factory=dict)


def wrong(reads: Iterable[Read], past: Past) -> Iterator[Violation]:
    """Reads that showed anything but their prefix, or went back."""
    last: dict[tuple[str, int], Read] = {}
    for read in reads:
        expected = set(shown_at(past, read.person, read.positions, read.timeline))
        for entry in set(read.entries) ^ expected:
            which = "must not be shown" if entry in read.entries else "is missing"
            yield Violation("I5", f"{read.reader}: {'/'.join(entry[:3])} {which}")
        before = last.get((read.reader, read.timeline))
        if before is not None:
            yield from _back(before, read)
        last[read.reader, read.timeline] = read


def shown_at(
    past: Past, person: str, positions: Mapping[Place, int], timeline: int = 0
) -> Iterator[Shown]:
    """The entries of a person that the prefix of view and links shows."""
    skipped = past.skipped.get(timeline, frozenset())
    linked = {
        link.record: link.person
        for place, links in past.links.items()
        for link in links
        if link.offset < positions.get(place, 0) and (*place, link.offset) not in skipped
    }
    mine = person.encode() + b"|"
    newest: dict[bytes, Shown | None] = {}
    for place, records in past.view.items():
        end = positions.get(place, 0)
        for record in records:
            if record.offset >= end:
                break
            if record.key.startswith(mine) and (*place, record.offset) not in skipped:
                newest[record.key] = record.entry
    for entry in newest.values():
        if entry is not None and all(linked.get(c.record) == person for c in entry.contributors):
            yield entry


def mislabelled(
    reads: Iterable[Read], past: Past, journal: Iterable[RecordChange]
) -> Iterator[Violation]:
    """Reads that say they are complete to a number of which they do not contain everything.

    A change is contained when the prefix ever held its record item as that change left it, or as a
    later one did, shown or held back. Records on their way are said to be so, and one that a later
    link gives to another person is about to be.
    """
    numbered: dict[tuple[str, int], list[RecordChange]] = defaultdict(list)
    ranks: dict[Number, Rank] = {}
    for change in journal:
        if change.op != "mark" and change.section not in ("claims", "rejected"):
            numbered[change.source, change.epoch].append(change)
            ranks[number_of(change)] = rank(change)
    for read in reads:
        contained: Mapping[Item, Rank] | None = None
        for key, seq in read.complete.items():
            for change in numbered.get(key, ()) if seq else ():
                if contained is None:
                    contained = _contained(past, read.positions, ranks)
                    moving = read.moving | _moved_later(past, read.positions)
                record = f"{change.authority}|{change.number}"
                item = (record, change.source, change.section, change.item)
                held = contained.get(item, NOTHING) >= ranks[number_of(change)]
                if change.seq <= seq and not held and record not in moving:
                    yield Violation(
                        "I5", f"{read.reader} says complete to {seq} and lacks {number_of(change)}"
                    )


def _moved_later(past: Past, positions: Mapping[Place, int]) -> set[str]:
    """Records that a link behind the prefix gives to another person than they have in it."""
    people: dict[str, str] = {}
    found: set[str] = set()
    for place, links in past.links.items():
        for link in links:
            if link.offset < positions.get(place, 0):
                people[link.record] = link.person
            elif people.get(link.record, person_of(link.record)) != link.person:
                found.add(link.record)
    return found


def _contained(
    past: Past, positions: Mapping[Place, int], ranks: Mapping[Number, Rank]
) -> dict[Item, Rank]:
    """Of each record item the greatest change that the prefix of the view ever held."""
    found: dict[Item, Rank] = {}
    for place, records in past.view.items():
        for record in records:
            if record.offset >= positions.get(place, 0) or record.entry is None:
                continue
            for c in record.entry.contributors:
                item = (c.record, c.source, record.entry.section, c.item)
                held = ranks.get((c.source, c.epoch, c.seq), NOTHING)
                found[item] = max(held, found.get(item, NOTHING))
    return found


def _back(before: Read, after: Read) -> Iterator[Violation]:
    for place, at in before.positions.items():
        if after.positions.get(place, 0) < at:
            yield Violation("I5", f"{after.reader} went back on {place}: {at} to "
                            f"{after.positions.get(place, 0)}")  # fmt: skip
    for key, seq in before.complete.items():
        if after.complete.get(key, 0) < seq:
            yield Violation("I5", f"{after.reader} was complete to {seq} of {key}, then to "
                            f"{after.complete.get(key, 0)}")  # fmt: skip
