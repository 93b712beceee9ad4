"""A mark as a record of the journal: how far a source has come, told to one partition."""

from __future__ import annotations

from dataclasses import replace

from dsn_schemas.records import RecordChange, SourceMark


def mark_change(
    source: str, epoch: int, seq: int, previous: int, content: SourceMark
) -> RecordChange:
    """The mark up to ``seq`` for the partition whose last number is ``previous``."""
    return replace(bare_mark(source, epoch, seq, previous, content.sent_at), content=content)


def bare_mark(source: str, epoch: int, seq: int, previous: int, at: int) -> RecordChange:
    """The same without counts, at an instant of the edge's clock (ms)."""
    return RecordChange(
        source=source,
        epoch=epoch,
        seq=seq,
        previous=previous,
        authority="",
        number="",
        section="marks",
        item="",
        entry="",
        op="mark",
        status="",
        occurred_at=at,
        captured_at=at,
        content=None,
    )
