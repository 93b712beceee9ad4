"""The receipts consumer with a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from consumers.conftest import Journal, until
from consumers.parts import CHANGES, PARTITIONS, View, change, codec, mark

from dsn_consumers import receipts as module
from dsn_consumers.gaps import explain, gaps, request_resend
from dsn_consumers.intake import Read
from dsn_consumers.receipts import Receipts
from dsn_consumers.stopping import Stop
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import QuarantinedChange, Receipt, RecordChange, ResendRequest
from dsn_schemas.topics import receipts_topic

RECEIPTS = receipts_topic("chum")


class Died(BaseException):
    """What a killed process does to the line it was at."""


class Desk:
    """A journal, its consumers, and what the receipts topic says."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.view = View()
        self._offsets: dict[tuple[str, int], int] = {}
        self._last: dict[int, int] = {}
        journal.make_topics(RECEIPTS)

    def say(self, *changes: RecordChange) -> list[Read]:
        """Publish changes of the source; marks go to every partition."""
        reads = []
        for one in changes:
            key = record_key(one.authority, one.number) if one.op != "mark" else one.source
            where = range(PARTITIONS)
            if one.op != "mark":
                where = range(p := partition_of(key, PARTITIONS), p + 1)
            for partition in where:
                at = self._offsets.get((CHANGES, partition), 0)
                self._offsets[CHANGES, partition] = at + 1
                if one.op == "mark":
                    one = replace(one, previous=self._last.get(partition, 0))
                else:
                    self._last[partition] = max(one.seq, self._last.get(partition, 0))
                value = codec.encode(one)
                reads.append(Read(CHANGES, partition, at, key.encode(), value, 0))
        self.journal.publish(reads)
        return reads

    def barriers(self, seq: int) -> list[Read]:
        reads = self.view.barriers("chum-adt", seq)
        self.journal.publish(reads)
        return reads

    def words(self) -> list[Receipt | ResendRequest]:
        """Every committed word, in order."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.journal.settings.kafka,
                "group.id": "test",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        found: list[Any] = []
        try:
            consumer.assign([TopicPartition(RECEIPTS, 0, OFFSET_BEGINNING)])
            end = time.monotonic() + 20
            while time.monotonic() < end:
                for message in consumer.consume(100, 0.2):
                    if message.error() is not None:
                        return found
                    found.append(codec.decode(message.value() or b""))
        finally:
            consumer.close()
        raise AssertionError("the receipts topic has no end")

    def receipts(self) -> list[tuple[int, int]]:
        return [(w.seq, w.seen) for w in self.words() if isinstance(w, Receipt)]

    def requests(self) -> list[ResendRequest]:
        return [w for w in self.words() if isinstance(w, ResendRequest)]

    def start(self) -> tuple[Stop, threading.Thread, list[BaseException]]:
        """The consumer, beside the test."""
        stop, failed = Stop(), []
        consumer = Receipts(self.journal.settings, stop)

        def run() -> None:
            try:
                consumer.run()
            except BaseException as error:  # noqa: BLE001 - what it died of is what is asked
                failed.append(error)

        thread = threading.Thread(target=run, name="receipts")
        thread.start()
        return stop, thread, failed


@pytest.fixture
def desk(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(module, "ROUND_S", 0.1)
    monkeypatch.setattr(module.gap, "GRACE", module.gap.GRACE * 0)
    desk = Desk(journal)
    yield desk


@pytest.fixture
def running(desk: Desk) -> Iterator[Desk]:
    """The desk with its receipts consumer."""
    stop, thread, failed = desk.start()
    yield desk
    stop.ask()
    thread.join(30)
    assert failed == []


def three(desk: Desk) -> list[Read]:
    """Three changes of one record, and the marks behind them."""
    return desk.say(change(1, 0), change(2, 1), change(3, 2), mark(3, 3, received=3))


def test_a_receipt_follows_the_store_and_never_leads(running: Desk) -> None:
    """Read by the audit, then contained in the view, then told: not before both are committed."""
    journal = running.journal
    journal.audit()
    journal.settle(three(running), "audit")
    until(lambda: running.receipts() == [(0, 3)])

    journal.start()
    journal.settle(running.barriers(2))
    until(lambda: running.receipts() == [(0, 3), (2, 3)])
    journal.settle(running.barriers(3))
    until(lambda: running.receipts() == [(0, 3), (2, 3), (3, 3)])

    words = [word for word in running.words() if isinstance(word, Receipt)]
    assert [word.issued for word in words] == [1, 2, 3]
    assert len({word.store for word in words}) == 1 and ":1" in words[0].store


def test_a_standby_that_took_over_does_not_take_back_what_was_seen(desk: Desk) -> None:
    """Another process, on a database that has read less: it says what is complete now, and the highest
    number that was ever seen."""
    journal, conninfo = desk.journal, desk.journal.settings.conninfo
    journal.audit()
    stop, thread, failed = desk.start()
    journal.settle(three(desk), "audit")
    until(lambda: desk.receipts() == [(0, 3)])
    stop.ask()
    thread.join(30)
    journal.stop()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("UPDATE dsn_store.source_lanes SET read = 1, complete = 0")

    stop, thread, failed_again = desk.start()
    until(lambda: len(desk.receipts()) == 2)
    stop.ask()
    thread.join(30)

    assert failed == failed_again == []
    assert desk.receipts() == [(0, 3), (0, 3)]


def test_a_receipt_waits_for_the_quarantine(running: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number may be complete because it was set aside: then it has to be there, too."""
    journal = running.journal
    journal.audit()
    journal.start()
    first = [*three(running), *running.barriers(3)]
    journal.settle(running.view.reads)
    journal.settle([read for read in first if read.topic == CHANGES], "audit")
    until(lambda: (3, 3) in running.receipts())
    journal.stop()
    monkeypatch.setattr(module, "QUARANTINE_S", 1.5)

    aside = QuarantinedChange(
        source="chum-adt", stage="admit", reason="r", detail="", topic=CHANGES, partition=0,
        offset=99, epoch=1, seq=4, captured_at=0, payload=b"x",
    )  # fmt: skip
    reads = [running.view.quarantine(aside)]
    journal.publish(reads)
    journal.audit()
    journal.settle(running.say(change(4, 3), mark(4, 4, received=4)), "audit")
    with psycopg.connect(journal.settings.conninfo, autocommit=True) as connection:
        connection.execute("UPDATE dsn_store.barriers SET seq = 4")
    time.sleep(2.0)
    assert running.receipts()[-1] == (3, 3)

    journal.start()
    journal.settle(reads)
    until(lambda: running.receipts()[-1] == (4, 4))


def test_a_hole_is_asked_for_explained_and_closed(running: Desk, desk: Desk) -> None:
    """In the view, on the topic, and in the operator's hands; a request by hand goes the same way."""
    journal, conninfo = desk.journal, desk.journal.settings.conninfo
    journal.audit()
    journal.settle(desk.say(change(1, 0), change(3, 2), mark(3, 3, received=3)), "audit")
    until(lambda: [row.state for row in gaps(conninfo)] == ["asked"])
    until(lambda: len(desk.requests()) == 1)
    (row,) = gaps(conninfo)
    (asked,) = desk.requests()
    assert (row.source, row.epoch, row.after, row.upto) == ("chum-adt", 1, 1, 2)
    assert (asked.after, asked.upto, asked.fill, asked.number) == (1, 2, False, 1)

    assert explain(conninfo, "chum-adt", 1, 0, 1, "fire", "roy") == 0
    assert explain(conninfo, "chum-adt", 1, 0, 2, "fire", "roy") == 1
    until(lambda: len(desk.requests()) == 2)
    assert [row.state for row in gaps(conninfo)] == ["explained"]
    filler = desk.requests()[1]
    assert (filler.fill, filler.reason, filler.partition) == (True, "fire", row.partition)

    request_resend(conninfo, "chum-adt", None, None)
    until(lambda: len(desk.requests()) == 3)
    assert (desk.requests()[2].after, desk.requests()[2].upto) == (0, 0)

    journal.settle(desk.say(change(2, 1)), "audit")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        until(
            lambda: connection.execute(
                "SELECT state, closed_at IS NOT NULL, reason FROM dsn.gaps"
            ).fetchall() == [("explained", True, "fire")]
        )  # fmt: skip


@pytest.mark.parametrize("step", ["_note_gaps", "_due", "_quarantine_stored", "_publish"])
def test_it_dies_behind_every_step_and_another_completes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever was done is done once more at worst, and a request keeps its number."""
    journal = desk.journal
    journal.audit()
    journal.settle(desk.say(change(1, 0), change(3, 2), mark(3, 3, received=3)), "audit")
    journal.start()
    journal.settle(desk.barriers(1))
    real = getattr(Receipts, step)

    def dying(*args: Any) -> Any:
        real(*args)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Receipts, step, dying)
        _, thread, failed = desk.start()
        thread.join(30)
        assert [type(error) for error in failed] == [Died]
    stop, thread, failed = desk.start()
    until(lambda: desk.receipts()[-1:] == [(1, 3)] and len(desk.requests()) >= 1)
    stop.ask()
    thread.join(30)

    assert failed == []
    assert {request.number for request in desk.requests()} == {1}
    assert all(seq <= 1 for seq, _ in desk.receipts())
    issued = [word.issued for word in desk.words() if isinstance(word, Receipt)]
    assert issued == sorted(issued)


def test_a_frozen_one_cannot_speak_after_its_successor(desk: Desk) -> None:
    """Its transaction is fenced: an old word in the place of a newer one would free nothing, but
    would have an outbox send everything again."""
    first = module.Producer(module._producer_config(desk.journal.settings))
    first.init_transactions(15)
    second = module.Producer(module._producer_config(desk.journal.settings))
    second.init_transactions(15)
    first.begin_transaction()
    first.produce(RECEIPTS, b"late", partition=0)
    with pytest.raises(module.KafkaException):
        first.commit_transaction(15)

    assert desk.words() == []
