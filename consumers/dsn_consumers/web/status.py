"""The status page: what is down, what waits, what is unexplained. Pure; never a wrong green.

Whatever is not known is said to be unknown: a page that cannot ask the database shows no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from dsn_consumers.web.freshness import Freshness, SourceState, late, source_state
from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.rows import LedgerRow, SourceRow


class Light(Enum):
    """How much attention a line wants."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of the system, in words."""

    name: Label
    words: Label
    light: Light


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source, its counts in the words of integration engineers."""

    row: SourceRow
    state: SourceState
    light: Light
    #: Arrived at the centre, or known there already.
    sent: int
    #: Set aside at the centre; what the establishment refused is counted as errored.
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything the status page prints."""

    lines: tuple[Line, ...]
    #: None: not known.
    sources: tuple[SourceLine, ...] | None
    #: None: not known.
    ledger: tuple[LedgerRow, ...] | None
    verdict: Light
    headline: Label


def build(
    sources: Sequence[SourceRow] | None, ledger: Sequence[LedgerRow] | None, now: datetime
) -> Status:
    """The status on ``now``; ``None`` for what could not be asked."""
    lines = (_database(sources), _streams(sources), _ledger(sources, ledger))
    rows = None if sources is None else tuple(_source(row, now) for row in sources)
    verdict = _worst([*(line.light for line in lines), *(row.light for row in rows or ())])
    return Status(
        lines=lines,
        sources=rows,
        ledger=None if ledger is None else tuple(ledger),
        verdict=verdict,
        headline=_headline(sources, verdict),
    )


def _headline(sources: Sequence[SourceRow] | None, verdict: Light) -> Label:
    if sources is None:
        return LABELS["status.database.down"]
    if not sources:
        return LABELS["status.no_sources"]
    return LABELS["status.all_good" if verdict is Light.GOOD else "status.attention"]


def _database(sources: Sequence[SourceRow] | None) -> Line:
    name = LABELS["status.database"]
    if sources is None:
        return Line(name=name, words=LABELS["status.database.short"], light=Light.BAD)
    return Line(name=name, words=LABELS["status.database.ok"], light=Light.GOOD)


def _streams(sources: Sequence[SourceRow] | None) -> Line:
    name = LABELS["status.streams"]
    if not sources:
        return Line(name=name, words=LABELS["status.unknown"], light=Light.UNKNOWN)
    waiting = sum(map(late, sources))
    if waiting:
        words = LABELS["status.streams.late"].with_values(count=waiting)
        return Line(name=name, words=words, light=Light.ATTENTION)
    return Line(name=name, words=LABELS["status.streams.ok"], light=Light.GOOD)


def _ledger(sources: Sequence[SourceRow] | None, ledger: Sequence[LedgerRow] | None) -> Line:
    name = LABELS["status.ledger"]
    if not sources or not ledger:
        return Line(name=name, words=LABELS["status.unknown"], light=Light.UNKNOWN)
    unexplained = sum(abs(row.unexplained) for row in ledger)
    if unexplained:
        words = LABELS["status.ledger.unbalanced"].with_values(count=unexplained)
        return Line(name=name, words=words, light=Light.BAD)
    return Line(name=name, words=LABELS["status.ledger.balanced"], light=Light.GOOD)


def _source(row: SourceRow, now: datetime) -> SourceLine:
    state = source_state(row, now)
    current = state.freshness is Freshness.CURRENT
    return SourceLine(
        row=row,
        state=state,
        light=Light.GOOD if current else Light.ATTENTION,
        sent=row.stored + row.duplicate,
        quarantined=max(0, row.quarantined - row.errored),
    )


def _worst(lights: Sequence[Light]) -> Light:
    for light in (Light.BAD, Light.ATTENTION, Light.UNKNOWN):
        if light in lights:
            return light
    return Light.GOOD
