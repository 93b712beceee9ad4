"""What the merge stage reads in ``dsn bench stream``: contributions, as admit would send them.

One source, each record a person of its own. Unlike admit, this passes repeats and late changes on,
so that the merge has to deal with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import Producer

from dsn_deploy.bench.figures import BenchError
from dsn_deploy.demo.changes import record_changes
from dsn_schemas.keys import partition_of, person_id, record_key
from dsn_schemas.records import RecordChange
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CONTRIBUTIONS
from dsn_schemas.wire import encode_content
from dsn_streams import contribution as messages
from dsn_streams.contribution import OP_NUMBERS, SECTION_NUMBERS, Contribution
from dsn_streams.entries import entry_of

#: Between two lines of progress, changes.
_SAY_EVERY = 100_000
_FLUSH_S = 120


@dataclass(slots=True)
class Expected:
    """What a fold of the same changes says, made while they are sent."""

    #: (person, section, entry) -> greatest number of its one record item.
    newest: dict[tuple[str, str, str], int] = field(default_factory=dict)
    #: Changes that were news when they came.
    news: int = 0


def fill(
    settings: Settings, people: int, changes: int, seed: int, say: Callable[[str], object]
) -> Expected:
    """Put ``changes`` changes of ``people`` on ``dsn.contributions``.

    Raises ``BenchError`` when the broker did not take all of them.
    """
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka,
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.kbytes": 256 * 1024,
        }
    )
    expected = Expected()
    for count, change in enumerate(record_changes(people, changes, seed), start=1):
        key = record_key(change.authority, change.number)
        person, item = person_id(key), _contribution(key, change)
        name = (person, change.section, item.entry)
        if expected.newest.get(name, 0) < change.seq:
            expected.newest[name] = change.seq
            expected.news += 1
        lane = partition_of(person, settings.partitions)
        _produce(producer, lane, person.encode(), messages.encode(item))
        if count % _SAY_EVERY == 0:
            say(f"{count} of {changes} changes on {CONTRIBUTIONS}")
    if producer.flush(_FLUSH_S):
        raise BenchError(f"the broker did not take all changes in {_FLUSH_S} s")
    return expected


def _produce(producer: Producer, lane: int, key: bytes, value: bytes) -> None:
    for _ in range(600):
        try:
            producer.produce(CONTRIBUTIONS, value=value, key=key, partition=lane)
        except BufferError:
            producer.poll(0.1)
        else:
            return
    raise BenchError("the broker took nothing for 60 s")


def _contribution(key: str, change: RecordChange) -> Contribution:
    return Contribution(
        record=key,
        source=change.source,
        item=change.item,
        epoch=change.epoch,
        seq=change.seq,
        op=OP_NUMBERS[change.op],
        status=change.status,
        occurred_at=change.occurred_at,
        captured_at=change.captured_at,
        section=SECTION_NUMBERS[change.section],
        entry=entry_of(change.section, change.entry, change.source, key, change.item),
        version=1,
        content=encode_content(change.content),
    )
