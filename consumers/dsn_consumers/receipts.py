"""The receipts consumer: tells each outbox what of it is in the store, and asks for what is missing.

A receipt is published only for what PostgreSQL has committed. One process writes at a time: a lock
in PostgreSQL keeps a second one waiting, and a transactional producer fences one that was frozen,
so that the order of each receipts topic is the order in which its receipts are true.

What is decided is in ``receipt`` and ``gap``; what outboxes make of it, in ``dsn_producers``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
import structlog
from confluent_kafka import KafkaException, Producer
from psycopg.rows import class_row

from dsn_consumers import gap, receipt
from dsn_consumers.database import statement
from dsn_consumers.errors import is_passing
from dsn_consumers.gap import Gap, Hole
from dsn_consumers.generations import consumer_of
from dsn_consumers.intake import Intake
from dsn_consumers.pump import LOCK_EVERY_S, connect
from dsn_consumers.quarantine_tail import QuarantineTail, TailUnread
from dsn_consumers.receipt import Key, Look, Moves, Progress, highest_seen
from dsn_consumers.said import SayingsUnread, receipts_said
from dsn_consumers.stopping import Backoff, Stop
from dsn_schemas import metrics
from dsn_schemas.records import Receipt, ResendRequest, RetryRequest
from dsn_schemas.registry import RegistryIds, RegistryUnreachable
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CHANGES_PREFIX, QUARANTINE, RECEIPTS_PREFIX, named, receipts_topic
from dsn_schemas.wire import Codec, UnknownSchema

log = structlog.get_logger()

Connection = psycopg.Connection[Any]
#: What an outbox is asked for.
Asked = ResendRequest | RetryRequest

#: Between two looks at the store, s: an outbox may free what is older than an hour, so there is
#: no haste; a hole is noticed within this time and asked for a few seconds later.
ROUND_S = 1.0
#: Between two looks at which records move, and which receipts topics there are, s.
LOOK_S = 30.0
#: How long the store may lag behind the end of the quarantine before a round is given up, s.
QUARANTINE_S = 10.0
#: How long everything that was ever said may take to be read at the beginning, s.
SAID_S = 30.0
#: A transaction of some small records takes milliseconds, or the brokers are away.
TRANSACTION_S = 15.0


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = Stop()
    stop.on_signals()
    Receipts(settings, stop).run()


class Receipts:
    """The consumer."""

    name = "receipts"

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._codec = Codec(RegistryIds(settings))
        self._told: dict[Key, Receipt] = {}
        #: The highest number ever told as seen.
        self._seen: dict[Key, int] = {}
        self._moves = Moves()
        self._held: set[tuple[str, str]] = set()
        self._topics: frozenset[str] = frozenset()
        self._looked = -LOOK_S

    def run(self) -> None:
        """Work until somebody asks to stop; neighbours that are away are waited for."""
        backoff = Backoff()
        while not self._stop.asked:
            try:
                self._session(backoff)
            except (
                KafkaException,
                RegistryUnreachable,
                SayingsUnread,
                TailUnread,
                UnknownSchema,
                psycopg.Error,
            ) as error:
                if isinstance(error, psycopg.Error) and not is_passing(error):
                    raise
                pause = backoff.next_s()
                metrics.readiness.set(self.name, False)
                metrics.pause(self.name)
                log.warning(
                    "neighbour_away",
                    consumer=self.name,
                    error=type(error).__name__,
                    why=_said(error),
                    again_s=round(pause, 2),
                )
                self._stop.wait(pause)
        log.info("consumer_stopped", consumer=self.name)

    def _session(self, backoff: Backoff) -> None:
        """The life of one connection, one producer and one reader of the quarantine."""
        with connect(self._settings.conninfo) as connection:
            self._lock(connection)
            if self._stop.asked:
                return
            producer = Producer(_producer_config(self._settings))
            producer.init_transactions(TRANSACTION_S)
            intake = Intake(self._settings, self.name)
            tail = QuarantineTail(self._settings)
            self._told.clear()  # somebody else may have told otherwise meanwhile
            try:
                self._recall(intake.topics())
                metrics.readiness.set(self.name, True)
                log.info("consumer_ready", consumer=self.name)
                while not self._stop.asked:
                    self._look(connection, intake)
                    self.round(connection, producer, tail)
                    metrics.batch(self.name, 0)
                    backoff.reset()
                    self._stop.wait(ROUND_S)
            finally:
                tail.close()
                intake.close()

    def _recall(self, names: Iterable[str]) -> None:
        """What was ever said; nobody else can say anything any more."""
        topics = [name for name in names if name.startswith(RECEIPTS_PREFIX)]
        said = receipts_said(self._settings, self._codec, topics, SAID_S)
        self._seen = highest_seen(said)

    def round(self, connection: Connection, producer: Producer, tail: QuarantineTail) -> None:
        """Notice holes, then publish what is due.

        1. Write which holes there are, and what to ask for, in one transaction.
        2. Look at the store: what is complete, in one transaction.
        3. Wait until the store has read the quarantine as far as it was written by now.
        4. Publish receipts and requests in one Kafka transaction.
        5. Note that the requests are published; dying before this publishes them again, and an
           outbox serves each once.
        """
        self._note_gaps(connection)  # 1
        due = self._due(connection)  # 2
        requests = self._waiting_requests(connection)
        if due and not self._quarantine_stored(connection, tail):  # 3
            due = {}
        if not due and not requests:
            return
        self._publish(producer, due, requests)  # 4
        self._told.update(due)
        self._seen.update((key, one.seen) for key, one in due.items())
        if requests:
            numbers = [request.number for _, request in requests]
            connection.execute(statement("requests_published"), {"numbers": numbers})  # 5

    def _note_gaps(self, connection: Connection) -> None:
        with connection.transaction():
            holes = [Hole(*row) for row in connection.execute(statement("holes"))]
            known = read_gaps(connection)
            if not holes and not known:
                return
            row = connection.execute("SELECT now()").fetchone()
            assert row is not None
            changed, requests = gap.decide(holes, known, row[0])
            for one in changed:
                write_gap(connection, one)
            for request in requests:
                connection.execute(statement("add_request"), request._asdict())
        for one in changed:
            log.warning(
                "gap_closed" if one.closed_at else "gap_open",
                source=one.hole.source,
                epoch=one.hole.epoch,
                after=one.hole.after,
                upto=one.hole.upto,
                asked=one.asked,
            )

    def _due(self, connection: Connection) -> dict[Key, Receipt]:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            with connection.cursor(row_factory=class_row(Progress)) as cursor:
                progress = cursor.execute(statement("receipt_progress")).fetchall()
            progress = [one for one in progress if _receipts_of(one.topic) in self._topics]
            row = connection.execute(statement("store_identity")).fetchone()
            assert row is not None
            store, issued = str(row[0]), int(row[1]) + 1
            look = Look(store=store, issued=issued, at=time.time_ns() // 1_000_000)
            due = receipt.due(progress, self._told, look, self._held, self._seen)
            if due:
                connection.execute(statement("issue"), {"issued": issued})
        return due

    def _quarantine_stored(self, connection: Connection, tail: QuarantineTail) -> bool:
        """Has the store everything that was in quarantine when it was looked at?"""
        quarantine = named(QUARANTINE, self._settings.generation)
        if quarantine not in self._topics:
            return True
        asked = {"consumer": consumer_of(self._settings.generation), "topic": quarantine}
        start = dict(connection.execute(statement("quarantine_offsets"), asked).fetchall())
        wanted = tail.ends(start, QUARANTINE_S)
        end = time.monotonic() + QUARANTINE_S
        while not self._stop.asked:
            stored = dict(connection.execute(statement("quarantine_offsets"), asked).fetchall())
            if all(stored.get(partition, 0) >= at for partition, at in wanted.items()):
                return True
            if time.monotonic() >= end:
                log.warning("receipts_wait_for_quarantine", consumer=self.name)
                return False
            self._stop.wait(0.05)
        return False

    def _waiting_requests(self, connection: Connection) -> list[tuple[str, Asked]]:
        """Requests that are not published yet, each with its receipts topic."""
        rows = connection.execute(statement("requests_waiting")).fetchall()
        if not rows:
            return []
        row = connection.execute(statement("store_identity")).fetchone()
        assert row is not None
        found = [(_receipts_of(topic), _request(rest, str(row[0]))) for topic, *rest in rows]
        return [(topic, request) for topic, request in found if topic in self._topics]

    def _publish(
        self,
        producer: Producer,
        due: Mapping[Key, Receipt],
        requests: Sequence[tuple[str, Asked]],
    ) -> None:
        producer.begin_transaction()
        for (topic, source, epoch), one in due.items():
            key = f"{source}|{epoch}".encode()
            producer.produce(_receipts_of(topic), self._codec.encode(one), key, partition=0)
        for topic, request in requests:
            key = f"{request.source}|resend|{request.number}".encode()
            producer.produce(topic, self._codec.encode(request), key, partition=0)
        producer.commit_transaction(TRANSACTION_S)

    def _look(self, connection: Connection, intake: Intake) -> None:
        """Now and then: which receipts topics there are, and which records move for too long."""
        now = time.monotonic()
        if now - self._looked < LOOK_S and self._topics:
            return
        self._looked = now
        names = intake.topics()
        self._topics = frozenset(
            name
            for name in names
            if name.startswith(RECEIPTS_PREFIX)
            or name == named(QUARANTINE, self._settings.generation)
        )
        moving: dict[str, set[tuple[str, str]]] = {}
        for record, topic, source in connection.execute(statement("moving")):
            moving.setdefault(record, set()).add((topic, source))
        self._held = self._moves.stuck(moving, now)
        if self._held:
            names = sorted(source for _, source in self._held)
            log.warning("receipts_held_by_moves", consumer=self.name, sources=names)

    def _lock(self, connection: Connection) -> None:
        waited = False
        while not self._stop.asked:
            row = connection.execute(statement("lock_consumer"), {"consumer": self.name}).fetchone()
            if row is not None and row[0]:
                return
            if not waited:
                log.warning("consumer_waits_for_another", consumer=self.name)
                waited = True
            self._stop.wait(LOCK_EVERY_S)


def read_gaps(connection: Connection) -> list[Gap]:
    """Every hole that was noticed and is not closed."""
    return [
        Gap(
            hole=Hole(*row[:6]),
            since=row[6],
            asked=row[7],
            asked_at=row[8],
            reason=row[9],
            explained_by=row[10],
            explained_at=row[11],
        )
        for row in connection.execute(statement("gaps_known"))
    ]


def write_gap(connection: Connection, one: Gap) -> None:
    """Keep what is known of a hole."""
    values = {
        **one.hole._asdict(),
        "since": one.since,
        "asked": one.asked,
        "asked_at": one.asked_at,
        "reason": one.reason,
        "explained_by": one.explained_by,
        "explained_at": one.explained_at,
        "closed_at": one.closed_at,
    }
    connection.execute(statement("write_gap"), values)


def _receipts_of(changes_topic: str) -> str:
    return receipts_topic(changes_topic.removeprefix(CHANGES_PREFIX))


def _request(row: Sequence[Any], store: str) -> Asked:
    number, source, epoch, after, upto, partition, fill, reason, at, messages = row
    if messages is not None:
        return RetryRequest(
            source=source,
            messages=tuple(messages),
            store=store,
            number=number,
            at=int(at.timestamp() * 1000),
        )
    return ResendRequest(
        source=source,
        epoch=epoch,
        after=after,
        upto=upto,
        partition=partition,
        fill=fill,
        reason=reason,
        store=store,
        number=number,
        at=int(at.timestamp() * 1000),
    )


def _producer_config(settings: Settings) -> dict[str, str | int | float | bool]:
    return {
        "bootstrap.servers": settings.kafka,
        "client.id": "dsn-receipts",
        "transactional.id": "dsn.receipts",
        "transaction.timeout.ms": int(TRANSACTION_S * 1000),
        "message.timeout.ms": int(TRANSACTION_S * 1000),
        "linger.ms": 0,
        "log_level": 2,
    }


def _said(error: Exception) -> str | None:
    """What may be said of it: an error of PostgreSQL can quote values."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate
    return str(error)
