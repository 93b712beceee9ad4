"""Decisions as numbered changes: what is written for one, and when one is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dsn_schemas.decisions import PAIR_KINDS, STEWARD, field_item, pair_item
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.marks import mark_change
from dsn_schemas.records import (
    Actor,
    Demographics,
    IdentityClaim,
    Op,
    RecordChange,
    Section,
    SourceMark,
)

#: One journal, never made anew: the numbers of the stewards have one epoch.
EPOCH = 1


class Record(NamedTuple):
    """A record: its assigning authority and local number."""

    authority: str
    number: str

    @property
    def key(self) -> str:
        """Its key."""
        return record_key(self.authority, self.number)


class Refused(ValueError):
    """A decision that is none: about one record twice, of no kind, without a name or reason."""


class Conflict(RuntimeError):
    """Somebody decided about one of the records since they were looked at; says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a steward decided. About two records, or about one field of one record."""

    kind: str
    record: Record
    #: The other record; none for an override.
    other: Record | None = None
    #: Demographic field of an override, and its value; no value takes the override back.
    field: str = ""
    value: Demographics | None = None
    #: Who decided, and why.
    actor: str
    reason: str

    def __post_init__(self) -> None:
        """Raises ``Refused``."""
        if not self.actor.strip() or not self.reason.strip():
            raise Refused("a decision needs the name of who decided, and a reason")
        if self.other is None:
            if not self.field or self.kind not in ("override", "undo"):
                raise Refused("a decision is about two records, or about a field of one")
        elif self.kind not in PAIR_KINDS:
            raise Refused(f"{self.kind} is none of {', '.join(PAIR_KINDS)}")
        elif self.record.key == self.other.key:
            raise Refused("both are the same record")

    @property
    def records(self) -> tuple[str, ...]:
        """Keys of the records it is about, sorted."""
        found = [self.record.key] + ([self.other.key] if self.other else [])
        return tuple(sorted(found))


@dataclass(slots=True)
class Numbering:
    """How far the journal of decisions has come."""

    #: Last number of all, and of each partition.
    seq: int = 0
    heads: dict[int, int] = field(default_factory=dict)
    #: Number of the last change that names a record, by record key.
    versions: dict[str, int] = field(default_factory=dict)

    def take(self, change: RecordChange, partition: int) -> None:
        """Note a change of the journal, in any order."""
        self.seq = max(self.seq, change.seq)
        self.heads[partition] = max(self.heads.get(partition, 0), change.seq)
        for key in named(change):
            self.versions[key] = max(self.versions.get(key, 0), change.seq)

    def version(self, keys: Iterable[str]) -> int:
        """Number of the last change that names any of the records; 0 when there is none."""
        return max((self.versions.get(key, 0) for key in keys), default=0)


def named(change: RecordChange) -> Iterator[str]:
    """Keys of the records a change of the stewards names."""
    yield record_key(change.authority, change.number)
    claim = change.content
    if isinstance(claim, IdentityClaim) and claim.other_authority and claim.other_number:
        yield record_key(claim.other_authority, claim.other_number)


def written(
    decision: Decision, numbering: Numbering, expected: int | None, partitions: int, now_ms: int
) -> list[RecordChange]:
    """The changes of a decision under the next numbers; ``numbering`` moves on with them.

    Raises ``Conflict`` when the records were decided upon after the version ``expected``.
    """
    version = numbering.version(decision.records)
    if expected is not None and version != expected:
        raise Conflict(
            f"decision {version} was made about one of these records after {expected} was looked"
            " at: look again, then decide"
        )
    changes = []
    for record, section, item, op, content in _parts(decision):
        lane = partition_of(record.key, partitions)
        change = RecordChange(
            source=STEWARD,
            epoch=EPOCH,
            seq=numbering.seq + 1,
            previous=numbering.heads.get(lane, 0),
            authority=record.authority,
            number=record.number,
            section=section,
            item=item,
            entry="",
            op=op,
            status="",
            occurred_at=now_ms,
            captured_at=now_ms,
            content=content,
        )
        numbering.take(change, lane)
        changes.append(change)
    return changes


def marks(numbering: Numbering, partitions: int, now_ms: int) -> list[RecordChange]:
    """What every partition is told of how far the stewards have come, in order of partitions."""
    content = SourceMark(received=numbering.seq, duplicate=0, sent_at=now_ms)
    return [
        mark_change(STEWARD, EPOCH, numbering.seq, numbering.heads.get(lane, 0), content)
        for lane in range(partitions)
    ]


_Part = tuple[Record, Section, str, Op, IdentityClaim | Demographics | None]


def _parts(decision: Decision) -> Iterator[_Part]:
    actor = Actor(name=decision.actor.strip(), role="steward")
    reason = decision.reason.strip()
    if decision.other is not None:
        first, second = sorted((decision.record, decision.other), key=lambda one: one.key)
        claim = IdentityClaim(
            kind=decision.kind,
            other_authority=second.authority,
            other_number=second.number,
            actor=actor,
            reason=reason,
        )
        yield first, "claims", pair_item(*second), "upsert", claim
        return
    item = field_item(decision.field)
    op: Op = "delete" if decision.value is None else "upsert"
    yield decision.record, "demographics", item, op, decision.value
    kind = "undo" if decision.value is None else "override"
    said = IdentityClaim(kind=kind, actor=actor, reason=reason)
    yield decision.record, "claims", item, "upsert", said
