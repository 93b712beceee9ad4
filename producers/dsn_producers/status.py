"""What each source's outbox says, in the words of integration engineers."""

from __future__ import annotations

from dataclasses import dataclass

from dsn_producers import sources
from dsn_producers.health import health
from dsn_producers.limits import Limits
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile, path_of
from dsn_producers.sending import first_after
from dsn_producers.sources import Source
from dsn_schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One source as its establishment sees it; counts are since the epoch began."""

    source: str
    establishment: str
    epoch: int
    #: Messages acknowledged or kept, repeated ones included.
    messages: int
    #: Changes they made; received = queued + sent + duplicate while there is one epoch.
    received: int
    #: On disk, not yet confirmed by the journal.
    queued: int
    #: Confirmed by the journal.
    sent: int
    #: Said nothing new.
    duplicate: int
    #: Messages kept unmapped, with a reason.
    rejected: int
    #: Milliseconds since 1970 UTC; 0 before the first.
    last_message_at: int
    #: Age of the oldest change that waits, seconds; 0 when none waits.
    oldest_queued_s: float
    #: Changes that no receipt of the centre covers, of every epoch.
    unconfirmed: int
    #: Age of the oldest of them, seconds; 0 when there is none.
    oldest_unconfirmed_s: float
    #: Bytes of the outbox in use, and at which it refuses messages.
    outbox_bytes: int
    outbox_bytes_max: int
    #: Bytes free on its disk, and at which it refuses messages.
    disk_free_bytes: int
    disk_free_bytes_min: int


def status(settings: Settings, limits: Limits | None = None) -> list[SourceStatus]:
    """One row for each configured source; a source without an outbox has received nothing.

    Raises ``SourcesError``, ``OutboxUnusable``.
    """
    limits = limits or Limits()
    return [_status(settings, source, limits) for source in sources.load(settings.sources)]


def _status(settings: Settings, source: Source, limits: Limits) -> SourceStatus:
    path = path_of(settings, source.name)
    if not path.exists():
        return _nothing(source)
    file = OutboxFile(path, source=source.name, partitions=settings.partitions, durable=False)
    try:
        return _of_file(file, source, limits)
    finally:
        file.close()


def _of_file(file: OutboxFile, source: Source, limits: Limits) -> SourceStatus:
    epoch, sent = file.epoch, file.meta("sent")
    counters = file.counters(epoch)
    oldest = first_after(file, sent)
    earlier = sum(
        file.counters(e).numbered - (sent % EPOCH_SPAN if e == sent // EPOCH_SPAN else 0)
        for e in range(sent // EPOCH_SPAN, epoch)
    )
    said = health(file, limits)
    sent_now = sent % EPOCH_SPAN if sent // EPOCH_SPAN == epoch else 0
    return SourceStatus(
        source=source.name,
        establishment=source.establishment,
        epoch=epoch,
        messages=counters.messages,
        received=counters.received,
        queued=counters.numbered - sent_now + earlier,
        sent=sent_now,
        duplicate=counters.duplicate,
        rejected=counters.rejected,
        last_message_at=counters.taken_at,
        oldest_queued_s=_age_s(oldest),
        unconfirmed=said.unconfirmed,
        oldest_unconfirmed_s=_age_s(said.unconfirmed_since or None),
        outbox_bytes=said.outbox_bytes,
        outbox_bytes_max=said.outbox_bytes_max,
        disk_free_bytes=said.disk_free_bytes,
        disk_free_bytes_min=said.disk_free_bytes_min,
    )


def _age_s(captured_at: int | None) -> float:
    return 0.0 if captured_at is None else max(0, now_ms() - captured_at) / 1000


def _nothing(source: Source) -> SourceStatus:
    return SourceStatus(
        source=source.name,
        establishment=source.establishment,
        epoch=0,
        messages=0,
        received=0,
        queued=0,
        sent=0,
        duplicate=0,
        rejected=0,
        last_message_at=0,
        oldest_queued_s=0.0,
        unconfirmed=0,
        oldest_unconfirmed_s=0.0,
        outbox_bytes=0,
        outbox_bytes_max=0,
        disk_free_bytes=0,
        disk_free_bytes_min=0,
    )
