"""The alarms of the status page, from what the watch wrote at its last look. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dsn_consumers.alarms.kinds import BY_NAME
from dsn_consumers.bilingual import Words
from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.rows import AlarmRow

#: A look older than this says nothing of now.
OLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """One alarm, in words."""

    #: error or warning.
    level: str
    title: Words
    subject: str
    measure: Words
    consequence: Words
    next_step: Words
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the last look found."""

    #: Why it says little: nobody looked yet, or not for long; none when it is of now.
    doubt: Label | None
    alarms: tuple[AlarmLine, ...]
    looked_at: datetime | None


def build(rows: Sequence[AlarmRow] | None, now: datetime) -> Watch:
    """The alarms to show; ``rows`` is none while the database is away."""
    if not rows:
        key = "alarm.never" if rows is not None else "status.unknown.note"
        return Watch(doubt=LABELS[key], alarms=(), looked_at=None)
    looked_at = rows[0].looked_at
    return Watch(
        doubt=LABELS["alarm.old"] if now - looked_at > OLD else None,
        alarms=tuple(_line(row) for row in rows if row.kind in BY_NAME),
        looked_at=looked_at,
    )


def _line(row: AlarmRow) -> AlarmLine:
    kind = BY_NAME[row.kind or ""]
    return AlarmLine(
        level=row.level or "",
        title=kind.title,
        subject=row.subject or "",
        measure=Words(row.measure_fr or "–", row.measure_en or "–"),
        consequence=kind.consequence,
        next_step=kind.next_step,
        runbook=kind.runbook,
    )
