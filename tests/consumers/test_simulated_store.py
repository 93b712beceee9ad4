"""The simulated PostgreSQL does what the real one does: the same statements over the same rows, with
batches repeated and out of order, leave the same tables, answers and views."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from dsn_consumers.audit import AuditSink
from dsn_consumers.database import statement
from dsn_consumers.intake import Read, Topic
from dsn_consumers.pump import connect
from dsn_consumers.store import TOPICS, StoreSink
from dsn_deploy.simulation import copied, snapshot
from dsn_deploy.simulation.database import Database, Session
from dsn_deploy.simulation.ids import KnownIds
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import Network
from dsn_deploy.simulation.plan import Fault, plan_of
from dsn_deploy.simulation.world import World, lived
from dsn_schemas.topics import QUARANTINE, changes_topic
from dsn_schemas.wire import Codec

CHANGES = changes_topic("a")
#: Tables whose rows come by COPY, and their key columns.
COPIED = {
    "entries": (0, 1),
    "links": (0,),
    "settled": (0,),
    "record_sources": (0, 1),
    "barriers": (0, 1, 2, 3, 4),
    "quarantine": (0, 1, 2),
    "audit": (0, 1, 2),
}
#: Whose offsets the receipts ask for.
PLACE = {"consumer": "store", "topic": QUARANTINE}
#: What the receipts ask.
ASKED = ("receipt_progress", "holes", "moving", "quarantine_offsets", "topic_ids", "audit_heads")


@pytest.fixture(scope="module", params=[3, 11, 19])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A run whose logs are stored twice; its hostile bytes and repeats are in them."""
    faults = tuple(Fault(1.0 + n, kind, n, 0.3 * n) for n, kind in enumerate(("poison", "resend")))
    with lived(plan_of(request.param).without(faults=faults)) as found:
        yield found


def records(world: World, topics: tuple[str, ...]) -> list[Read]:
    return [
        Read(*place, one.offset, one.key, one.value, one.timestamp)
        for topic in topics
        for place, found in world.broker.past(topic).items()
        for one in found
    ]


def described(world: World, topics: tuple[str, ...]) -> list[Topic]:
    return [Topic(name, f"id of {name}", world.broker.topics[name][0]) for name in topics]


class Both:
    """A real connection and a simulated one; every statement goes to both, and must answer alike."""

    def __init__(self, real: psycopg.Connection[Any]) -> None:
        self.real = real
        kernel = Kernel(0)
        self.database = Database(kernel, Network(kernel))
        self.simulated: Any = Session(self.database, Actor(kernel, "store"))

    def execute(self, name: str, values: dict[str, Any] | None = None) -> int:
        counts = [
            connection.execute(statement(name), values).rowcount
            for connection in (self.real, self.simulated)
        ]

        assert counts[0] == counts[1], name

        return counts[0]

    def asked(self, name: str) -> tuple[list[Any], list[Any]]:
        """What both answer, in one order."""
        values = PLACE if name == "quarantine_offsets" else None
        real, simulated = (
            sorted(tuple(row) for row in connection.execute(statement(name), values))
            for connection in (self.real, self.simulated)
        )
        return real, simulated

    def keep(self, sink: Any, prepared: Any, moves: dict[str, Any]) -> int:
        """Write a batch and move the offsets, in a transaction of each."""
        moved = []
        for connection in (self.real, self.simulated):
            with connection.transaction():
                moved.append(connection.execute(statement("move_offsets"), moves).rowcount)
                sink.write(connection, prepared)

        assert moved[0] == moved[1]

        return moved[0]

    def begin(self, consumer: str, topics: list[Topic]) -> None:
        for topic in topics:
            self.execute("add_topic", topic._asdict() | {"topic": topic.name})
            for partition in range(topic.partitions):
                place = {"topic": topic.name, "partition": partition, "next_offset": 0}
                self.execute("add_offset", {"consumer": consumer} | place)
                self.execute("add_offset", {"consumer": consumer} | place | {"next_offset": 9})


def moves(consumer: str, batch: list[Read], before: int) -> dict[str, Any]:
    after = {(r.topic, r.partition): r.offset + 1 for r in batch}
    places = sorted(after)
    return {
        "consumer": consumer,
        "topics": [topic for topic, _ in places],
        "partitions": [partition for _, partition in places],
        "before": [before] * len(places),
        "after": [after[place] for place in places],
    }


@pytest.fixture
def both(conninfo: str) -> Iterator[Both]:
    with connect(conninfo) as real:
        yield Both(real)


def rows(connection: psycopg.Connection[Any], table: str) -> dict[Any, copied.Row]:
    """Every row of a table as PostgreSQL gives it in binary."""
    query = SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier("dsn_store", table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        found = list(copied.rows(b"".join(bytes(data) for data in copy)))
    return {tuple(row[column] for column in COPIED[table]): row for row in found}


def test_the_same_batches_leave_the_same_tables(world: World, both: Both) -> None:
    """Batches in any order, repeated, with offsets that are and are not where they are expected."""
    chance = random.Random(world.plan.seed)
    topics = described(world, TOPICS)
    both.begin("store", topics)
    sink = StoreSink(Codec(KnownIds()))
    sink.opened(both.real, topics)
    found = records(world, TOPICS)
    moved = []
    for _ in range(60):
        start = chance.randrange(len(found))
        batch = found[start : start + chance.randint(1, 40)]
        expected = chance.choice((0, 0, batch[0].offset))
        moved.append(both.keep(sink, sink.prepare(batch), moves("store", batch, expected)))
    both.keep(sink, sink.prepare(found), moves("store", found, -1))

    for table in ("entries", "links", "settled", "record_sources", "barriers", "quarantine"):
        assert rows(both.real, table) == both.database.tables[table], table
    assert 0 in moved
    assert max(moved) > 0
    terms = set(both.real.execute("SELECT kind, term, person_id FROM dsn_store.search_terms"))
    assert terms == set(both.database.tables["search_terms"])
    assert terms


def test_the_views_are_the_modelled_ones(world: World, both: Both) -> None:
    """Linked entries, records on their way, completeness and what receipts ask."""
    topics = described(world, TOPICS)
    both.begin("store", topics)
    both.begin("audit", described(world, (CHANGES,)))
    store, audit = StoreSink(Codec(KnownIds())), AuditSink(Codec(KnownIds()))
    store.opened(both.real, topics)
    audit.opened(both.real, described(world, (CHANGES,)))
    for read in _batches(records(world, (CHANGES,)), 7):
        page = audit.prepare(read)
        both.keep(audit, page, moves("audit", read, 0))
        audit.committed(page)
    found = records(world, TOPICS)
    for end in (len(found) // 3, len(found) // 2, len(found)):
        both.keep(store, store.prepare(found[:end]), moves("store", found[:end], 0))

        tables = both.database.tables
        shown = both.real.execute(
            "SELECT person_id, section, entry FROM dsn_store.linked_entries ORDER BY 1, 2, 3"
        ).fetchall()
        assert shown == sorted(entry[:3] for entry in snapshot.linked_entries(tables))
        unsettled = both.real.execute(
            "SELECT authority || '|' || number FROM dsn_store.unsettled"
        ).fetchall()
        assert {key for (key,) in unsettled} == snapshot.moving(tables)
        complete = both.real.execute(
            "SELECT source, epoch, seq_complete FROM dsn_store.source_progress"
        ).fetchall()
        said = snapshot.complete(tables)
        assert {(s, e): n for s, e, n in complete} == {(s, e): said.get((s, e), 0)
                                                      for s, e, _ in complete}  # fmt: skip
        for name in ASKED:
            real, simulated = both.asked(name)
            assert real == simulated, name
    assert rows(both.real, "audit") == both.database.tables["audit"]
    lanes = both.asked("source_lanes")
    assert [row[:7] for row in lanes[0]] == [row[:7] for row in lanes[1]]


def test_numbers_that_only_the_streams_miss_are_holes(world: World, both: Both) -> None:
    """As where the journal was cut between the audit, which had read them, and the streams."""
    both.begin("store", described(world, TOPICS))
    both.begin("audit", described(world, (CHANGES,)))
    store, audit = StoreSink(Codec(KnownIds())), AuditSink(Codec(KnownIds()))
    store.opened(both.real, described(world, TOPICS))
    audit.opened(both.real, described(world, (CHANGES,)))
    changes, derived = records(world, (CHANGES,)), records(world, TOPICS)
    both.keep(audit, audit.prepare(changes), moves("audit", changes, 0))
    both.keep(store, store.prepare(derived), moves("store", derived, 0))
    assert both.asked("holes") == ([], [])

    both.real.execute("UPDATE dsn_store.barriers SET seq = greatest(seq - 2, 0)")
    barriers = both.database.tables["barriers"]
    for key, row in barriers.items():
        less = max(0, copied.number(row[6]) - 2).to_bytes(8, "big")
        barriers[key] = (*row[:6], less, *row[7:])
    real, simulated = both.asked("holes")

    assert real == simulated
    assert real


def _batches(found: list[Read], size: int) -> Iterator[list[Read]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]
