"""A mark as a record of the journal: how far a source has come, told to one partition."""

from __future__ import annotations

from dsn_schemas.records import RecordChange, SourceMark


def mark_change(
    source: str, epoch: int, seq: int, previous: int, content: SourceMark
) -> RecordChange:
    """The mark up to ``seq`` for the partition whose last number is ``previous``."""
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
        occurred_at=content.sent_at,
        captured_at=content.sent_at,
        content=content,
    )
