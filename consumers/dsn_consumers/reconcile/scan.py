"""Topics read from their oldest record to their end, once, by nobody's group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, TopicPartition

from dsn_consumers.errors import ConsumerError, raise_fatal
from dsn_consumers.intake import ASK_S, Place, Read
from dsn_schemas.settings import Settings

#: Records asked for at once.
_RECORDS = 5_000
#: How long they are waited for: an end comes as fast as a record, but fills no batch.
_POLL_S = 0.1
#: Silence after which the brokers are held to be away, s.
_SILENCE_S = 30


def partitions(settings: Settings, topics: Sequence[str]) -> list[Place]:
    """The partitions of these topics; of one that does not exist, none."""
    consumer = _consumer(settings)
    try:
        known = consumer.list_topics(timeout=ASK_S).topics
        return [(name, p) for name in topics if name in known for p in known[name].partitions]
    finally:
        consumer.close()


def names(settings: Settings) -> list[str]:
    """Every topic there is."""
    consumer = _consumer(settings)
    try:
        return sorted(consumer.list_topics(timeout=ASK_S).topics)
    finally:
        consumer.close()


def ends(settings: Settings, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
    """Oldest offset there is and offset after the newest, of each partition."""
    consumer = _consumer(settings)
    try:
        found = {}
        for place in places:
            low, high = consumer.get_watermark_offsets(TopicPartition(*place), timeout=ASK_S)
            found[place] = (int(low), int(high))
        return found
    finally:
        consumer.close()


def offsets_at(settings: Settings, places: Sequence[Place], at_ms: int) -> dict[Place, int]:
    """First offset of each partition whose broker time is not before; the end when there is none."""
    consumer = _consumer(settings)
    try:
        asked = [TopicPartition(*place, at_ms) for place in places]
        found = {(t.topic, t.partition): t.offset for t in consumer.offsets_for_times(asked, ASK_S)}
        missing = [place for place, offset in found.items() if offset < 0]
    finally:
        consumer.close()
    return found | {place: high for place, (_, high) in ends(settings, missing).items()}


def read(settings: Settings, places: Sequence[Place]) -> Iterator[Read]:
    """Every committed record of these partitions, each to the end it had when it was reached."""
    starts = {place: low for place, (low, _) in ends(settings, places).items()}
    yield from read_from(settings, starts)


def read_from(
    settings: Settings, starts: Mapping[Place, int], upto: Mapping[Place, int] | None = None
) -> Iterator[Read]:
    """Every committed record from these offsets on, up to the end or, where given, up to ``upto``.

    Raises ``ConsumerError`` when the brokers fall silent.
    """
    limits = upto or {}
    waiting = {place for place, at in starts.items() if at < limits.get(place, at + 1)}
    consumer = _consumer(settings)
    try:
        consumer.assign([TopicPartition(*place, starts[place]) for place in sorted(waiting)])
        silent_s = 0.0
        while waiting:
            messages = consumer.consume(_RECORDS, _POLL_S)
            silent_s = 0.0 if messages else silent_s + _POLL_S
            if silent_s >= _SILENCE_S:
                raise ConsumerError(f"the brokers fell silent before {len(waiting)} ends")
            for message in messages:
                place = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        waiting.discard(place)
                    else:
                        raise_fatal(error, f"{place[0]}[{place[1]}]")
                    continue
                offset = message.offset() or 0
                if offset >= limits.get(place, offset + 1):
                    waiting.discard(place)
                    continue
                kind, at = message.timestamp()
                at = 0 if kind == TIMESTAMP_NOT_AVAILABLE else at
                yield Read(*place, offset, _bytes(message.key()), _bytes(message.value()), at)
    finally:
        consumer.close()


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "client.id": "dsn-reconcile",
            "group.id": "dsn-reconcile",  # required, and used for nothing
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "allow.auto.create.topics": False,
            "log_level": 2,
        }
    )
