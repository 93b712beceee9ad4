"""What is known of the system at one moment, and what counts as too much of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MINUTE, _HOUR = 60.0, 3600.0


class Thresholds(BaseSettings):
    """When a fact becomes an alarm: each a setting (``DSN_ALARM_…``)."""

    model_config = SettingsConfigDict(env_prefix="DSN_ALARM_", frozen=True)

    #: Nothing new from a source for so long, s: a small clinic is quiet at night.
    silent_s: float = Field(default=12 * _HOUR, gt=0)
    #: Its edge itself not heard for so long, s: it tells how far it is every few seconds.
    unheard_s: float = Field(default=5 * _MINUTE, gt=0)
    #: Part of its usual changes of the hour below which a source is asked about.
    volume_min: float = Field(default=0.3, ge=0, le=1)
    #: Usual changes of the hour below which nothing is concluded.
    volume_usual_min: int = Field(default=50, ge=1)
    #: Hours of the same time of day that must be known before anything is usual.
    volume_hours_min: int = Field(default=5, ge=1)
    #: Edge clock ahead of or behind the centre's, s.
    skew_s: float = Field(default=60.0, gt=0)
    #: Part of a disk, or of an outbox's quota, in use: there is still time to act.
    disk_used: float = Field(default=0.7, gt=0, le=1)
    #: The same, when it is late.
    disk_used_error: float = Field(default=0.9, gt=0, le=1)
    #: Days a certificate is still good.
    certificate_days: float = Field(default=14.0, gt=0)
    certificate_days_error: float = Field(default=3.0, gt=0)
    #: Records a consumer or the streams have not read.
    lag_records: int = Field(default=20_000, ge=1)
    lag_records_error: int = Field(default=500_000, ge=1)
    #: A hole in the numbers, s: its outbox is asked within seconds.
    gap_s: float = Field(default=5 * _MINUTE, gt=0)
    #: Something open in quarantine, s.
    quarantine_s: float = Field(default=24 * _HOUR, gt=0)
    #: Things open in quarantine of one source: a storm.
    quarantine_max: int = Field(default=100, ge=1)
    #: A retry without an outcome, s.
    retry_s: float = Field(default=15 * _MINUTE, gt=0)
    #: The oldest change that no receipt covers, s, while its edge is heard.
    receipt_s: float = Field(default=10 * _MINUTE, gt=0)
    #: The same, when its edge is not heard either or it waits for hours.
    outbox_s: float = Field(default=4 * _HOUR, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """One source, as the centre knows it."""

    source: str
    #: Edge clock of the newest change, and the centre's clock when its edge was last heard.
    last_change_at: datetime | None = None
    heard_at: datetime | None = None
    #: Edge clock minus the centre's at that moment, s; ``None``: not known, or the audit is behind.
    skew_s: float | None = None
    #: Changes of the last full hour, and of the same hour of days before.
    volume: int | None = None
    volumes_before: tuple[int, ...] = ()
    #: Edge clock of the oldest change no receipt covers.
    unconfirmed: int = 0
    unconfirmed_since: datetime | None = None
    #: Bytes in use and allowed, as its edge told; 0: not told.
    outbox_bytes: int = 0
    outbox_bytes_max: int = 0
    disk_free_bytes: int = 0
    disk_free_bytes_min: int = 0
    #: Open holes, and when the oldest was noticed.
    gaps: int = 0
    gap_since: datetime | None = None
    #: Changes nobody can account for; ``None``: the books were not counted.
    unexplained: int | None = None
    #: Open in quarantine, the oldest of them, and retries without an outcome.
    quarantined: int = 0
    quarantined_since: datetime | None = None
    retrying_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFacts:
    """One disk of this machine."""

    #: What is on it: data, outbox, a path.
    name: str
    used: float
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """One certificate file."""

    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LagFacts:
    """How far a reader is behind what it reads."""

    #: streams, identity, store, audit.
    reader: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything, at one moment. A part that could not be asked is empty and named in ``away``."""

    now: datetime
    sources: tuple[SourceFacts, ...] = ()
    disks: tuple[DiskFacts, ...] = ()
    certificates: tuple[CertificateFacts, ...] = ()
    lags: tuple[LagFacts, ...] = ()
    #: kafka, registry, database: what does not answer.
    away: tuple[str, ...] = ()
    #: Services that should run here and do not.
    down: tuple[str, ...] = ()
