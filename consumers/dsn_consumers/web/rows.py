"""Rows of the views of schema ``dsn``, typed: what the shell hands to the pure modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dsn_consumers.quarantine.classes import Class, class_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A local record that makes up a person, as one source speaks of it."""

    source: str
    authority: str
    number: str
    #: False while entries of the record are still on their way to this person.
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorRow:
    """A record item behind an entry."""

    source: str
    authority: str
    number: str
    item: str
    epoch: int
    seq: int
    op: str
    status: str
    occurred_at: datetime | None
    captured_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementRow:
    """One of several values given for one field of an entry."""

    field: str
    #: In the shape it has in the content.
    value: object
    #: Positions in the entry's ``contributors``.
    contributors: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One visible entry of a person's chart."""

    section: str
    entry: str
    status: str
    #: Record type of the content: Allergy, SectionStatement...
    content_type: str
    #: The content as the view holds it.
    content: Mapping[str, object] | None
    #: The leading one first.
    contributors: tuple[ContributorRow, ...]
    as_of: datetime
    #: Fields the contributors disagree on, and ``none-known-contradicted``.
    conflict: tuple[str, ...]
    #: For demographics: positions in ``contributors`` of who said each field.
    origins: Mapping[str, tuple[int, ...]]
    #: Every value of each field in ``conflict`` but the status.
    disagreements: tuple[DisagreementRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """How far one source is, and what became of what it sent."""

    source: str
    epoch: int
    #: Newest number the source has given out, as far as the centre heard.
    seq_published: int
    #: Everything up to this number is in the charts or in quarantine.
    seq_complete: int
    #: Edge clock at ``seq_complete``; none before the first.
    as_of: datetime | None
    #: Edge clock of the newest change and of the newest mark.
    last_change_at: datetime | None
    last_heard_at: datetime | None
    received: int
    #: Of those, not in the journal yet.
    queued: int
    #: In the centre's audit log, each once.
    stored: int
    #: Messages the establishment side refused (AE, AR).
    errored: int
    #: Set aside by any stage, the errored ones included.
    quarantined: int
    duplicate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """Fates of the changes of one source."""

    source: str
    received: int
    shown: int
    superseded: int
    duplicate: int
    quarantined: int
    in_flight: int
    unexplained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm of the last look; without a kind when there was none."""

    kind: str | None
    level: str | None
    subject: str | None
    measure_fr: str | None
    measure_en: str | None
    since: datetime | None
    looked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """Something set aside; never its payload."""

    source: str
    epoch: int
    seq: int
    stage: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    captured_at: datetime | None
    #: How many share source, stage and reason.
    alike: int
    #: open, in-retry or abandoned.
    state: str
    #: Whom it was assigned to; empty: whoever owns its class.
    owner: str
    retries: int
    acted_by: str | None
    acted_why: str | None
    #: Open of the source, and the oldest of them.
    open_of_source: int
    open_since: datetime | None

    @property
    def kind(self) -> tuple[str, str]:
        """By what rows of one source are grouped."""
        return self.stage, self.reason

    @property
    def class_(self) -> Class:
        """Its class: whose it is, and what to do."""
        return class_of(self.reason, self.stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRow:
    """A person who answers a search."""

    person: str
    demographics: Mapping[str, object]
    records: int
    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRows:
    """Everything one chart is made of, read in one snapshot."""

    person: str
    records: tuple[RecordRow, ...]
    entries: tuple[EntryRow, ...]
    sources: tuple[SourceRow, ...]
    #: More entries exist than were read.
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The id was given to a record that belongs to another person now."""

    person: str
