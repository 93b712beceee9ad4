"""What receipts topics hold of what the centre ever said: read once, by whoever speaks from now on."""

from __future__ import annotations

import time
from collections.abc import Collection

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from dsn_schemas.gathering import gathered
from dsn_schemas.records import Receipt
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX, RECEIPTS_PREFIX, changes_topic
from dsn_schemas.wire import Codec, UnreadableRecord

log = structlog.get_logger()

#: Records taken at a time, how long the first is waited for and the others behind it, s.
_RECORDS_MAX = 10_000
_WAIT_S = 0.2
_GATHER_S = 0.02
#: The end of a topic is told by an answer that has nothing in it, ms.
_END_WAIT_MS = 10


class SayingsUnread(TimeoutError):
    """The receipts topics could not be read to their ends in time."""


def receipts_said(
    settings: Settings, codec: Codec, topics: Collection[str], deadline_s: float
) -> list[tuple[str, Receipt]]:
    """The newest receipt of each source and epoch in these receipts topics, with its changes topic.

    Of the others only keys are looked at: a topic holds hours of them before it is compacted.

    Raises ``SayingsUnread``, ``KafkaException``, ``UnknownSchema``.
    """
    end = time.monotonic() + deadline_s
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "client.id": "dsn-receipts-said",
            "group.id": "dsn-receipts",  # required, and used for nothing
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "fetch.wait.max.ms": _END_WAIT_MS,
            "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
            "log_level": 2,
        }
    )
    newest: dict[tuple[str, bytes | str | None], bytes | str | None] = {}
    try:
        unread = set(topics)
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in sorted(unread)])
        while unread:
            if time.monotonic() >= end:
                raise SayingsUnread(f"{len(unread)} receipts topics not read in {deadline_s:g} s")
            for message in gathered(consumer, _RECORDS_MAX, _WAIT_S, _GATHER_S):
                topic, error = message.topic() or "", message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(topic)
                elif error is not None:
                    if not error.retriable():
                        raise KafkaException(error)
                else:
                    newest[topic, message.key()] = message.value()
    finally:
        consumer.close()
    words = ((topic, _word(codec, topic, value)) for (topic, _), value in newest.items())
    return [
        (changes_topic(topic.removeprefix(RECEIPTS_PREFIX)), word)
        for topic, word in words
        if word is not None
    ]


def _word(codec: Codec, topic: str, value: bytes | str | None) -> Receipt | None:
    try:
        word = codec.decode(value if isinstance(value, bytes) else b"")
    except UnreadableRecord as error:
        # As an edge does: nobody can learn anything from it.
        log.warning("unreadable_receipt", topic=topic, why=str(error))
        return None
    return word if isinstance(word, Receipt) else None
