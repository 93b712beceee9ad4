"""Mends the store from the newest records of the view, the links and the quarantine.

Beside a store that runs. Each row is taken away and written again in one transaction, and only if
it is not newer than what is written: so neither can the store's reader be overtaken, nor can a
reader of charts see the gap.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from dsn_consumers.database import statement
from dsn_consumers.generations import consumer_of
from dsn_consumers.intake import Read, Topic
from dsn_consumers.pump import connect
from dsn_consumers.reconcile.compare import Row
from dsn_consumers.store import StoreSink
from dsn_consumers.table_rows import entry_digest
from dsn_schemas.keys import SEPARATOR, person_id
from dsn_schemas.records import QuarantinedChange
from dsn_schemas.settings import Settings
from dsn_schemas.topics import IDENTITY_LINKS, QUARANTINE, VIEW, named
from dsn_schemas.wire import Codec

#: Records written in a transaction.
_AT_ONCE = 1_000


def repair(settings: Settings, codec: Codec, again: Sequence[Read], surplus: Sequence[Row]) -> int:
    """Write ``again`` what the store should hold and forget ``surplus``; how many rows.

    Raises ``psycopg.OperationalError`` when the database is away: nothing half done stays.
    """
    with connect(settings.conninfo) as connection:
        sink = StoreSink(codec, settings.generation)
        view = named(VIEW, settings.generation)
        sink.opened(connection, [Topic(view, "", settings.partitions)])
        for reads in _parts(again):
            with connection.transaction():
                for read in reads:
                    _forget(connection, codec, read)
                sink.write(connection, sink.prepare(reads))
        with connection.transaction():
            for row in surplus:
                _forget_row(connection, row)
    return len(again) + len(surplus)


def _parts(reads: Sequence[Read]) -> Iterator[Sequence[Read]]:
    for start in range(0, len(reads), _AT_ONCE):
        yield reads[start : start + _AT_ONCE]


def _forget(connection: psycopg.Connection[Any], codec: Codec, read: Read) -> None:
    key = (read.key or b"").decode()
    if read.topic == VIEW:
        person, section, entry = key.split(SEPARATOR, 2)
        name = entry_digest(section, entry).hex()
        _forget_row(connection, Row(person, name, read.offset))
    elif read.topic == IDENTITY_LINKS:
        _forget_row(connection, Row("", person_id(key), read.offset))
    elif read.topic == QUARANTINE:
        aside = codec.decode(read.value or b"")
        assert isinstance(aside, QuarantinedChange)
        place = {"topic": aside.topic, "partition": aside.partition, "offset": aside.offset}
        connection.execute(statement("forget_quarantined"), place)


def _forget_row(connection: psycopg.Connection[Any], row: Row) -> None:
    if row.person:
        values = {"person": row.person, "entry": uuid.UUID(row.name), "offset": row.offset}
        connection.execute(statement("forget_entry"), values)
    else:
        values = {"record": row.name, "offset": row.offset}
        connection.execute(statement("forget_link"), values)


def reread(settings: Settings) -> None:
    """Let the store read everything again, beside readers and a store that runs.

    1. Every guard goes one down: the state that stands may be written again, no older one.
    2. The offsets are forgotten; the store finds that within seconds and begins at the oldest.

    One transaction: dying anywhere leaves all as it was. A row that vanished may show an older
    state for as long as the reading takes, as it would in a store that is built for the first time.
    """
    consumer = {"consumer": consumer_of(settings.generation)}
    with connect(settings.conninfo) as connection, connection.transaction():
        connection.execute(statement("lower_guards"))  # 1
        connection.execute(statement("reread"), consumer)  # 2
