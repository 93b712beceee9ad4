"""A database of one's own on the real PostgreSQL, and a real Kafka whose topics a test may break."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from consumers.books import Centre
from consumers.parts import CHANGES, PARTITIONS, LocalIds, codec, fresh_database

from dsn_consumers.audit import AuditSink
from dsn_consumers.intake import Read
from dsn_consumers.pump import Pump, Sink
from dsn_consumers.stopping import Stop
from dsn_consumers.store import TOPICS as STORE_TOPICS
from dsn_consumers.store import StoreSink
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.jars import JarCache, lock
from dsn_deploy.stack.kafka import Kafka
from dsn_deploy.stack.ports import choose
from dsn_schemas.contract import SUBJECTS, composed_json
from dsn_schemas.registry import _keep
from dsn_schemas.settings import Settings
from support.world import World

DEADLINE_S = 30.0


@pytest.fixture
def conninfo(stack: EmbeddedStack) -> str:
    """A fresh, migrated database."""
    return fresh_database(
        stack.postgres.conninfo("postgres", "postgres"), stack.postgres.conninfo()
    )


@pytest.fixture
def superuser(stack: EmbeddedStack, conninfo: str) -> str:
    """The same database for somebody who may do anything, triggers included."""
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    return stack.postgres.conninfo("postgres", str(name))


@pytest.fixture
def connection(conninfo: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo, autocommit=True) as connected:
        yield connected


@pytest.fixture
def world() -> World:
    """The streams in memory; a file that wants other ones has a fixture of this name."""
    return World(seed=7, partitions=3)


@pytest.fixture
def centre(connection: psycopg.Connection, world: World) -> Centre:
    """Store and audit of that world."""
    return Centre(connection, world)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of our own: the topics' names are fixed and these tests delete them."""
    folder = tmp_path_factory.mktemp("consumers-kafka")
    ports = choose(folder / "ports.json")
    class_path = JarCache().fetch([a for a in lock() if a.program == "kafka"])
    broker = Kafka(
        folder=folder / "kafka",
        log=folder / "kafka.log",
        class_path=class_path,
        port=ports.kafka,
        controller_port=ports.controller,
    )
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()


class Journal:
    """Topics made anew, a fresh database, and consumers that run beside the test."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Idempotent: a topic just made may refuse the first batch, and it must not come in last.
        self._producer = Producer(
            {"bootstrap.servers": settings.kafka, "linger.ms": 2, "enable.idempotence": True}
        )
        self._running: list[tuple[Stop, threading.Thread]] = []
        self.errors: list[Exception] = []

    def make_topics(self, *names: str) -> None:
        """Delete and make them."""
        admin = AdminClient({"bootstrap.servers": self.settings.kafka})
        for done in admin.delete_topics(list(names)).values():
            with contextlib.suppress(KafkaException):
                done.result(DEADLINE_S)
        until(lambda: not set(names) & set(admin.list_topics(timeout=5).topics))
        wanted = [NewTopic(name, PARTITIONS, 1) for name in names]
        end = time.monotonic() + DEADLINE_S
        while wanted:
            futures = admin.create_topics(wanted)
            wanted = [topic for topic in wanted if not _created(futures[topic.topic])]
            assert time.monotonic() < end
        until(lambda: set(names) <= set(admin.list_topics(timeout=5).topics))

    def publish(self, reads: list[Read]) -> None:
        """Write records where they say they were read."""
        for read in reads:
            self._producer.produce(
                read.topic, key=read.key, value=read.value, partition=read.partition
            )
            self._producer.poll(0)
        assert self._producer.flush(30) == 0

    def start(self, sink: Sink | None = None) -> Stop:
        """Run a consumer; ``settle`` waits for it, ``stop`` ends all."""
        stop = Stop()
        pump = Pump(self.settings, StoreSink(codec) if sink is None else sink, stop)

        def run() -> None:
            try:
                pump.run()
            except Exception as error:  # noqa: BLE001 - what it stopped for is what the test asks
                self.errors.append(error)

        thread = threading.Thread(target=run, name="consumer")
        thread.start()
        self._running.append((stop, thread))
        return stop

    def audit(self) -> Stop:
        return self.start(AuditSink(codec))

    def stop(self) -> None:
        """Stop every consumer and wait for it."""
        for stop, _ in self._running:
            stop.ask()
        for _, thread in self._running:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()
        self._running.clear()

    def settle(self, reads: list[Read], consumer: str = "store") -> None:
        """Wait until the stored offsets are behind all of these."""
        wanted: dict[tuple[str, int], int] = {}
        for read in reads:
            place = (read.topic, read.partition)
            wanted[place] = max(wanted.get(place, 0), read.offset + 1)
        with psycopg.connect(self.settings.conninfo, autocommit=True) as connected:

            def arrived() -> bool:
                rows = connected.execute(
                    'SELECT topic, "partition", next_offset FROM dsn_store.offsets'
                    " WHERE consumer = %s",
                    [consumer],
                )
                at = {(topic, p): offset for topic, p, offset in rows}
                return all(at.get(place, 0) >= offset for place, offset in wanted.items())

            until(lambda: arrived() or bool(self.errors))
        assert self.errors == []


@pytest.fixture
def journal(kafka: Kafka, conninfo: str, tmp_path: Path) -> Iterator[Journal]:
    """The topics of the centre, empty."""
    settings = Settings(
        kafka=kafka.bootstrap, conninfo=conninfo, data=tmp_path, partitions=PARTITIONS
    )
    for name in SUBJECTS:  # as a first start leaves the cache, so that no registry is needed
        _keep(settings, LocalIds().id_of(name), composed_json(name))
    made = Journal(settings)
    made.make_topics(*STORE_TOPICS, CHANGES)
    try:
        yield made
    finally:
        made.stop()


def until(true: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Wait until it is true; fail after the deadline."""
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, "not true in time"
        time.sleep(0.02)


def _created(future: object) -> bool:
    try:
        future.result(DEADLINE_S)  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        time.sleep(0.1)  # being deleted
        return False
    return True
