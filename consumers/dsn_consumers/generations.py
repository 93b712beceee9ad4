"""Generations of the store: a shadow beside the one that readers see, the diff, the switch, the end.

Readers, and every statement of ours, say ``dsn_store``. The tables of the other generation are in
``dsn_shadow``. A switch exchanges them in one transaction: the tables change their schema, and every
view is written again with its own definition, so that its names lead to the tables that are there
now. The store of each generation asks in each of its transactions where its tables are, and the
answer holds until it commits. The audit log, which is evidence, is one for all generations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from dsn_consumers.database import STORE, statement
from dsn_consumers.errors import ConsumerError

SHADOW = "dsn_shadow"
#: The tables that the store makes from the journal.
TABLES = (
    "entries", "links", "settled", "record_sources", "search_terms", "barriers", "quarantine",
    "quarantine_ends", "quarantine_over", "moves", "reviews", "decisions",
)  # fmt: skip
#: A switch waits this long for the transactions under way, then gives up and changes nothing.
_PATIENCE = "SET LOCAL lock_timeout = '15s'"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """Something that live and shadow do not say alike. No field holds patient data."""

    #: entry, link, quarantine, search, source.
    kind: str
    person: str = ""
    record: str = ""
    section: str = ""
    #: Digest of the entry, or the place in the journal.
    name: str = ""
    #: What differs: columns, or the side that has it alone.
    what: str = ""
    #: What each side says, opaque: the same again means that it stays so.
    said: str = ""

    def describe(self) -> str:
        """One line for a person."""
        named = (self.person, self.record, self.section, self.name)
        return f"{self.kind} {' '.join(one for one in named if one)}: {self.what}"


def consumer_of(generation: int) -> str:
    """Name of a generation's store in the offsets and the lock."""
    return f"store.g{generation}" if generation else "store"


def hold_place(connection: Connection, generation: int) -> str:
    """Schema of a generation's tables, until the transaction ends. Raises ``ConsumerError``."""
    row = connection.execute(statement("place"), {"generation": generation}).fetchone()
    if row is None:
        raise ConsumerError(f"generation {generation} of the store was ended, or never begun")
    return str(row[0])


def places(conninfo: str) -> dict[int, str]:
    """Every generation and the schema of its tables."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        return {number: place for number, place in connection.execute(statement("generations"))}


def begin(conninfo: str, generation: int) -> None:
    """Make the empty tables of a new generation."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(SHADOW)))
        for table in TABLES:
            connection.execute(
                SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                    Identifier(SHADOW, table), Identifier(STORE, table)
                )
            )
        connection.execute(statement("begin_generation"), {"generation": generation})


def switch(conninfo: str) -> None:
    """Exchange the generation that readers see and the one beside it; or change nothing.

    1. Wait for the stores' transactions, and hold up the next ones.
    2. Learn what every view says.
    3. Exchange the tables.
    4. Write every view again: the same text, now about the other tables.
    """
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.execute(_PATIENCE)
        connection.execute(statement("exchange_places"))  # 1
        connection.execute(statement("copy_conflicts"))
        connection.execute("SET LOCAL search_path = pg_catalog")
        views = connection.execute(statement("view_definitions")).fetchall()  # 2
        connection.execute("CREATE SCHEMA dsn_passing")
        for table in TABLES:  # 3
            for source, target in (
                (STORE, "dsn_passing"),
                (SHADOW, STORE),
                ("dsn_passing", SHADOW),
            ):
                connection.execute(_moved(table, source, target))
        connection.execute("DROP SCHEMA dsn_passing")
        for schema, name, options, text in views:  # 4
            connection.execute(_view(schema, name, options, text))


def end(conninfo: str, generation: int) -> None:
    """Drop the tables beside the ones that readers see, and what is known of that generation."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.execute(_PATIENCE)
        connection.execute(statement("end_generation"))
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(SHADOW)))
        consumer = {"consumer": consumer_of(generation)}
        connection.execute(statement("forget_consumer"), consumer)
        if generation:
            connection.execute(statement("forget_topics"), {"prefix": f"dsn.g{generation}."})


def progress(conninfo: str) -> tuple[int, int, int]:
    """How far the shadow is, how far the live one, and records that move in the shadow."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        far = connection.execute(statement("rebuild_progress")).fetchone()
        moving = connection.execute(statement("shadow_on_their_way")).fetchone()
        assert far is not None and moving is not None
        return int(far[0]), int(far[1]), int(moving[0])


def differences(conninfo: str) -> list[Unlike]:
    """What live and shadow do not say alike at this moment, what is on its way included."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.execute(statement("copy_conflicts"))
        connection.commit()
        connection.execute(statement("one_moment"))
        return list(_differences(connection))


def _differences(connection: Connection) -> Iterator[Unlike]:
    for person, section, name, live, shadow in connection.execute(statement("differing_entries")):
        what = _sides(live is not None, shadow is not None) or ", ".join(
            column for column in sorted(live) if live[column] != shadow[column]
        )
        said = f"{live} {shadow}"
        yield Unlike(kind="entry", person=person, section=section, name=name, what=what, said=said)
    for record, live, shadow in connection.execute(statement("differing_links")):
        what = f"person {live or 'nobody'} live, {shadow or 'nobody'} in the shadow"
        yield Unlike(kind="link", record=record, what=what)
    for topic, partition, offset, *here in connection.execute(statement("differing_quarantine")):
        place = f"{topic}[{partition}] offset {offset}"
        yield Unlike(kind="quarantine", name=place, what=_sides(*here) or "says something else")
    for person, count in connection.execute(statement("differing_terms")):
        yield Unlike(kind="search", person=person, what=f"{count} terms on one side only")
    for record, source in connection.execute(statement("differing_sources")):
        yield Unlike(kind="source", record=record, name=source, what="on one side only")


def _sides(live: bool, shadow: bool) -> str:
    """Which side has it alone; empty when both have it."""
    if live and shadow:
        return ""
    return "live only" if live else "shadow only"


def _moved(table: str, source: str, target: str) -> Composed:
    return SQL("ALTER TABLE {} SET SCHEMA {}").format(Identifier(source, table), Identifier(target))


def _view(schema: str, name: str, options: list[str] | None, text: str) -> Composed:
    given = SQL("WITH ({})").format(SQL(", ").join(map(SQL, options))) if options else SQL("")
    # Its own definition, as PostgreSQL told it a moment ago.
    return SQL("CREATE OR REPLACE VIEW {} {} AS {}").format(
        Identifier(schema, name), given, SQL(text)
    )
