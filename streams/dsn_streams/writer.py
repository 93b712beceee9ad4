"""The transactional producer that the lanes of a stage share in a worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import KafkaError, KafkaException, Message

from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX
from dsn_streams.clients import Clients, Config, TransactionalProducer
from dsn_streams.errors import NotDurable

#: A commit that takes longer is given up: below the group's patience with a silent worker.
TRANSACTION_S = 15
MESSAGE_S = 12
#: Longest a name is waited for: what it left open is being ended meanwhile.
INIT_S = 30
#: Topic, partition, key, value.
Record = tuple[str, int, bytes | None, bytes | None]
#: Hears what became of a record.
Report = Callable[[KafkaError | None, Message], None]


class Writer:
    """Commits turns, until somebody fences it."""

    def __init__(self, settings: Settings, stage: str, name: str, clients: Clients) -> None:
        """``name`` is that of its transactions. Raises ``KafkaException``."""
        self._stage = stage
        self._producer = fenced(settings, stage, name, clients)

    def commit(self, records: Iterable[Record], marks: Sequence[Record]) -> list[int]:
        """One transaction of the records, and behind them the marks; the offset of each mark.

        Raises ``NotDurable``; nothing of it is seen by anybody then.
        """
        producer = self._producer
        reached: dict[int, int] = {}
        try:
            producer.begin_transaction()
            _produce(producer, records)
            for number, mark in enumerate(marks):
                _produce_later(producer, mark, _into(reached, number))
            _commit(producer)
        except KafkaException as error:
            raise NotDurable(f"{self._stage}: {error.args[0]}") from error
        producer.poll(0)
        if len(reached) != len(marks):
            raise NotDurable(f"{self._stage}: committed without a report")
        return [reached[number] for number in range(len(marks))]


def fenced(settings: Settings, stage: str, name: str, clients: Clients) -> TransactionalProducer:
    """The only producer of this name that can write from now on. Raises ``KafkaException``.

    ``init_transactions`` aborts what another one left open and makes all its writes fail, however
    long it was frozen.
    """
    config: Config = {
        "bootstrap.servers": settings.kafka,
        "client.id": f"dsn-{stage}",
        "transactional.id": name,
        "transaction.timeout.ms": TRANSACTION_S * 1000,
        "message.timeout.ms": MESSAGE_S * 1000,
        "message.max.bytes": MESSAGE_BYTES_MAX,
        "compression.type": "lz4",
        "linger.ms": 2,
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 512 * 1024,
    }
    producer = clients.producer(config)
    producer.init_transactions(INIT_S)
    return producer


def _into(reached: dict[int, int], number: int) -> Report:
    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            reached[number] = message.offset() or 0

    return delivered


def _produce(producer: TransactionalProducer, records: Iterable[Record]) -> None:
    """Produce each record.

    Arguments go by position: naming them takes the client half as long again.
    """
    for record in records:
        topic, partition, key, value = record
        try:
            producer.produce(topic, value, key, partition)
        except BufferError:
            _produce_later(producer, record)


def _produce_later(
    producer: TransactionalProducer, record: Record, report: Report | None = None
) -> None:
    """Produce, waiting for room in the client's queue a bounded number of times."""
    topic, partition, key, value = record
    for _ in range(100):
        try:
            producer.produce(topic, value, key, partition, report)
        except BufferError:
            producer.poll(0.1)
            continue
        return
    raise NotDurable(f"{topic}[{partition}]: the client's queue stayed full for 10 s")


def _commit(producer: TransactionalProducer) -> None:
    """Commit the transaction, again while the client says that it may be tried again."""
    for attempt in range(3):
        try:
            producer.commit_transaction(TRANSACTION_S)
        except KafkaException as error:
            reason = error.args[0]
            if reason.retriable() and attempt < 2:
                continue
            if reason.txn_requires_abort():
                with contextlib.suppress(KafkaException):
                    producer.abort_transaction(TRANSACTION_S)
            raise
        else:
            return
