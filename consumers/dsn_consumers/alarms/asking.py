"""What the central store knows of the sources, for the alarms. Cheap: no log is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dsn_consumers.alarms.facts import SourceFacts
from dsn_consumers.alarms.kinds import BY_NAME
from dsn_consumers.alarms.rules import Alarm, Level
from dsn_consumers.bilingual import Words
from dsn_consumers.database import statement

Connection = psycopg.Connection[Any]
#: Days of the same hour that say what is usual.
USUAL_DAYS = 14


def ask_sources(connection: Connection, *, audit_behind: bool) -> list[SourceFacts]:
    """Every source. While the audit is behind, when a mark came says nothing of its clock."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("alarm_sources")).fetchall()
        hours = cursor.execute(statement("alarm_hours"), {"days": USUAL_DAYS}).fetchall()
    volumes: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for row in hours:
        volumes[row["source"]].append((row["hour"], row["changes"]))
    return [_facts(row, volumes[row["source"]], audit_behind) for row in rows]


def _facts(
    row: dict[str, Any], hours: Sequence[tuple[datetime, int]], audit_behind: bool
) -> SourceFacts:
    sent, heard = row.pop("sent_at"), row["heard_at"]
    skew_s = None
    if sent is not None and heard is not None:
        ahead_s = (sent - heard).total_seconds()
        # Ahead is certain; behind may be a mark that waited to be read.
        skew_s = ahead_s if ahead_s > 0 or not audit_behind else None
    last = hours[-1] if hours else None
    facts = SourceFacts(**row, skew_s=skew_s)
    if last is None:
        return facts
    return replace(facts, volume=last[1], volumes_before=tuple(n for _, n in hours[:-1]))


def note_volumes(connection: Connection) -> None:
    """Keep how many changes of each source had been read by the end of this hour."""
    connection.execute(statement("note_volumes"))


def write(connection: Connection, alarms: Iterable[Alarm]) -> None:
    """What is raised now, for the pages: all of it, in one transaction."""
    with connection.transaction():
        connection.execute(statement("forget_alarms"))
        for place, alarm in enumerate(alarms):
            connection.execute(
                statement("write_alarm"),
                {
                    "place": place,
                    "kind": alarm.kind.name,
                    "level": alarm.level.value,
                    "subject": alarm.subject,
                    "measure_fr": alarm.measure.fr,
                    "measure_en": alarm.measure.en,
                    "since": alarm.since,
                },
            )
        connection.execute(statement("alarms_looked"))


def written(connection: Connection) -> tuple[list[Alarm], datetime | None]:
    """What was raised when somebody looked last, and when that was; ``None``: never."""
    rows = connection.execute(statement("alarms")).fetchall()
    looked = connection.execute(statement("alarms_looked_at")).fetchone()
    alarms = [
        Alarm(
            kind=BY_NAME[kind],
            level=Level(level),
            subject=subject,
            measure=Words(fr, en),
            since=None if since is None else since.astimezone(UTC),
        )
        for kind, level, subject, fr, en, since in rows
        if kind in BY_NAME  # written by another version
    ]
    return alarms, None if looked is None else looked[0]
