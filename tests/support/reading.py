"""Reading a topic whole."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, TopicPartition


def committed(kafka: str, topic: str) -> list[tuple[bytes, bytes | None]]:
    """Every committed record of a topic, partition by partition, to its end."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "test",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = consumer.list_topics(topic, 30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found, ended, deadline = [], set(), time.monotonic() + 60
        while len(ended) < len(partitions):
            assert time.monotonic() < deadline, f"{topic} never ended"
            for message in consumer.consume(5000, 0.2):
                error = message.error()
                if error is None:
                    found.append((message.key(), message.value()))
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    raise AssertionError(str(error))
        return found
    finally:
        consumer.close()
