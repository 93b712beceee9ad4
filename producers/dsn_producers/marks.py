"""When, and what, a source tells every partition about how far it has come.

A partition with no traffic would say nothing for hours, and nobody could tell a quiet source from
a lost one.
"""

from __future__ import annotations

from dsn_producers.health import Health
from dsn_producers.outbox_file import Counters
from dsn_schemas.marks import mark_change
from dsn_schemas.records import RecordChange, SourceMark

#: Seconds between two marks while something is new and nothing is on its way.
MARK_S_MIN = 0.25
#: Seconds after which the forwarder lets what is on its way arrive, to be able to mark.
MARK_S_MAX = 1.0
#: Seconds between two marks of a source that says nothing: its *as of* moves all the same.
IDLE_S = 5.0

#: Epoch, highest number written, and what was counted.
Progress = tuple[int, int, Counters]


class Marks:
    """Decides when marks are due; ``now`` is monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._at = now - IDLE_S
        self._told: Progress | None = None

    def due(self, now: float, progress: Progress, *, last: bool = False) -> bool:
        """Whether to mark now; when so, ``progress`` counts as told. ``last``: it cannot wait."""
        pause_s = IDLE_S
        if progress != self._told:
            pause_s = 0 if last else MARK_S_MIN
        if now - self._at < pause_s:
            return False
        self._at = now
        self._told = progress
        return True

    def forced(self, now: float) -> bool:
        """Whether the last marks are so old that nothing more should be put before the next."""
        return now - self._at >= MARK_S_MAX

    def told(self, seq: int) -> bool:
        """Whether the last marks said this number."""
        return self._told is not None and self._told[1] == seq


def mark_of(
    source: str,
    epoch: int,
    seq: int,
    *,
    previous: int,
    counters: Counters,
    health: Health,
    now_ms: int,
) -> RecordChange:
    """The mark for one partition, whose last number is ``previous``."""
    content = SourceMark(
        received=counters.received,
        duplicate=counters.duplicate,
        sent_at=now_ms,
        unconfirmed=health.unconfirmed,
        unconfirmed_since=health.unconfirmed_since,
        outbox_bytes=health.outbox_bytes,
        outbox_bytes_max=health.outbox_bytes_max,
        disk_free_bytes=health.disk_free_bytes,
        disk_free_bytes_min=health.disk_free_bytes_min,
    )
    return mark_change(source, epoch, seq, previous, content)
