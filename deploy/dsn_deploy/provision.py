"""Makes what services expect to find: topics, schemas in the registry, tables in PostgreSQL.

Called before the services start, each time, and by ``dsn topics ensure``. The second time it
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from dsn_deploy.errors import CommandError, Unreachable
from dsn_deploy.topics import ensure
from dsn_schemas import registry
from dsn_schemas.settings import Settings
from dsn_schemas.topics import Topic, topics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What is there now."""

    #: Topics that had to be created.
    created: tuple[str, ...]
    #: Topics whose settings had to be changed.
    changed: tuple[str, ...]
    #: Topics in all.
    topics: int

    def describe(self) -> str:
        """One line for a person."""
        made, altered = len(self.created), len(self.changed)
        return f"{self.topics} topics ({made} created, {altered} changed), schemas, tables: ready."


def provision(settings: Settings) -> Provisioned:
    """Bring topics, schemas and tables to what this version declares.

    1. Topics and schemas, which only grow.
    2. Tables, last: a migration may refuse, and then nothing reads what the first step made.
    """
    declared = _declared(settings)
    created, changed = ensure(settings, declared)  # 1
    _register(settings)
    _migrate(settings)  # 2
    log.info("provisioned", created=created, changed=changed, topics=len(declared))
    return Provisioned(created=created, changed=changed, topics=len(declared))


def _declared(settings: Settings) -> list[Topic]:
    from dsn_producers import sources

    try:
        known = sources.load(settings.sources)
    except sources.SourcesError as error:
        raise CommandError(f"{error} (DSN_SOURCES names the file)") from error
    return topics(settings, sorted({source.establishment for source in known}))


def _register(settings: Settings) -> None:
    try:
        registry.register_all(settings)
    except registry.RegistryUnreachable as error:
        raise Unreachable(str(error)) from error
    except ValueError as error:
        raise CommandError(str(error)) from error


def _migrate(settings: Settings) -> None:
    import psycopg

    from dsn_consumers.database import MigrationError, migrate

    try:
        migrate(settings.conninfo)
    except MigrationError as error:
        raise CommandError(str(error)) from error
    except psycopg.OperationalError as error:
        raise Unreachable(f"PostgreSQL: {error}") from error
