"""A source as large as one likes, for ``dsn bench``: typed changes, numbered, disturbed as in life.

The same arguments give the same changes on every machine. Memory grows by about ten bytes a person
and not with the number of changes; making one takes a few microseconds, because contents come from
a small pool and only demographics are made for each person.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from dsn_deploy.demo.contents import SLOTS, Slot, pool
from dsn_deploy.demo.crowd import PEOPLE_MAX, demographics
from dsn_schemas.keys import murmur2, record_key
from dsn_schemas.records import RecordChange

#: A change that is out of order arrives up to this many changes late.
LATE_MAX = 1_000
#: Duplicates repeat one of this many changes sent last.
REPEATED_MAX = 4_096
#: Clock of the first change, milliseconds: 2026-09-01T00:00Z.
BEGIN_MS = 1_788_220_800_000
#: Between two changes, milliseconds.
STEP_MS = 20
#: Share of changes that bring a known person's demographics again.
_DEMOGRAPHICS = 0.05

_UNKNOWN = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the source is like."""

    #: Records that changes speak of, each of another person.
    people: int
    seed: int
    partitions: int = 4
    source: str = "bench-adt"
    authority: str = "BENCH"
    #: Share of changes that repeat an earlier one, numbers and all.
    duplicates: float = 0.10
    #: Share of changes that arrive after later ones.
    out_of_order: float = 0.05
    #: Share of changes that delete an item.
    deletes: float = 0.03
    #: About this many bytes of encoded content each.
    content_bytes: int = 300


def record_changes(
    people: int,
    changes: int,
    seed: int,
    *,
    duplicates: float = 0.10,
    out_of_order: float = 0.05,
    deletes: float = 0.03,
    content_bytes: int = 300,
    partitions: int = 4,
    source: str = "bench-adt",
    authority: str = "BENCH",
) -> Iterator[RecordChange]:
    """Exactly ``changes`` changes of ``people`` records, in the order of their arrival.

    The first number of every record is its demographics, with a valid NAM of its own; another
    ``source`` and ``authority`` with as many people is a second establishment that knows the same
    people. ``previous`` chains each partition in the order of numbers, whatever the order of
    arrival. Raises ``ValueError`` when a figure makes no sense.
    """
    load = Load(
        people=people,
        seed=seed,
        partitions=partitions,
        source=source,
        authority=authority,
        duplicates=duplicates,
        out_of_order=out_of_order,
        deletes=deletes,
        content_bytes=content_bytes,
    )
    _check(load, changes)
    return _disturbed(numbered(load), changes, load)


def numbered(load: Load) -> Iterator[RecordChange]:
    """The changes as the source numbers them: without end, in order, each once."""
    chance = Random(f"dsn-bench:{load.seed}").random
    contents = pool(load.content_bytes)
    partition = _Partitions(load)
    introduced = bytearray(load.people)
    alive = array("L", bytes(array("L").itemsize * load.people))
    last = [0] * load.partitions
    owed, seq, slot_count = 0.0, 0, len(SLOTS)
    while True:
        seq += 1
        owed += load.deletes
        person = int(chance() * load.people)
        lane = partition.of(person)
        previous, last[lane] = last[lane], seq
        if not introduced[person] or chance() < _DEMOGRAPHICS:
            introduced[person] = 1
            yield _demographics(load, seq, previous, person)
            continue
        if owed >= 1.0 and alive[person]:
            owed -= 1.0
            bit = alive[person] & -alive[person]
            alive[person] ^= bit
            yield _change(load, seq, previous, person, SLOTS[bit.bit_length() - 1], None)
            continue
        at = int(chance() * slot_count)
        alive[person] |= 1 << at
        variants = contents[at]
        content = variants[int(chance() * len(variants))]
        yield _change(load, seq, previous, person, SLOTS[at], content)


class _Partitions:
    """The partition of each record, hashed once: a byte a person instead of 5 µs a change."""

    def __init__(self, load: Load) -> None:
        self._authority, self._partitions = load.authority, load.partitions
        self._known = bytearray([_UNKNOWN]) * load.people

    def of(self, person: int) -> int:
        known = self._known[person]
        if known == _UNKNOWN:
            key = record_key(self._authority, _number(person)).encode()
            known = self._known[person] = (murmur2(key) & 0x7FFFFFFF) % self._partitions
        return known


def _disturbed(ordered: Iterator[RecordChange], changes: int, load: Load) -> Iterator[RecordChange]:
    """The changes with some sent twice and some late; exactly ``changes``, none held back."""
    chance = Random(f"dsn-bench:{load.seed}:disturbed").random
    late: list[tuple[int, int, RecordChange]] = []
    recent: list[RecordChange] = []
    sent = 0
    while sent + len(late) < changes:
        if late and late[0][0] <= sent:
            change = heapq.heappop(late)[2]
        elif recent and chance() < load.duplicates:
            yield recent[int(chance() * len(recent))]
            sent += 1
            continue
        else:
            change = next(ordered)
            if chance() < load.out_of_order:
                due = sent + 1 + int(chance() * LATE_MAX)
                heapq.heappush(late, (due, change.seq, change))
                continue
        if len(recent) < REPEATED_MAX:
            recent.append(change)
        else:
            recent[sent % REPEATED_MAX] = change
        yield change
        sent += 1
    yield from (heapq.heappop(late)[2] for _ in range(len(late)))


def _change(
    load: Load, seq: int, previous: int, person: int, slot: Slot, content: object
) -> RecordChange:
    at = BEGIN_MS + seq * STEP_MS
    return RecordChange(
        source=load.source,
        epoch=1,
        seq=seq,
        previous=previous,
        authority=load.authority,
        number=_number(person),
        section=slot.section,
        item=slot.item,
        entry=slot.entry,
        op="delete" if content is None else "upsert",
        status="entered-in-error" if content is None else slot.status,
        occurred_at=at - 60_000,
        captured_at=at,
        content=content,  # type: ignore[arg-type] # the pool holds contents and nothing else
    )


def _demographics(load: Load, seq: int, previous: int, person: int) -> RecordChange:
    at = BEGIN_MS + seq * STEP_MS
    return RecordChange(
        source=load.source,
        epoch=1,
        seq=seq,
        previous=previous,
        authority=load.authority,
        number=_number(person),
        section="demographics",
        item="patient",
        entry="",
        op="upsert",
        status="",
        occurred_at=at - 60_000,
        captured_at=at,
        content=demographics(person, load.authority, _number(person), seq),
    )


def _number(person: int) -> str:
    return f"{person:08d}"


def _check(load: Load, changes: int) -> None:
    shares = (load.duplicates, load.out_of_order, load.deletes)
    if not 1 <= load.people <= PEOPLE_MAX or changes < 0:
        raise ValueError(f"{load.people} people, {changes} changes: 1 to {PEOPLE_MAX} people")
    if not all(0 <= share <= 0.5 for share in shares) or load.content_bytes < 0:
        raise ValueError("duplicates, out_of_order and deletes are shares from 0 to 0.5")
    if not 1 <= load.partitions < _UNKNOWN:
        raise ValueError(f"{load.partitions} partitions: 1 to {_UNKNOWN - 1}")
