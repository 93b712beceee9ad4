"""What is collected of a run, by whoever ran it; plain values, so that anybody can collect it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dsn_schemas.records import RecordChange

#: Topic and partition.
Place = tuple[str, int]
#: Source, epoch, seq: the name of a change.
Number = tuple[str, int, int]


def number_of(change: RecordChange) -> Number:
    """The name of a change."""
    return (change.source, change.epoch, change.seq)


class Contributor(NamedTuple):
    """A change that an entry is made of."""

    #: ``authority|number``.
    record: str
    source: str
    item: str
    epoch: int
    seq: int


class Shown(NamedTuple):
    """An entry as a reader of ``dsn.entries`` or ``dsn.view`` sees it; deleted ones included."""

    person: str
    section: str
    entry: str
    #: The leading one first.
    contributors: tuple[Contributor, ...]


class JournalRecord(NamedTuple):
    """A committed record of a changes topic."""

    topic: str
    partition: int
    offset: int
    value: bytes
    #: ``None`` when its bytes are no change.
    change: RecordChange | None


class Quarantined(NamedTuple):
    """A row of ``dsn.quarantine``."""

    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    seq: int
    payload: bytes


class Audited(NamedTuple):
    """A row of ``dsn.audit``, in the order its hash covers, then the chain."""

    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    seq: int
    section: str
    op: str
    standing: int
    record_id: str
    item_digest: bytes
    content_digest: bytes
    #: Microseconds since 1970 UTC.
    captured_us: int
    stored_us: int
    previous_hash: bytes
    hash: bytes


class Counted(NamedTuple):
    """A row of ``dsn.ledger``."""

    source: str
    received: int
    shown: int
    superseded: int
    duplicate: int
    quarantined: int
    in_flight: int
    unexplained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run after everything was healed and drained."""

    #: Changes whose sender was told that they are safe. Jepsen's *ok*.
    acknowledged: Sequence[RecordChange]
    #: Changes that may have been taken: their sender heard nothing. Jepsen's *info*.
    possible: Sequence[RecordChange] = ()
    #: Every committed record of every changes topic.
    journal: Sequence[JournalRecord]
    #: What readers may see, deleted entries included.
    entries: Sequence[Shown]
    #: Person of each record, ``authority|number``.
    people: Mapping[str, str]
    quarantined: Sequence[Quarantined]
    #: In the order of topic, partition, offset.
    audited: Sequence[Audited]
    #: (source, epoch) -> everything up to this number is said to be readable.
    complete: Mapping[tuple[str, int], int]
    #: The books; empty when nobody kept any.
    ledger: Sequence[Counted] = ()
    #: False when confirmed records vanished from the journal: marks then vouch for what is gone.
    journal_whole: bool = True
    #: Where the journal was cut before everybody had read it, (topic, partition) -> its oldest offset
    #: then: what lies below was perhaps never audited, and is perhaps no longer there to compare.
    cut_at: Mapping[tuple[str, int], int] = field(default_factory=dict)
    #: What did not come to rest in time, in words.
    unfinished: Sequence[str] = field(default_factory=tuple)


class Violation(NamedTuple):
    """Something that must never be."""

    #: I1 to I10 of the invariants in ``invariants``.
    invariant: str
    #: What and where.
    what: str
