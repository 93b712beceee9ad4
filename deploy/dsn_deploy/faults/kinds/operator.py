"""What people do by mistake: an outbox put back from an old copy, a topic sent twice (F28, F29), and
a journal that is kept for a shorter time than an outage takes (F10)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from confluent_kafka import OFFSET_END, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.members import EDGES, WORKERS
from dsn_deploy.faults.world import HOMES, World
from dsn_producers.status import status
from dsn_schemas.topics import MESSAGE_BYTES_MAX, changes_topic

#: For a topic to be read to its end, and to be written again, s.
REPEAT_S = 60.0
#: For an edge to send what it has and end, s.
DRAIN_S = 20.0


def _copy_outboxes(world: World, edge: str) -> None:
    """Somebody makes a copy while the edge is down."""
    world.hold(edge)
    shutil.copytree(_outboxes(world, edge), _copy_of(world, edge))
    world.release(edge)


def _restore_outboxes(world: World, edge: str) -> None:
    """And puts it back later, over an outbox that has sent what it had.

    Had it not, the operator would destroy what nobody else has: no product can mend that, so the
    mistake is then not made.
    """
    world.keeper.hold(edge)
    world.children[edge].stop(DRAIN_S)
    if all(one.queued == 0 for one in status(world.member(edge).settings)):
        for path in _outboxes(world, edge).glob("*.sqlite3*"):
            path.unlink()
        for path in _copy_of(world, edge).glob("*.sqlite3*"):
            shutil.copy(path, _outboxes(world, edge) / path.name)
        world.restored.update(source for source, (_, home) in HOMES.items() if home == edge)
    shutil.rmtree(_copy_of(world, edge))
    world.release(edge)


def _outboxes(world: World, edge: str) -> Path:
    return world.member(edge).settings.data / "outbox"


def _copy_of(world: World, edge: str) -> Path:
    return world.folder / f"outbox-copy-{edge}"


def _repeat(world: World, establishment: str) -> None:
    """Every record of a changes topic is written to it once more, byte for byte."""
    topic = changes_topic(establishment)
    producer = Producer(
        {
            "bootstrap.servers": world.settings.kafka,
            "message.max.bytes": MESSAGE_BYTES_MAX,
            "log_level": 2,
        }
    )
    for partition in range(world.settings.partitions):
        # Each once: copies of copies would grow without end.
        for key, value in dict.fromkeys(_records(world, topic, partition)):
            producer.produce(topic, value=value, key=key, partition=partition)
            producer.poll(0)
    if producer.flush(REPEAT_S):
        raise TimeoutError(f"{topic} was not repeated within {REPEAT_S:g} s")


def _records(world: World, topic: str, partition: int) -> list[tuple[bytes, bytes]]:
    consumer = Consumer(
        {
            "bootstrap.servers": world.settings.kafka,
            "group.id": "dsn-faults-repeat",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "log_level": 2,
        }
    )
    found: list[tuple[bytes, bytes]] = []
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        end = time.monotonic() + REPEAT_S
        while time.monotonic() < end:
            for message in consumer.consume(2_000, 0.2):
                error = message.error()
                if error is None:
                    key, value = message.key(), message.value()
                    if isinstance(key, bytes) and isinstance(value, bytes):
                        found.append((key, value))
                elif error.code() == KafkaError._PARTITION_EOF:
                    return found
    finally:
        consumer.close()
    raise TimeoutError(f"{topic}[{partition}] did not end within {REPEAT_S:g} s")


#: Who reads the journal.
_READERS = (*WORKERS, "audit")


def _stop_readers(world: World, _target: str) -> None:
    for name in _READERS:
        world.hold(name)


def _delete_changes(world: World, establishment: str) -> None:
    """Everything on a changes topic is deleted, read or not, and whoever reads it comes back."""
    topic, partitions = changes_topic(establishment), world.settings.partitions
    admin = AdminClient({"bootstrap.servers": world.settings.kafka, "log_level": 2})
    everything = [TopicPartition(topic, p, OFFSET_END) for p in range(partitions)]
    for place, done in admin.delete_records(everything, request_timeout=REPEAT_S).items():
        low = done.result(REPEAT_S).low_watermark
        world.cut_at[place.topic, place.partition] = low
    for name in _READERS:
        world.release(name)


KINDS = (
    Kind(
        name="outbox-restored",
        targets=EDGES,
        touches=("edge", "brokers", "site-links", "disk"),
        seconds=(5, 7),
        begin=_copy_outboxes,
        end=_restore_outboxes,
    ),
    Kind(
        name="topic-repeated",
        targets=tuple(sorted({home for home, _ in HOMES.values()})),
        touches=("brokers",),
        seconds=(0, 0),
        begin=_repeat,
        weight=1,
    ),
    Kind(
        name="retention-short",
        targets=tuple(sorted({home for home, _ in HOMES.values()})),
        touches=("brokers", "edge", "site-links", "streams", "consumer", "disk"),
        seconds=(4, 7),
        begin=_stop_readers,
        end=_delete_changes,
    ),
)
