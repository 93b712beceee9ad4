"""The service ``watch``: looks, says what changed in the log, and writes it for the pages."""

from __future__ import annotations

import psycopg
import structlog
from prometheus_client import REGISTRY

from dsn_consumers.alarms import asking
from dsn_consumers.alarms.facts import Thresholds
from dsn_consumers.alarms.rules import Alarm, Level, raised
from dsn_consumers.stopping import Stop
from dsn_deploy.watch.books import Books
from dsn_deploy.watch.looking import Watched, look
from dsn_deploy.watch.measures import Looked
from dsn_schemas import metrics
from dsn_schemas.settings import Settings

log = structlog.get_logger()


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = Stop()
    stop.on_signals()
    limits, watched = Thresholds(), Watched()
    before: set[tuple[str, str]] = set()
    told, books = Looked(), Books()
    REGISTRY.register(told)
    while not stop.asked:
        facts = look(settings, limits, watched, books)
        alarms = raised(facts, limits)
        told.facts, told.alarms = facts, alarms
        metrics.readiness.set("watch", True)
        before = say(alarms, before)
        keep(settings, alarms)
        stop.wait(watched.every_s)


def say(alarms: list[Alarm], before: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Log what is raised and was not, and what was and is no more; what is raised now."""
    now = {(alarm.kind.name, alarm.subject): alarm for alarm in alarms}
    for key, alarm in now.items():
        if key not in before:
            said = log.error if alarm.level is Level.ERROR else log.warning
            said("alarm_raised", alarm=key[0], subject=key[1], measure=alarm.measure.en)
    for kind, subject in sorted(before - now.keys()):
        log.info("alarm_over", alarm=kind, subject=subject)
    return set(now)


def keep(settings: Settings, alarms: list[Alarm]) -> None:
    """Write what is raised; a database that is away is in the log already."""
    try:
        with psycopg.connect(settings.conninfo, autocommit=True, connect_timeout=5) as connection:
            asking.note_volumes(connection)
            asking.write(connection, alarms)
    except psycopg.Error as error:
        log.warning("alarms_not_kept", sqlstate=error.sqlstate)
