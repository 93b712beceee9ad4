"""What the pages ask of the central store: the seam between the pages and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dsn_consumers.web.rows import (
    AlarmRow,
    ChartRows,
    FoundRow,
    LedgerRow,
    Moved,
    QuarantineRow,
    SourceRow,
)
from dsn_consumers.web.search import Criteria
from dsn_consumers.web.statements import Statements

#: People shown for one search: more than a person compares by eye, fewer than a list of everybody.
PEOPLE_MAX = 50
#: Entries of one chart read at most; a chart of more is labelled as cut.
ENTRIES_MAX = 5_000
#: Rows of the quarantine page.
QUARANTINE_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who reads, as far as it is known."""

    #: The pages have no sign-in and listen on this machine only, so nobody is named.
    actor: str = "unidentified"
    role: str = "unidentified"
    establishment: str = ""
    purpose: str = "consultation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One thing the pages depend on."""

    name: str
    ok: bool
    #: Milliseconds it took to answer.
    ms: int


class Reader(Statements, Protocol):
    """Reads the views; a read of a person is traced before it is returned.

    Every method raises ``Unavailable``; those that read people also raise ``TraceRefused``.
    """

    def people(self, criteria: Criteria, actor: Actor) -> Sequence[FoundRow]:
        """People who answer a search, at most ``PEOPLE_MAX`` + 1."""

    def chart(self, person: str, actor: Actor) -> ChartRows | Moved | None:
        """A person's chart in one snapshot; where the person went; or nothing."""

    def sources(self) -> Sequence[SourceRow]:
        """How far every source is."""

    def ledger(self) -> Sequence[LedgerRow]:
        """The fates of every source's changes."""

    def quarantine(self) -> Sequence[QuarantineRow]:
        """What was set aside, at most ``QUARANTINE_MAX``."""

    def shape(self, topic: str, partition: int, offset: int) -> str | None:
        """The masked shape of one thing in quarantine; none when it is not there."""

    def alarms(self) -> Sequence[AlarmRow]:
        """What the watch raised at its last look; one row without a kind when nothing."""

    def health(self) -> Sequence[Health]:
        """Each dependency; never raises."""
