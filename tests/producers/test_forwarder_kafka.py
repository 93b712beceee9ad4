"""The forwarder with a real Kafka and a real registry, the edge's part of the way whole."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from dsn_deploy.stack import EmbeddedStack
from dsn_producers.forwarder import Forwarder
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.records import RecordChange
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX, changes_topic
from dsn_schemas.wire import Codec
from support.establishment import changes_in, message_of, taken_form


@pytest.fixture
def real(stack: EmbeddedStack, tmp_path: Path) -> Settings:
    """The stack's settings, with a folder of this test."""
    return stack.settings.model_copy(update={"data": tmp_path})


@pytest.fixture
def source(real: Settings, request: pytest.FixtureRequest) -> Iterator[Source]:
    """A source whose establishment, and so whose topic, is of this test alone."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name)[-40:].strip("-")
    admin = AdminClient({"bootstrap.servers": real.kafka})
    topic = NewTopic(
        changes_topic(name),
        real.partitions,
        1,
        config={"max.message.bytes": str(MESSAGE_BYTES_MAX)},
    )
    admin.create_topics([topic])[topic.topic].result(30)
    yield Source(name="lab", establishment=name, authority="LAB", charset="latin-1")
    admin.delete_topics([topic.topic])[topic.topic].result(30)


def fill(settings: Settings, source: Source, count: int, first: int = 0) -> None:
    """Take ``count`` new changes of 50 records."""
    outbox = Outbox(settings, source.name)
    for n in range(first, first + count):
        outbox.take(taken_form(message_of([(str(n % 50), "a", str(n))], str(n)), source))
    outbox.close()


def until_sent(settings: Settings, source: Source, seq: int, wait_s: float) -> None:
    """Wait until the journal confirmed everything up to a number."""
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    deadline = time.monotonic() + wait_s
    while file.meta("sent") < position_of(1, seq):
        assert time.monotonic() < deadline, f"sent {file.meta('sent')} after {wait_s} s"
        time.sleep(0.02)
    file.close()


def journal(settings: Settings, source: Source) -> dict[int, list[RecordChange]]:
    """The whole topic, by partition, in the order of offsets."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": "test", "enable.auto.commit": False}
    )
    topic = changes_topic(source.establishment)
    codec = Codec(RegistryIds(settings))
    found: dict[int, list[RecordChange]] = {}
    for partition in range(settings.partitions):
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        consumer.assign([TopicPartition(topic, partition, 0)])
        records = found[partition] = []
        while len(records) < end:
            for message in consumer.consume(min(500, end - len(records)), timeout=30):
                record = codec.decode(message.value() or b"")
                assert isinstance(record, RecordChange)
                records.append(record)
    consumer.close()
    return found


def assert_forwarded(settings: Settings, source: Source) -> None:
    """First copies in each partition are the outbox's changes, in order."""
    stored = changes_in(settings, source.name)
    found = journal(settings, source)
    first = [r for p in found.values() for r in dict.fromkeys(r for r in p if r.op != "mark")]
    assert sorted(first, key=lambda r: r.seq) == stored
    for records in found.values():
        seqs = list(dict.fromkeys(r.seq for r in records if r.op != "mark"))
        assert seqs == sorted(seqs)
        chain = {r.seq: r.previous for r in records if r.op != "mark"}
        assert [chain[seq] for seq in seqs] == [0, *seqs[:-1]]
        assert records[-1].op == "mark" and records[-1].seq == len(stored)
        assert records[-1].previous == seqs[-1]


def test_an_outbox_reaches_the_journal_whole(real: Settings, source: Source) -> None:
    """In order, framed with the registry's id, followed by a mark in every partition."""
    fill(real, source, 5000)
    forwarder = Forwarder(real, source)
    forwarder.start()
    until_sent(real, source, 5000, 30)
    forwarder.stop()

    assert forwarder.failure is None
    assert_forwarded(real, source)


def test_a_large_change_passes(real: Settings, source: Source) -> None:
    """The largest message that is mapped fits outbox, producer, topic and broker."""
    outbox = Outbox(real, source.name)
    large = message_of([("1", "a", "x" * (16 * 1024 * 1024 - 300))])
    outbox.take(taken_form(large, source)).result(30)
    outbox.close()
    forwarder = Forwarder(real, source)
    forwarder.start()
    until_sent(real, source, 1, 30)
    forwarder.stop()

    assert [r for p in journal(real, source).values() for r in p if r.op != "mark"] == changes_in(
        real, source.name
    )


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_broker_that_goes_and_comes_loses_nothing(
    stack: EmbeddedStack, real: Settings, source: Source, how: str
) -> None:
    """What was on its way when it went is sent again; what came meanwhile waited on disk."""
    forwarder = Forwarder(real, source)
    forwarder.start()
    fill(real, source, 3000)
    until_sent(real, source, 1, 30)
    try:
        _end(stack, how)()
        fill(real, source, 3000, first=3000)
        time.sleep(1)
    finally:
        stack.kafka.start()
        stack.kafka.wait_ready(60)
    until_sent(real, source, 6000, 60)
    time.sleep(0.5)
    forwarder.stop()

    assert forwarder.failure is None
    assert_forwarded(real, source)


def _end(stack: EmbeddedStack, how: str) -> Callable[[], object]:
    end: Callable[[], object] = getattr(stack.kafka, how)
    return end
