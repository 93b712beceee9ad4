"""The store consumer: view, links, quarantine, reviews and decisions, as rows one can read.

One process writes at a time. It needs Kafka and PostgreSQL; while either is away it waits and says
so. Its rows and its offsets are one transaction, and a row only moves forward in view offset, so
reading everything again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from dsn_consumers.chart_rows import DECISIONS, Encoder, Rows
from dsn_consumers.copybinary import stream
from dsn_consumers.database import statement
from dsn_consumers.generations import consumer_of, hold_place
from dsn_consumers.intake import Read, Topic
from dsn_consumers.pump import Pump
from dsn_consumers.stopping import Stop
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import (
    IDENTITY_LINKS,
    IDENTITY_REVIEWS,
    QUARANTINE,
    VIEW,
    meant,
    named,
)
from dsn_schemas.wire import Codec

TOPICS = (IDENTITY_LINKS, VIEW, QUARANTINE, IDENTITY_REVIEWS, DECISIONS)

#: Pairs of record and source remembered as written; beyond, they are written again, which costs
#: time and changes nothing. 1 M pairs take some 200 MB.
REMEMBERED_MAX = 500_000

#: Statements that bring each staging table's rows to their place.
_WRITES = {
    "staged_links": ("write_links",),
    "staged_moves": ("write_moves",),
    "staged_reviews": ("write_reviews",),
    "staged_decisions": ("write_decisions",),
    "staged_entries": ("write_entries",),
    "staged_terms": ("forget_terms", "write_terms"),
    "staged_record_sources": ("write_record_sources",),
    "staged_settled": ("write_settled",),
    "staged_barriers": ("write_barriers",),
    "staged_quarantine": ("write_quarantine", "settle_quarantine"),
    "staged_quarantine_ends": ("write_quarantine_ends", "settle_quarantine"),
}


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises ``ConsumerError`` for what a person has to decide."""
    stop = Stop()
    stop.on_signals()
    Pump(settings, StoreSink(Codec(RegistryIds(settings)), settings.generation), stop).run()


class StoreSink:
    """What the store does with a batch."""

    prepares_ahead = True
    said_again = False

    def __init__(self, codec: Codec, generation: int = 0) -> None:
        self.name = consumer_of(generation)
        self._encoder = Encoder(codec)
        self._generation = generation
        self._topics = tuple(named(topic, generation) for topic in TOPICS)

    def wanted(self, topics: Sequence[str]) -> list[str]:
        """The view, the links, the quarantine, the reviews and the decisions."""
        return [topic for topic in self._topics if topic in topics]

    def complete(self, topics: Sequence[Topic]) -> bool:
        """All of them: an entry without its links would never be shown."""
        return len(topics) == len(TOPICS)

    def opened(self, connection: psycopg.Connection[Any], topics: Sequence[Topic]) -> None:
        """Make the staging tables of this connection."""
        connection.execute(statement("stage"))
        view = named(VIEW, self._generation)
        self._encoder.view_partitions = next(t.partitions for t in topics if t.name == view)
        self._encoder.written.clear()

    def prepare(self, records: Sequence[Read]) -> Rows:
        """Rows of the batch."""
        if self._generation:
            records = [r._replace(topic=meant(r.topic, self._generation)) for r in records]
        return self._encoder.rows(records)

    def write(self, connection: psycopg.Connection[Any], prepared: Rows) -> None:
        """Stage the rows, then let the guards decide which of them are news.

        Everything is staged before anything is written, and a barrier after the rows it speaks of:
        not for readers, who see all or nothing, but so that the order here is the order meant.
        Where this generation's tables are is asked each time, and stays so until the commit.
        """
        place = hold_place(connection, self._generation)
        with connection.cursor() as cursor:
            for table, lines in _staged(prepared):
                with cursor.copy(statement_copy(table)) as copy:
                    copy.write(stream(lines))
            for table, _ in _staged(prepared):
                for name in _WRITES[table]:
                    # Planned anew each time: tables grow, and a plan kept from when they were
                    # small reads them whole.
                    cursor.execute(statement(name, place), prepare=False)

    def committed(self, prepared: Rows) -> None:
        """Remember which sources spoke of which record."""
        if len(self._encoder.written) > REMEMBERED_MAX:
            self._encoder.written.clear()
        self._encoder.written |= prepared.spoken


def statement_copy(table: str) -> psycopg.sql.Composed:
    """COPY into one of the tables named in this package."""
    name = psycopg.sql.Identifier(*table.split("."))
    return psycopg.sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(name)


def _staged(rows: Rows) -> Iterator[tuple[str, list[bytes]]]:
    for table in _WRITES:
        lines = getattr(rows, table)
        if lines:
            yield table, lines
