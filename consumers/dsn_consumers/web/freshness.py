"""Is a source current, behind, silent, or not heard of? Nothing is called current without proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from dsn_consumers.web.dates import instant_words, span_words
from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.rows import SourceRow
from dsn_schemas.decisions import STEWARD

#: A hospital's ADT feed speaks every few minutes, day and night; an hour without a sign is worth
#: a sentence, and says nothing worse.
SILENT_AFTER = timedelta(hours=1)


class Freshness(Enum):
    """What is known of a source."""

    CURRENT = "current"  # complete up to its newest number, heard of lately
    BEHIND = "behind"  # newer changes were received than are shown
    SILENT = "silent"  # complete, but not heard of for a while
    NOTHING = "nothing"  # nothing complete yet


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One source as the pages describe it."""

    source: str
    freshness: Freshness
    #: The state in a word.
    word: Label
    #: Complete up to which number, as of when.
    complete: Label
    seq_complete: int
    as_of: datetime | None
    last_change_at: datetime | None
    #: A plain warning; none when current.
    warning: Label | None


def source_state(row: SourceRow, now: datetime) -> SourceState:
    """Describe one source on ``now``."""
    freshness = _freshness(row, now)
    return SourceState(
        source=row.source,
        freshness=freshness,
        word=LABELS[f"fresh.{freshness.value}"],
        complete=_complete(row),
        seq_complete=row.seq_complete,
        as_of=row.as_of,
        last_change_at=row.last_change_at,
        warning=_warning(row, freshness, now),
    )


def states_of(
    names: Iterable[str], rows: Iterable[SourceRow], now: datetime
) -> tuple[SourceState, ...]:
    """The state of each named source; one nobody has a row for has nothing complete."""
    known = {row.source: row for row in rows}
    return tuple(
        source_state(known.get(name) or _unheard(name), now) for name in sorted(set(names))
    )


def _unheard(name: str) -> SourceRow:
    return SourceRow(
        source=name,
        epoch=0,
        seq_published=0,
        seq_complete=0,
        as_of=None,
        last_change_at=None,
        last_heard_at=None,
        received=0,
        queued=0,
        stored=0,
        errored=0,
        quarantined=0,
        duplicate=0,
    )


def late(row: SourceRow) -> int:
    """Changes of the source that are known of and not in the charts yet."""
    return max(0, row.seq_published - row.seq_complete) + row.queued


def _freshness(row: SourceRow, now: datetime) -> Freshness:
    if late(row):
        return Freshness.BEHIND
    if row.seq_complete <= 0 or row.as_of is None:
        return Freshness.NOTHING
    # Stewards say something when there is something to decide: their silence is no trouble.
    if row.source != STEWARD and now - (row.last_heard_at or row.as_of) > SILENT_AFTER:
        return Freshness.SILENT
    return Freshness.CURRENT


def _complete(row: SourceRow) -> Label:
    if row.seq_complete <= 0 or row.as_of is None:
        return LABELS["chart.complete.none"]
    return LABELS["chart.complete"].with_values(
        number=row.seq_complete, at=instant_words(row.as_of)
    )


def _warning(row: SourceRow, freshness: Freshness, now: datetime) -> Label | None:
    if freshness is Freshness.CURRENT:
        return None
    heard = row.last_heard_at or row.as_of
    return LABELS[f"fresh.{freshness.value}.note"].with_values(
        source=row.source, count=late(row), age=span_words(now - heard) if heard else ""
    )
