"""From Kafka to PostgreSQL, rows and offsets together: the loop of the store and of the audit.

What PostgreSQL says is where we are. Whenever it was away, and whenever the fate of a commit is
unknown, we ask it again and read on from there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import psycopg
import structlog
from confluent_kafka import KafkaException

from dsn_consumers.database import statement
from dsn_consumers.errors import AnotherWriter, OffsetsLost, is_passing
from dsn_consumers.intake import Intake, Place, Read, Topic
from dsn_consumers.stopping import Backoff, Stop
from dsn_schemas import metrics
from dsn_schemas.registry import RegistryUnreachable
from dsn_schemas.settings import Settings
from dsn_schemas.wire import UnknownSchema

log = structlog.get_logger()

Prepared = TypeVar("Prepared")
Connection = psycopg.Connection[Any]

#: Between two looks for new topics, s: a new establishment is heard within this time.
LOOK_S = 3.0
#: Between two tries for the lock another consumer of the name holds, s.
LOCK_EVERY_S = 1.0

#: How long a first record is waited for before the loop looks around.
WAIT_S = 0.1
#: Records of one answer of the broker come one partition after another within this time, s.
GATHER_S = 0.005
#: A transaction costs a dozen statements whatever is in it. When it takes long the machine is busy,
#: and the next one begins later in proportion, at most this long after it: more rows in fewer of them.
PACE_S_MAX = 0.1
_PACE_TIMES = 2.0

#: A statement may take this long: a full batch takes 0.5 s on two busy cores.
_OPTIONS = "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"


class Sink(Protocol, Generic[Prepared]):
    """What a consumer does with what was read."""

    #: Name of the consumer in the offsets, the lock and the log.
    name: str
    #: Whether a batch may be prepared while the one before it is being written.
    prepares_ahead: bool
    #: Whether what was deleted before it was read is said again by whoever wrote it, so that it reads
    #: on behind it; otherwise it stops (``OffsetsLost``).
    said_again: bool

    def wanted(self, topics: Sequence[str]) -> list[str]:
        """Which of the topics there are to read."""

    def complete(self, topics: Sequence[Topic]) -> bool:
        """Are these enough to begin?"""

    def opened(self, connection: Connection, topics: Sequence[Topic]) -> None:
        """A new connection: make or load what lasts as long as it does."""

    def prepare(self, records: Sequence[Read]) -> Prepared:
        """Decide what to write. Raises ``UnknownSchema`` to be asked again later."""

    def write(self, connection: Connection, prepared: Prepared) -> None:
        """Write it, within the transaction that moves the offsets."""

    def committed(self, prepared: Prepared) -> None:
        """It is kept."""


@dataclass(frozen=True, slots=True)
class _Writing(Generic[Prepared]):
    """A batch on its way into the database."""

    done: Future[None]
    prepared: Prepared
    #: Where each partition goes on once it is kept.
    after: dict[Place, int]


class Neighbours:
    """Where the pump reads and writes, and its clock; the simulation brings its own."""

    def intake(self, settings: Settings, name: str) -> Intake:
        """Where it reads."""
        return Intake(settings, name)

    def connect(self, conninfo: str) -> Connection:
        """Where it writes. Raises ``psycopg.OperationalError``."""
        return connect(conninfo)

    def writer(self) -> Executor:
        """Who writes while it reads on."""
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def backoff(self) -> Backoff:
        """Pauses while a neighbour is away."""
        return Backoff()


class Pump(Generic[Prepared]):
    """Reads, writes, and never loses its place."""

    def __init__(
        self,
        settings: Settings,
        sink: Sink[Prepared],
        stop: Stop,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._stop = stop
        self._neighbours = neighbours or Neighbours()
        self._intake = self._neighbours.intake(settings, sink.name)
        self._connection: Connection | None = None
        self._offsets: dict[Place, int] = {}
        self._topics: dict[str, Topic] = {}
        self._looked_at = 0.0
        self._backoff = self._neighbours.backoff()
        #: Writes one batch while the next is read: PostgreSQL works and so do we.
        self._writer = self._neighbours.writer()
        self._writing: _Writing[Prepared] | None = None
        #: When the newest batch began to be written, and how long that took, s.
        self._began = 0.0
        self._took_s = 0.0

    def run(self) -> None:
        """Work until somebody asks to stop.

        1. Take the lock, then learn the offsets from PostgreSQL and read from there.
        2. Read a batch and decide what to write.
        3. In one transaction move the offsets, if they are still ours, and write the rows.
        4. Commit. Dying before this repeats the batch; dying after it repeats nothing.
        5. Only then touch the connection for the next batch, which may have been read meanwhile.

        Raises ``ConsumerError`` for what a person has to decide.
        """
        self._stop.after_drain(self._cancel)
        try:
            while not self._stop.asked:
                try:
                    self.open()
                    while not self._stop.asked:
                        self.step()
                    self._finish()
                except (psycopg.Error, KafkaException) as error:
                    self.pause(error)
        finally:
            self._disconnect()
            self._writer.shutdown()
            self._intake.close()
            log.info("consumer_stopped", consumer=self._sink.name)

    def step(self) -> None:
        """Read a batch, and begin to keep it as soon as the one before it is kept."""
        self._look()
        due = self._began + min(self._took_s * _PACE_TIMES, PACE_S_MAX)
        gather_s = max(GATHER_S, due - self._neighbours.monotonic())
        records = self._intake.poll(WAIT_S, gather_s)  # 2
        prepared = self._prepared(records) if records else None
        self._finish()  # 5
        if prepared is None:
            return
        before, after = self._moves(records)
        done = self._writer.submit(self._write, self._connected(), before, after, prepared)
        self._writing = _Writing(done, prepared, after)
        if not self._sink.prepares_ahead:
            self._finish()

    def _write(
        self,
        connection: Connection,
        before: Mapping[Place, int],
        after: Mapping[Place, int],
        prepared: Prepared,
    ) -> None:
        """One transaction, in the writer's thread; nobody else uses the connection meanwhile."""
        self._began = self._neighbours.monotonic()
        with connection.transaction():
            self._move(connection, before, after)  # 3
            self._sink.write(connection, prepared)
        self._took_s = self._neighbours.monotonic() - self._began

    def _finish(self) -> None:
        """Wait until the batch being written is committed. Raises what its writing raised."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        writing.done.result()
        self._backoff.reset()  # a batch is kept: both neighbours are there
        moved = sum(at - self._offsets.get(place, at) for place, at in writing.after.items())
        metrics.batch(self._sink.name, moved)
        self._offsets.update(writing.after)  # 4
        self._sink.committed(writing.prepared)
        log.debug("batch_kept", consumer=self._sink.name, places=len(writing.after))

    def open(self) -> None:
        """Connect, and read on from where PostgreSQL says we are."""
        self._connection = self._neighbours.connect(self._settings.conninfo)
        self._lock(self._connection)
        while not self._stop.asked:
            found = self._intake.describe(self._sink.wanted(self._intake.topics()))
            if self._sink.complete(found):
                break
            pause = self._backoff.next_s()
            log.warning("topics_missing", consumer=self._sink.name, found=len(found), again_s=pause)
            self._stop.wait(pause)
        else:
            return
        self._topics = {topic.name: topic for topic in found}
        self._offsets = self._learn(found)
        self._sink.opened(self._connection, found)
        self._intake.read_from(self._offsets)
        self._looked_at = self._neighbours.monotonic()
        metrics.readiness.set(self._sink.name, True)
        log.info("consumer_ready", consumer=self._sink.name, partitions=len(self._offsets))

    def _look(self) -> None:
        """Take up topics that appeared since, and notice one that was made anew behind our back."""
        if self._neighbours.monotonic() < self._looked_at + LOOK_S:
            return
        self._looked_at = self._neighbours.monotonic()
        self._finish()
        self._check_offsets()
        try:
            found = self._intake.describe(self._sink.wanted(self._intake.topics()))
        except KafkaException as error:
            # Reading may go on meanwhile: the broker that does not answer need not be the one we read.
            log.warning("topics_not_looked_at", consumer=self._sink.name, why=str(error.args[0]))
            return
        check_ids(found, {name: topic.topic_id for name, topic in self._topics.items()})
        new = [topic for topic in found if topic.name not in self._topics]
        if new:
            self._topics |= {topic.name: topic for topic in new}
            fresh = self._learn(new)
            self._offsets |= fresh
            self._sink.opened(self._connected(), list(self._topics.values()))
            self._intake.also_read_from(fresh)
            log.info("topics_found", consumer=self._sink.name, topics=[t.name for t in new])

    def _learn(self, topics: Sequence[Topic]) -> dict[Place, int]:
        """Where to read these topics on, beginning those that are new at their oldest record."""
        connection = self._connected()
        places = [(topic.name, p) for topic in topics for p in range(topic.partitions)]
        consumer = {"consumer": self._sink.name}
        with connection.transaction():
            for topic in topics:
                connection.execute(statement("add_topic"), topic._asdict() | {"topic": topic.name})
            ids = connection.execute(statement("topic_ids")).fetchall()
            check_ids(topics, dict(ids))
            known = self._stored(connection)
            for place in places:
                if place not in known:
                    known[place] = self._intake.first_offset(place)
                    values = {"topic": place[0], "partition": place[1], "next_offset": known[place]}
                    connection.execute(statement("add_offset"), consumer | values)
            if self._sink.said_again:
                known |= self._cut(connection, {place: known[place] for place in places})
        return {place: known[place] for place in places}

    def _cut(self, connection: Connection, places: Mapping[Place, int]) -> dict[Place, int]:
        """Go to the oldest record where what we would read next was deleted; where we went.

        A retention shorter than an outage, or an operator, deleted it. What is missing shows by its
        numbers: *complete* stands still in front of it, an alarm says so, and its outbox is asked.
        """
        oldest = {place: self._intake.first_offset(place) for place in places}
        after = {place: low for place, low in oldest.items() if low > places[place]}
        if after:
            self._move(connection, places, after)
            for (topic, partition), low in sorted(after.items()):
                log.error(
                    "deleted_before_read",
                    consumer=self._sink.name,
                    topic=topic,
                    partition=partition,
                    records_max=low - places[topic, partition],
                )
        return after

    def _check_offsets(self) -> None:
        """Raise ``AnotherWriter`` when an operator set the offsets back: without traffic too."""
        stored = self._stored(self._connected())
        if any(stored.get(place) != at for place, at in self._offsets.items()):
            raise AnotherWriter(
                f"the offsets of consumer {self._sink.name} were moved: reading again from there"
            )

    def _stored(self, connection: Connection) -> dict[Place, int]:
        rows = connection.execute(statement("offsets"), {"consumer": self._sink.name})
        return {(topic, partition): at for topic, partition, at in rows}

    def _prepared(self, records: Sequence[Read]) -> Prepared | None:
        """What to write; ``None`` when asked to stop while a schema could not be had."""
        backoff = self._neighbours.backoff()
        while True:
            try:
                return self._sink.prepare(records)
            except (UnknownSchema, RegistryUnreachable) as error:
                pause = backoff.next_s()
                log.warning(
                    "schema_awaited",
                    consumer=self._sink.name,
                    why=str(error),
                    attempts=backoff.attempts,
                    again_s=round(pause, 2),
                )
                if self._stop.wait(pause):
                    return None

    def _moves(self, records: Sequence[Read]) -> tuple[dict[Place, int], dict[Place, int]]:
        after = {(r.topic, r.partition): r.offset + 1 for r in records}
        return {place: self._offsets[place] for place in after}, after

    def _move(
        self, connection: Connection, before: Mapping[Place, int], after: Mapping[Place, int]
    ) -> None:
        places = sorted(after)
        values = {
            "consumer": self._sink.name,
            "topics": [topic for topic, _ in places],
            "partitions": [partition for _, partition in places],
            "before": [before[place] for place in places],
            "after": [after[place] for place in places],
        }
        moved = connection.execute(statement("move_offsets"), values).rowcount
        if moved != len(places):
            raise AnotherWriter(
                f"{len(places) - moved} of {len(places)} offsets of consumer {self._sink.name} are"
                " not where we left them: another writer or an operator moved them; start again"
            )

    def _lock(self, connection: Connection) -> None:
        """Wait until no other consumer of our name writes; the lock ends with the connection."""
        waited = False
        while not self._stop.asked:
            values = {"consumer": self._sink.name}
            row = connection.execute(statement("lock_consumer"), values).fetchone()
            if row is not None and row[0]:
                return
            if not waited:
                log.warning("consumer_waits_for_another", consumer=self._sink.name)
                waited = True
            self._stop.wait(LOCK_EVERY_S)

    def pause(self, error: Exception) -> None:
        """Let go of an away neighbour for a while. Raises an error that will not pass by itself."""
        if isinstance(error, psycopg.Error) and not is_passing(error):
            raise error
        self._disconnect()
        metrics.readiness.set(self._sink.name, False)
        metrics.pause(self._sink.name)
        pause = self._backoff.next_s()
        log.warning(
            "neighbour_away",
            consumer=self._sink.name,
            error=type(error).__name__,
            sqlstate=getattr(error, "sqlstate", None),
            attempts=self._backoff.attempts,
            again_s=round(pause, 2),
        )
        self._stop.wait(pause)

    def _connected(self) -> Connection:
        if self._connection is None:
            raise psycopg.InterfaceError("not connected")
        return self._connection

    def _disconnect(self) -> None:
        """Let go of the connection; whatever comes of a batch being written, PostgreSQL knows."""
        if self._writing is not None:
            self._writing.done.exception()
            self._writing = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _cancel(self) -> None:
        connection = self._connection
        if connection is not None and not connection.closed:
            log.warning("statement_cancelled", consumer=self._sink.name)
            connection.cancel_safe(timeout=1.0)


def connect(conninfo: str) -> Connection:
    """A connection that notices a dead or demoted server. Raises ``psycopg.OperationalError``."""
    return psycopg.connect(
        conninfo,
        autocommit=True,
        connect_timeout=5,
        tcp_user_timeout=10_000,
        target_session_attrs="read-write",
        options=_OPTIONS,
        application_name="dsn",
        # A peer that is gone without a word is noticed within some 10 s.
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
    )


def check_ids(topics: Sequence[Topic], stored: Mapping[str, str]) -> None:
    """Raise ``OffsetsLost`` for a topic that is not the one our offsets are of."""
    for topic in topics:
        ours = stored.get(topic.name, topic.topic_id)
        if ours != topic.topic_id:
            raise OffsetsLost(
                f"{topic.name} was made anew (id {topic.topic_id}; our offsets are of {ours}):"
                " they say nothing about it; rebuild the store from offset 0"
            )
