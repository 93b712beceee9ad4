"""Hears what the centre says of a source: its receipts topic, and which journal there is.

A receipt is of use only in the order of the topic, and the topic is compacted: reading all of it
takes a moment, and that is done before anything is sent. Called by ``forwarder``, in its thread.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Protocol

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dsn_producers.errors import EdgeError
from dsn_producers.receipts import Word, latest
from dsn_producers.sources import Source
from dsn_schemas.asking import described
from dsn_schemas.records import Receipt, ResendRequest, RetryRequest
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX, changes_topic, receipts_topic
from dsn_schemas.wire import Codec, UnknownSchema, UnreadableRecord

log = structlog.get_logger(__name__)

#: Words taken at a time.
_WORDS_MAX = 1000
#: Seconds a broker may take to describe a topic; the thread that asks also sends.
_ASK_S = 3.0


class NotHeard(EdgeError):
    """The centre's word could not be read to its end: nothing is sent before it is."""


class Feed(Protocol):
    """The centre's words for one source; a double implements it in tests."""

    def catch_up(self, deadline_s: float) -> list[Word]:
        """What still holds of all that was ever said. Raises ``NotHeard``."""

    def poll(self) -> list[Word]:
        """What was said since, without waiting."""

    def topic_id(self) -> str | None:
        """Id of the topic changes go to: another one means another journal. None: not now."""

    def close(self) -> None:
        """Let go of the broker."""


class Silence:
    """A feed that never says anything: for what is not connected to a centre."""

    def catch_up(self, deadline_s: float) -> list[Word]:
        """See ``Feed``."""
        return []

    def poll(self) -> list[Word]:
        """See ``Feed``."""
        return []

    def topic_id(self) -> str | None:
        """See ``Feed``."""
        return None

    def close(self) -> None:
        """See ``Feed``."""


class KafkaFeed:
    """The real one."""

    def __init__(self, settings: Settings, source: Source) -> None:
        self._source = source.name
        self._topic = receipts_topic(source.establishment)
        self._changes = changes_topic(source.establishment)
        self._codec = Codec(RegistryIds(settings))
        common: dict[str, Any] = {
            "bootstrap.servers": settings.kafka,
            "client.id": f"dsn-edge-{source.name}",
            "reconnect.backoff.max.ms": 2_000,
            "log_level": 2,
            "logger": logging.getLogger(__name__),
        }
        self._admin = AdminClient(common)
        self._consumer = Consumer(
            {
                **common,
                "group.id": "dsn-edge",  # required, and used for nothing
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # made anew: what it says now is what holds
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
                "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
                "queued.max.messages.kbytes": 4096,
            }
        )

    def catch_up(self, deadline_s: float) -> list[Word]:
        """See ``Feed``. A centre without the topic has never given a receipt."""
        end = time.monotonic() + deadline_s
        there = self._there()
        self._consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
        words: list[Word] = []
        while there and time.monotonic() < end:
            found, ended = self._take(0.2)
            words += found
            if ended:
                return latest(words, self._source)
        if there:
            raise NotHeard(f"{self._topic} could not be read to its end within {deadline_s:g} s")
        log.warning("no_receipts_topic", topic=self._topic)
        return []

    def poll(self) -> list[Word]:
        """See ``Feed``."""
        return latest(self._take(0)[0], self._source)

    def topic_id(self) -> str | None:
        """See ``Feed``."""
        try:
            found = described(self._admin, [self._changes], _ASK_S).get(self._changes)
        except KafkaException:
            return None
        return None if found is None else str(found.topic_id)

    def close(self) -> None:
        """See ``Feed``."""
        self._consumer.close()

    def _there(self) -> bool:
        try:
            found = self._consumer.list_topics(self._topic, timeout=_ASK_S).topics
        except KafkaException as away:
            raise NotHeard(f"{self._topic} cannot be asked for: {away.args[0]}") from None
        error = found[self._topic].error if self._topic in found else None
        unknown = error is not None and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        return self._topic in found and not unknown

    def _take(self, timeout_s: float) -> tuple[list[Word], bool]:
        """What has come, and whether it was the end of the topic."""
        words: list[Word] = []
        ended = False
        for message in self._consumer.consume(_WORDS_MAX, timeout_s):
            error = message.error()
            if error is not None:
                # Any other trouble the client mends by itself, or the deadline tells.
                ended = ended or error.code() == KafkaError._PARTITION_EOF
                continue
            word = self._word(message.value())
            if word is not None:
                words.append(word)
        return words, ended

    def _word(self, value: bytes | str | None) -> Word | None:
        try:
            word = self._codec.decode(value if isinstance(value, bytes) else b"")
        except UnknownSchema as error:
            raise NotHeard(f"{self._topic}: {error}") from None
        except UnreadableRecord as error:
            log.warning("unreadable_receipt", topic=self._topic, why=str(error))
            return None
        return word if isinstance(word, Receipt | ResendRequest | RetryRequest) else None
