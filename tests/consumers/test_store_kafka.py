"""The store consumer on a real Kafka and a real PostgreSQL: it dies, they go away, nothing changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from consumers.conftest import Journal, until
from consumers.dying import STEPS
from consumers.parts import CHANGES, View, change, codec, contributor, mark, view_entry

from dsn_consumers import intake
from dsn_consumers.chart_rows import Rows
from dsn_consumers.errors import AnotherWriter, BrokenRecord, OffsetsLost
from dsn_consumers.intake import Read
from dsn_consumers.store import StoreSink
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.keys import person_id, record_key
from dsn_schemas.records import Allergy, Concept
from dsn_schemas.topics import VIEW, changes_topic
from dsn_schemas.wire import UnknownSchema

TABLES = ("entries", "links", "settled", "record_sources", "search_terms", "barriers", "quarantine")
SERVICE = (
    "from dsn_consumers.{} import main; from dsn_schemas.settings import Settings; main(Settings())"
)


def everything(conninfo: str) -> dict[str, list[Any]]:
    """Every row of the store, and where each stands on disk: an update in vain would move it."""
    with psycopg.connect(conninfo) as connection:
        return {
            table: connection.execute(
                f"SELECT ctid, xmin, t.* FROM dsn_store.{table} AS t ORDER BY 1"
            ).fetchall()
            for table in TABLES
        }


def latest(conninfo: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("SELECT person_id, seqs FROM dsn_store.linked_entries")
        return sorted(rows.fetchall())


def population(people: int, versions: int = 2, view: View | None = None) -> View:
    view = View() if view is None else view
    for version in range(1, versions + 1):
        for n in range(people):
            person = person_id(record_key("CHUM", str(n)))
            if version == 1:
                view.link("CHUM", str(n))
            content = Allergy(code=Concept(text=f"Allergène {version}"))
            by = [contributor("chum-adt", "CHUM", str(n), "a", version * people + n)]
            view.entry(view_entry(person, "allergies", "#a", content, by))
    view.barriers("chum-adt", people * versions)
    return view


def expected(people: int, version: int = 2) -> list[Any]:
    numbers = range(people)
    return sorted((person_id(record_key("CHUM", str(n))), [version * people + n]) for n in numbers)


def service(journal: Journal, program: list[str]) -> subprocess.Popen[bytes]:
    """A consumer as a process of its own."""
    settings = {f"DSN_{name.upper()}": str(value) for name, value in journal.settings}
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, **settings, "PYTHONPATH": tests}
    return subprocess.Popen([sys.executable, *program], env=environment, stdout=subprocess.DEVNULL)


def test_reading_everything_again_changes_nothing(journal: Journal) -> None:
    """Offsets set back to 0 by an operator: not one row is written again."""
    view = population(200)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)
    journal.stop()
    before = everything(journal.settings.conninfo)
    with psycopg.connect(journal.settings.conninfo) as connection:
        connection.execute("UPDATE dsn_store.offsets SET next_offset = 0")

    journal.start()
    journal.settle(view.reads)
    journal.stop()

    assert len(before["entries"]) == 200
    assert everything(journal.settings.conninfo) == before


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_is_lost_or_doubled(journal: Journal, step: str) -> None:
    """Rows and offsets are one: the next start goes on where the last commit was."""
    view = population(60)
    journal.publish(view.reads)
    dying = service(journal, [str(Path(__file__).with_name("dying.py")), step])
    assert dying.wait(60) == -signal.SIGKILL
    with psycopg.connect(journal.settings.conninfo) as connection:
        row = connection.execute("SELECT sum(next_offset) FROM dsn_store.offsets").fetchone()

    journal.start()
    journal.settle(view.reads)

    assert row is not None
    # While the third batch is decided on, the second may still be on its way.
    assert row[0] in {"2": (40, 80), "3": (80,), "4": (120,)}[step[0]]
    assert latest(journal.settings.conninfo) == expected(60)


class Watched(StoreSink):
    """A store that holds each batch back until the next one is decided on, until that was seen once."""

    def __init__(self) -> None:
        super().__init__(codec)
        self._decided = threading.Condition()
        self._prepared = self._written = 0
        self.overlapped = False

    def prepare(self, records: Sequence[Read]) -> Rows:
        rows = super().prepare(records)
        with self._decided:
            self._prepared += 1
            self._decided.notify()
        return rows

    def write(self, connection: psycopg.Connection[Any], prepared: Rows) -> None:
        super().write(connection, prepared)
        self._written += 1
        if self.overlapped:
            return
        with self._decided:
            # Where nothing more has come yet, the pump waits for this one: then the next may show it.
            self.overlapped = self._decided.wait_for(lambda: self._prepared > self._written, 2)


def test_the_next_batch_is_decided_on_while_one_is_written(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL and the store work at the same time, and the rows are the same."""
    monkeypatch.setattr(intake, "BATCH_RECORDS_MAX", 40)
    view, sink = population(60), Watched()
    journal.publish(view.reads)
    journal.start(sink)
    journal.settle(view.reads)

    assert sink.overlapped
    assert latest(journal.settings.conninfo) == expected(60)


def test_asked_to_stop_it_ends_with_0_and_goes_on_later(journal: Journal) -> None:
    """SIGTERM in the middle of a backlog: what was begun is kept whole."""
    view = population(500)
    journal.publish(view.reads)
    process = service(journal, ["-c", SERVICE.format("store")])
    with psycopg.connect(journal.settings.conninfo, autocommit=True) as connection:
        until(lambda: connection.execute("SELECT FROM dsn_store.entries LIMIT 1").rowcount == 1)
    began = time.monotonic()
    process.terminate()

    assert process.wait(15) == 0
    assert time.monotonic() - began < 10
    journal.start()
    journal.settle(view.reads)
    assert latest(journal.settings.conninfo) == expected(500)


def test_postgresql_gone_and_back(journal: Journal, stack: EmbeddedStack) -> None:
    """Killed under load it comes back, and so does the store by itself, with nothing missing."""
    view = population(100)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)

    stack.postgres.kill()
    late = View()
    late._offsets = view._offsets
    population(100, 3, late)
    fresh = late.reads
    journal.publish(fresh)
    time.sleep(0.5)
    stack.postgres.start()
    stack.postgres.wait_ready(60)
    journal.settle(fresh)

    assert latest(journal.settings.conninfo) == expected(100, 3)


def test_kafka_frozen_and_back(journal: Journal, kafka: Any) -> None:
    """A broker that does not answer for some seconds costs time and nothing else."""
    view = population(50)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)
    os.kill(kafka.identity.pid, signal.SIGSTOP)
    try:
        time.sleep(2)
    finally:
        os.kill(kafka.identity.pid, signal.SIGCONT)
    late = View()
    late._offsets = view._offsets
    population(50, 3, late)
    journal.publish(late.reads)
    journal.settle(late.reads)

    assert latest(journal.settings.conninfo) == expected(50, 3)


def test_a_second_store_waits_for_the_first(journal: Journal) -> None:
    """And takes over when the first ends."""
    view = population(20)
    first = journal.start()
    journal.publish(view.reads)
    journal.settle(view.reads)
    journal.start()
    time.sleep(1.0)
    first.ask()
    late = View()
    late._offsets = view._offsets
    population(20, 3, late)
    journal.publish(late.reads)

    journal.settle(late.reads)

    assert latest(journal.settings.conninfo) == expected(20, 3)


def test_offsets_moved_by_somebody_else_stop_the_store(journal: Journal) -> None:
    """Nothing of the batch is written."""
    view = population(5)
    journal.start()
    journal.publish(view.reads)
    journal.settle(view.reads)
    with psycopg.connect(journal.settings.conninfo, autocommit=True) as connection:
        connection.execute("UPDATE dsn_store.offsets SET next_offset = next_offset + 1")
        before = latest(journal.settings.conninfo)
        late = View()
        late._offsets = view._offsets
        population(5, 3, late)
        journal.publish(late.reads)
        until(lambda: bool(journal.errors))

    assert isinstance(journal.errors[0], AnotherWriter)
    assert "another writer or an operator moved them" in str(journal.errors[0])
    assert latest(journal.settings.conninfo) == before


def test_a_topic_made_anew_stops_the_store(journal: Journal) -> None:
    """Its offsets say nothing about ours, even if they happen to exist."""
    view = population(5)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)
    journal.stop()
    journal.make_topics(VIEW)
    journal.publish([read for read in view.reads if read.topic == VIEW])

    journal.start()
    until(lambda: bool(journal.errors))

    assert isinstance(journal.errors[0], OffsetsLost)
    assert "dsn.view was made anew" in str(journal.errors[0])


def test_a_topic_made_anew_while_we_read_it_stops_the_store(journal: Journal) -> None:
    """Before a new record that happens to stand at our offset is taken for the next one."""
    view = population(5)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)
    journal.make_topics(VIEW)

    until(lambda: bool(journal.errors))

    assert isinstance(journal.errors[0], OffsetsLost)


def test_records_deleted_before_they_were_read_stop_the_store(journal: Journal) -> None:
    """It never jumps to where there is something to read."""
    view = population(40)
    journal.publish(view.reads)
    journal.start()
    journal.settle(view.reads)
    journal.stop()
    with psycopg.connect(journal.settings.conninfo) as connection:
        connection.execute("UPDATE dsn_store.offsets SET next_offset = 0 WHERE topic = %s", [VIEW])
    admin = AdminClient({"bootstrap.servers": journal.settings.kafka})
    for done in admin.delete_records([TopicPartition(VIEW, 0, 3)]).values():
        done.result(30)

    journal.start()
    until(lambda: bool(journal.errors))

    assert isinstance(journal.errors[0], OffsetsLost)
    assert "dsn.view[0]" in str(journal.errors[0])


def test_aborted_transactions_are_never_read(journal: Journal) -> None:
    """A zombie's entries are in the topic and not in the store; offsets pass over them."""
    view = population(10)
    journal.publish(view.reads)
    zombie = Producer({"bootstrap.servers": journal.settings.kafka, "transactional.id": "zombie"})
    zombie.init_transactions(30)
    zombie.begin_transaction()
    for read in view.reads:
        if read.topic == VIEW and not (read.key or b"").startswith(b"|"):
            zombie.produce(VIEW, key=read.key, value=None, partition=read.partition)
    zombie.flush(30)
    zombie.abort_transaction(30)
    zombie.begin_transaction()
    person = person_id(record_key("CHUM", "0"))
    by = [contributor("chum-adt", "CHUM", "0", "b", 99)]
    last = view.entry(view_entry(person, "alerts", "#b", None, by))
    zombie.produce(VIEW, key=last.key, value=last.value, partition=last.partition)
    zombie.commit_transaction(30)

    journal.start()
    journal.settle([last])

    assert latest(journal.settings.conninfo) == sorted([*expected(10), (person, [99])])


def test_a_record_that_no_stage_can_have_written_stops_the_store(journal: Journal) -> None:
    """Before it, everything is kept; it and what follows is not skipped."""
    view = population(5)
    journal.start()
    journal.publish(view.reads)
    journal.settle(view.reads)
    journal.publish([view.reads[-1]._replace(topic=VIEW, key=b"x|allergies|", value=b"junk")])

    until(lambda: bool(journal.errors))

    assert isinstance(journal.errors[0], BrokenRecord)
    assert latest(journal.settings.conninfo) == expected(5)


def test_a_schema_that_cannot_be_had_yet_is_waited_for(journal: Journal) -> None:
    """The registry being down never judges a record."""
    view = population(5)

    class Late(StoreSink):
        tries = 0

        def prepare(self, records: Any) -> Any:
            Late.tries += 1
            if Late.tries < 4:
                raise UnknownSchema("schema 77: registry unreachable")
            return super().prepare(records)

    journal.publish(view.reads)
    journal.start(Late(codec))
    journal.settle(view.reads)

    assert Late.tries >= 4
    assert latest(journal.settings.conninfo) == expected(5)


def test_the_audit_hears_of_a_new_establishment(journal: Journal) -> None:
    """Its topic is found while the consumer runs, and read from its first record."""
    journal.audit()
    said = [change(1, 0), change(2, 1), mark(2, 2, received=2)]
    journal.publish([_on(CHANGES, record) for record in said])
    until(lambda: _audited(journal) == [("chum-adt", 1), ("chum-adt", 2)])
    journal.make_topics(changes_topic("clsc"))

    journal.publish([_on(changes_topic("clsc"), change(1, 0, source="clsc-dossier"))])

    until(lambda: len(_audited(journal)) == 3)
    assert _audited(journal)[-1] == ("clsc-dossier", 1)


def _on(topic: str, record: Any) -> Any:
    from dsn_consumers.intake import Read

    return Read(topic, 0, 0, b"k", codec.encode(record), 0)


def _audited(journal: Journal) -> list[Any]:
    assert journal.errors == []
    with psycopg.connect(journal.settings.conninfo) as connection:
        return connection.execute("SELECT source, seq FROM dsn.audit ORDER BY 1, 2").fetchall()
