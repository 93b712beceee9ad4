"""Writes a decision to ``dsn.changes.steward``: numbered, once, and never over somebody else's.

The journal is the only truth about decisions; the table ``dsn_store.decisions`` is a copy that saves
reading it from the beginning. So nothing has to be brought back after the database was lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from dsn_consumers.database import statement
from dsn_consumers.steward.decisions import Decision, Numbering, marks, written
from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import partition_of, person_id, record_key
from dsn_schemas.records import RecordChange
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import changes_topic
from dsn_schemas.wire import Codec, UnreadableRecord

TOPIC = changes_topic(STEWARD)
#: A decision is made or refused within this time; brokers that are away longer refuse it.
WAIT_S = 15.0

Connection = psycopg.Connection[Any]


class Away(RuntimeError):
    """The journal did not take the decision: nothing was decided, try again."""


def decide(settings: Settings, decision: Decision, expected: int | None) -> int:
    """Write a decision; its number. It is decided when this returns, applied moments later.

    1. Take the stewards' lock, and fence whoever held it before and may still be writing.
    2. Learn the numbers: the copy in the database, then what the journal has beyond it.
    3. Refuse what is not as it was when the steward looked (``Conflict``).
    4. Write the changes and a mark for each partition in one transaction.

    Raises ``Conflict``, ``Away``, ``psycopg.OperationalError``.
    """
    codec = Codec(RegistryIds(settings))
    with _locked(settings.conninfo) as connection:  # 1
        try:
            producer = Producer(_producer(settings))
            producer.init_transactions(WAIT_S)
            numbering = _numbering(settings, connection, codec, decision)  # 2
            now_ms = time.time_ns() // 1_000_000
            changes = written(decision, numbering, expected, settings.partitions, now_ms)  # 3
            told = marks(numbering, settings.partitions, now_ms)
            _write(producer, codec, changes, told, settings.partitions)  # 4
        except KafkaException as error:
            raise Away(f"the journal of decisions is away ({error.args[0]}): try again") from None
    return changes[-1].seq


@contextmanager
def _locked(conninfo: str) -> Iterator[Connection]:
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"SET statement_timeout = '{int(WAIT_S)}s'")
        connection.execute(statement("lock_stewards"))
        yield connection


def _numbering(
    settings: Settings, connection: Connection, codec: Codec, decision: Decision
) -> Numbering:
    numbering = Numbering()
    for partition, seq in connection.execute(statement("decision_heads")):
        numbering.heads[partition] = seq
        numbering.seq = max(numbering.seq, seq)
    keys = {person_id(key): key for key in decision.records}
    found = connection.execute(statement("decision_versions"), {"records": list(keys)})
    numbering.versions.update((keys[record], seq) for record, seq in found)
    stored = dict(list(connection.execute(statement("decision_offsets"), {"topic": TOPIC})))
    for partition, change in _beyond(settings, codec, stored):
        if change.op != "mark":
            numbering.take(change, partition)
    return numbering


def _beyond(
    settings: Settings, codec: Codec, stored: dict[int, int]
) -> Iterator[tuple[int, RecordChange]]:
    """Changes of the journal from these offsets on, with their partitions."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "dsn-steward",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
    )
    try:
        lanes = range(settings.partitions)
        consumer.assign([TopicPartition(TOPIC, lane, stored.get(lane, 0)) for lane in lanes])
        waiting, deadline = set(lanes), time.monotonic() + WAIT_S
        while waiting:
            message = consumer.poll(0.5)
            if message is None:
                if time.monotonic() > deadline:
                    raise Away("the journal of decisions did not answer: try again")
                continue
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            lane = message.partition()
            assert lane is not None
            if error is not None:
                waiting.discard(lane)
                continue
            with suppress(UnreadableRecord):  # quarantined by admit; no decision of anybody
                change = codec.decode(message.value() or b"")
                if isinstance(change, RecordChange) and change.source == STEWARD:
                    yield lane, change
    finally:
        consumer.close()


def _write(
    producer: Producer,
    codec: Codec,
    changes: list[RecordChange],
    told: list[RecordChange],
    partitions: int,
) -> None:
    producer.begin_transaction()
    for change in changes:
        key = record_key(change.authority, change.number)
        producer.produce(
            TOPIC, codec.encode(change), key.encode(), partition=partition_of(key, partitions)
        )
    for lane, mark in enumerate(told):
        producer.produce(TOPIC, codec.encode(mark), None, partition=lane)
    producer.commit_transaction(WAIT_S)


def _producer(settings: Settings) -> dict[str, str | int | float | bool]:
    return {
        "bootstrap.servers": settings.kafka,
        "client.id": "dsn-steward",
        "transactional.id": "dsn.steward",
        "transaction.timeout.ms": 12_000,
        "message.timeout.ms": 10_000,
    }
