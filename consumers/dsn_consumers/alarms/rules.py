"""From facts to alarms. Pure: ``now`` is one of the facts.

A part that could not be asked raises its own alarm and no other: a database that is away makes no
source silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from statistics import median

from dsn_consumers.alarms import kinds
from dsn_consumers.alarms.facts import Facts, LagFacts, SourceFacts, Thresholds
from dsn_consumers.alarms.kinds import Kind
from dsn_consumers.bilingual import Words


class Level(Enum):
    """How much it matters."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is not as it should be."""

    kind: Kind
    level: Level
    #: Source, reader, disk, certificate, neighbour or service it is about.
    subject: str
    #: How much, in words.
    measure: Words
    since: datetime | None = None


_READERS = {
    "streams": kinds.STREAMS_BEHIND,
    "identity": kinds.IDENTITY_BEHIND,
    "store": kinds.STORE_BEHIND,
    "audit": kinds.AUDIT_BEHIND,
}
_AWAY = {
    "kafka": kinds.KAFKA_DOWN,
    "registry": kinds.REGISTRY_DOWN,
    "database": kinds.DATABASE_DOWN,
}


def raised(facts: Facts, limits: Thresholds) -> list[Alarm]:
    """What is to be said now, the worst first."""
    found = [
        *_neighbours(facts),
        *(alarm for lag in facts.lags for alarm in _lag(lag, limits)),
        *(alarm for one in facts.sources for alarm in _source(one, facts.now, limits)),
        *_machine(facts, limits),
    ]
    order = {kind.name: place for place, kind in enumerate(kinds.KINDS)}
    return sorted(found, key=lambda a: (a.level is not Level.ERROR, order[a.kind.name], a.subject))


def _neighbours(facts: Facts) -> Iterator[Alarm]:
    for name in facts.away:
        level = Level.WARNING if name == "registry" else Level.ERROR
        yield Alarm(
            kind=_AWAY[name],
            level=level,
            subject=name,
            measure=Words("ne répond pas", "does not answer"),
        )
    for name in facts.down:
        words = Words("ne tourne pas", "does not run")
        yield Alarm(kind=kinds.SERVICE_DOWN, level=Level.ERROR, subject=name, measure=words)


def _lag(lag: LagFacts, limits: Thresholds) -> Iterator[Alarm]:
    if lag.records >= limits.lag_records:
        late = lag.records >= limits.lag_records_error
        yield Alarm(
            kind=_READERS[lag.reader],
            level=Level.ERROR if late else Level.WARNING,
            subject=lag.reader,
            measure=Words(
                f"{lag.records} enregistrements à lire", f"{lag.records} records to be read"
            ),
        )


def _source(one: SourceFacts, now: datetime, limits: Thresholds) -> Iterator[Alarm]:
    yield from _speech(one, now, limits)
    yield from _clock(one, limits)
    yield from _outbox(one, now, limits)
    yield from _books(one, now, limits)
    yield from _quarantine(one, now, limits)


def _speech(one: SourceFacts, now: datetime, limits: Thresholds) -> Iterator[Alarm]:
    if one.heard_at is not None and _age_s(one.heard_at, now) >= limits.unheard_s:
        yield _aged(kinds.SOURCE_SILENT, Level.ERROR, one.source, one.heard_at, now)
    elif one.last_change_at is not None and _age_s(one.last_change_at, now) >= limits.silent_s:
        yield _aged(kinds.SOURCE_SILENT, Level.WARNING, one.source, one.last_change_at, now)
    known = len(one.volumes_before) >= limits.volume_hours_min
    if one.volume is not None and known:
        usual = median(one.volumes_before)
        if usual >= limits.volume_usual_min and one.volume < limits.volume_min * usual:
            yield Alarm(
                kind=kinds.VOLUME_LOW,
                level=Level.WARNING,
                subject=one.source,
                measure=Words(
                    f"{one.volume} changements dans l’heure, {usual:.0f} d’habitude",
                    f"{one.volume} changes in the hour, {usual:.0f} usually",
                ),
            )


def _clock(one: SourceFacts, limits: Thresholds) -> Iterator[Alarm]:
    if one.skew_s is not None and abs(one.skew_s) >= limits.skew_s:
        ahead = one.skew_s > 0
        by = f"{abs(one.skew_s):.0f} s"
        words = Words(
            f"{'en avance' if ahead else 'en retard'} de {by}",
            f"{'ahead' if ahead else 'behind'} by {by}",
        )
        yield Alarm(kind=kinds.CLOCK_SKEW, level=Level.WARNING, subject=one.source, measure=words)


def _outbox(one: SourceFacts, now: datetime, limits: Thresholds) -> Iterator[Alarm]:
    full = one.outbox_bytes / one.outbox_bytes_max if one.outbox_bytes_max else 0.0
    short = 0 < one.disk_free_bytes < 2 * one.disk_free_bytes_min
    if full >= limits.disk_used or short:
        words = (
            Words("disque presque plein", "disk nearly full")
            if short
            else Words(f"pleine à {full:.0%}", f"{full:.0%} full")
        )
        late = short or full >= limits.disk_used_error
        yield Alarm(
            kind=kinds.OUTBOX_FULL,
            level=Level.ERROR if late else Level.WARNING,
            subject=one.source,
            measure=words,
        )
    if one.unconfirmed_since is None:
        return
    age_s = _age_s(one.unconfirmed_since, now)
    if age_s >= limits.outbox_s:
        yield _aged(kinds.OUTBOX_OLD, Level.ERROR, one.source, one.unconfirmed_since, now)
    elif age_s >= limits.receipt_s:
        yield _aged(kinds.RECEIPTS_LATE, Level.WARNING, one.source, one.unconfirmed_since, now)


def _books(one: SourceFacts, now: datetime, limits: Thresholds) -> Iterator[Alarm]:
    if one.gap_since is not None and _age_s(one.gap_since, now) >= limits.gap_s:
        yield Alarm(
            kind=kinds.GAPS,
            level=Level.ERROR,
            subject=one.source,
            measure=Words(f"{one.gaps} trous", f"{one.gaps} holes"),
            since=one.gap_since,
        )
    if one.unexplained:
        yield Alarm(
            kind=kinds.UNEXPLAINED,
            level=Level.ERROR,
            subject=one.source,
            measure=Words(f"{one.unexplained} changements", f"{one.unexplained} changes"),
        )


def _quarantine(one: SourceFacts, now: datetime, limits: Thresholds) -> Iterator[Alarm]:
    old = one.quarantined_since is not None and (
        _age_s(one.quarantined_since, now) >= limits.quarantine_s
    )
    stuck = one.retrying_since is not None and (_age_s(one.retrying_since, now) >= limits.retry_s)
    storm = one.quarantined >= limits.quarantine_max
    if old or storm or stuck:
        words = Words(f"{one.quarantined} à traiter", f"{one.quarantined} open")
        if stuck and not old and not storm:
            words = Words("relance sans résultat", "retry without an outcome")
        yield Alarm(
            kind=kinds.QUARANTINE,
            level=Level.ERROR if storm else Level.WARNING,
            subject=one.source,
            measure=words,
            since=one.quarantined_since or one.retrying_since,
        )


def _machine(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for disk in facts.disks:
        if disk.used >= limits.disk_used:
            free = f"{disk.free_bytes / (1 << 30):.1f}"
            yield Alarm(
                kind=kinds.DISK_FULL,
                level=Level.ERROR if disk.used >= limits.disk_used_error else Level.WARNING,
                subject=disk.name,
                measure=Words(
                    f"plein à {disk.used:.0%}, {free} Gio libres",
                    f"{disk.used:.0%} full, {free} GiB free",
                ),
            )
    for one in facts.certificates:
        days = (one.expires_at - facts.now).total_seconds() / 86_400
        if days <= limits.certificate_days:
            words = Words(f"échoit dans {days:.0f} jours", f"expires in {days:.0f} days")
            if days <= 0:
                words = Words("échu", "expired")
            yield Alarm(
                kind=kinds.CERTIFICATE,
                level=Level.ERROR if days <= limits.certificate_days_error else Level.WARNING,
                subject=one.name,
                measure=words,
                since=one.expires_at if days <= 0 else None,
            )


def _aged(kind: Kind, level: Level, subject: str, since: datetime, now: datetime) -> Alarm:
    hours, minutes = divmod(int(_age_s(since, now)) // 60, 60)
    said = f"{hours} h {minutes:02d}" if hours else f"{minutes} min"
    words = Words(f"depuis {said}", f"for {said}")
    return Alarm(kind=kind, level=level, subject=subject, measure=words, since=since)


def _age_s(at: datetime, now: datetime) -> float:
    return (now - at).total_seconds()
