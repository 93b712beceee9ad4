"""Where the time of watched changes goes: when each stage of the way had written them.

Every topic on the way is read again after the measurement. A record's timestamp is the instant at
which its writer handed it to its client, on the clock of this machine; so a hop is waiting to be
read, waiting for a turn and deciding, and the commit of the one before it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from dsn_deploy.bench.figures import BenchError, percentile
from dsn_producers.sources import Source
from dsn_schemas.topics import CONTRIBUTIONS, VIEW, changes_topic

#: What a watched change is found by, in key or value of every record made of it.
MARK = re.compile(rb"mark-\d+")
#: The stages of the way, after the outbox and before the reader.
_JOURNAL, _CONTRIBUTION, _ENTRY = "journal", "contribution", "entry"
#: Longest the topics may take to be read, s.
_READ_S = 60.0
_BATCH = 5_000


def hops(
    kafka: str, sources: Iterable[Source], marks: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Median milliseconds of each hop of the marks that were found: acknowledged and readable, in
    seconds since 1970, by mark.

    Raises ``BenchError`` when a mark is not on its way's topics.
    """
    if not marks:
        raise BenchError("no change was watched")
    began = min(acknowledged for acknowledged, _ in marks.values())
    stages = {changes_topic(source.establishment): _JOURNAL for source in sources}
    stages |= {CONTRIBUTIONS: _CONTRIBUTION, VIEW: _ENTRY}
    written = _written(kafka, stages, began)
    ways = [_way(mark, marks[mark], written) for mark in marks]
    names = ("outbox_to_journal", "to_contribution", "to_entry", "to_readable")
    return {
        name: round(percentile([way[at + 1] - way[at] for way in ways], 0.5) * 1000, 1)
        for at, name in enumerate(names)
    }


def _way(
    mark: str, seen: tuple[float, float], written: Mapping[tuple[str, str], float]
) -> Sequence[float]:
    """The instants of one mark, s."""
    try:
        between = [written[stage, mark] for stage in (_JOURNAL, _CONTRIBUTION, _ENTRY)]
    except KeyError as missing:
        raise BenchError(f"{mark} was readable, but is not on its topics: {missing}") from None
    return [seen[0], *between, seen[1]]


def _written(
    kafka: str, stages: Mapping[str, str], began: float
) -> Mapping[tuple[str, str], float]:
    """When each stage first wrote each mark, seconds since 1970."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "dsn-bench-hops",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    found: dict[tuple[str, str], float] = {}
    try:
        ends = _assign(consumer, stages, began)
        deadline = time.monotonic() + _READ_S
        while ends:
            if time.monotonic() >= deadline:
                raise BenchError(f"topics were not read within {_READ_S:g} s")
            for message in consumer.consume(_BATCH, timeout=0.2):
                if message.error() is not None:
                    raise KafkaException(message.error())
                held = MARK.search((message.key() or b"") + (message.value() or b""))
                if held is not None:
                    mark = (stages[message.topic() or ""], held.group().decode())
                    found.setdefault(mark, message.timestamp()[1] / 1000)
            for at in consumer.position([TopicPartition(*one) for one in ends]):
                if at.offset >= ends[at.topic, at.partition]:
                    del ends[at.topic, at.partition]
    finally:
        consumer.close()
    return found


def _assign(
    consumer: Consumer, stages: Mapping[str, str], began: float
) -> dict[tuple[str, int], int]:
    """Read every partition of the topics from ``began``; where each of them ends."""
    known = consumer.list_topics(timeout=10).topics
    at_ms = int(began * 1000)
    wanted = [TopicPartition(t, p, at_ms) for t in stages for p in known[t].partitions]
    starts = [
        at for at in consumer.offsets_for_times(wanted, timeout=10) if at.offset != OFFSET_END
    ]
    consumer.assign(starts)
    ends = {
        (at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=10)[1] for at in starts
    }
    return {key: end for key, end in ends.items() if end > 0}
