"""``dsn bench stream``: the merge stage alone, with all of its durability.

Four lanes of unify over a real Kafka: each turn is one transaction of outputs, changelog and
position, then RocksDB, as in production. Faust is not part of the figure (its batch transport was
measured at 4 µs a record); a client of the same kind reads instead.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec
import psutil  # type: ignore[import-untyped]  # its stubs are not among our requirements
from confluent_kafka import Consumer, TopicPartition

from dsn_deploy.bench.end_to_end import folder
from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.stream_input import Expected, fill
from dsn_deploy.bench.stream_parts import Parts, TimedClients
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.topics import ensure
from dsn_schemas.keys import partition_of, view_key
from dsn_schemas.registry import RegistryIds, register_all
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CONTRIBUTIONS, STATE_RECORDS, VIEW, topics
from dsn_schemas.wire import Codec
from dsn_streams import contribution as messages
from dsn_streams.contribution import Contribution
from dsn_streams.crew import Crew
from dsn_streams.lane import Lane, Link
from dsn_streams.stage import Batch
from dsn_streams.state import new_cache
from dsn_streams.unify import Unify
from dsn_streams.view import ViewWriter

#: Records of one turn, as many as a lane takes in production when it is behind.
TURN_RECORDS = 8_000
#: Contributions that are decoded and encoded once more to tell these parts apart.
SAMPLE = 50_000
#: Of the view every entry is read and this share compared with the fold.
_COMPARED = 10
#: No answer for this long, s: then something is broken.
_SILENCE_S = 60.0

Say = Callable[[str], object]


class Record(msgspec.Struct, gc=False):
    """A record as a stage sees it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    changes: int = 1_000_000
    people: int = 100_000
    seed: int = 1


def run(asked: Asked, say: Say) -> dict[str, object]:
    """Measure, on servers of its own.

    1. Put the changes on the topic. 2. Merge them. 3. Compare the view with a fold. 4. Forget the
    state and restore it from the changelog.

    Raises ``BenchError``, and ``StackError`` when a server does not start.
    """
    with folder(say) as place, EmbeddedStack(data=place / "data") as stack:
        settings = stack.settings
        ensure(settings, topics(settings, ["bench"]))
        register_all(settings)
        expected = fill(settings, asked.people, asked.changes, asked.seed, say)  # 1
        gc.collect()
        gc.freeze()  # the fold's million entries are no part of a worker's memory
        merged = _Merge(settings, say)
        figures = merged.run(asked.changes)  # 2
        say("comparing the view with the fold")
        entries = _compare(settings, expected)  # 3
        figures |= {"entries": entries, "news": expected.news}
        figures |= merged.restore()  # 4
    return {"people": asked.people, **figures}


class _Merge:
    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        self._parts = Parts()
        self._cache = new_cache()

    def run(self, changes: int) -> dict[str, object]:
        """Merge everything that is on the topic."""
        crew = self._crew()
        crew.open({number: [(CONTRIBUTIONS, number)] for number in crew.lanes})
        consumer = _consumer(self._settings, "read_committed")
        consumer.assign([TopicPartition(CONTRIBUTIONS, number, 0) for number in crew.lanes])
        process_s, thread_s, began = time.process_time(), time.thread_time(), time.monotonic()
        done, sample = self._turns(crew, consumer, changes)
        seconds = time.monotonic() - began
        process_s, thread_s = time.process_time() - process_s, time.thread_time() - thread_s
        consumer.close()
        rss_mb = psutil.Process().memory_info().rss / 1e6
        crew.close()
        parts = {name: used / done * 1e6 for name, used in self._parts.cpu_s.items()}
        parts["client and database threads"] = (process_s - thread_s) / done * 1e6
        self._split(parts, sample)
        return {
            "changes": done,
            "changes_per_s": round(done / seconds, 1),
            "changes_per_s_of_one_core": round(done / process_s, 1),
            "cpu_us_per_change": round(process_s / done * 1e6, 2),
            "parts": {name: round(used, 2) for name, used in parts.items()},
            "rss_mb": round(rss_mb, 1),
            "state_mb": round(_state_bytes(crew) / 1e6, 1),
            "seconds": round(seconds, 2),
        }

    def restore(self) -> dict[str, object]:
        """Lose every state and open the lanes again, all at the same time."""
        self._parts = Parts()
        crew = self._crew()
        records = _records(self._settings, STATE_RECORDS)
        for lane in crew.lanes.values():
            self._clients().wipe(lane.path)
        began = time.monotonic()
        with ThreadPoolExecutor(len(crew.lanes)) as pool:
            crew.open({number: [(CONTRIBUTIONS, number)] for number in crew.lanes}, pool.map)
        seconds = time.monotonic() - began
        crew.close()
        self._say(f"{records} records of the changelog restored in {seconds:.1f} s")
        return {"restore_keys_per_s": round(records / seconds, 1), "restore_s": round(seconds, 2)}

    def _turns(
        self, crew: Crew, consumer: Consumer, changes: int
    ) -> tuple[int, list[Contribution]]:
        done, said = 0, 0
        ends: dict[int, int] = {}
        sample: list[Contribution] = []
        silent_since = time.monotonic()
        while done < changes:
            with self._parts.of("fetch"):
                batches = _fetched(consumer)
            if not batches:
                if time.monotonic() - silent_since > _SILENCE_S:
                    raise BenchError(f"{done} of {changes} changes came, and no more")
                continue
            silent_since = time.monotonic()
            before = self._parts.total_s()
            began = time.thread_time()
            crew.take({one.partition: [Link(one, ends.get(one.partition, 0))] for one in batches})
            inner = self._parts.total_s() - before
            self._parts.cpu_s["decide"] += time.thread_time() - began - inner
            for batch in batches:
                ends[batch.partition] = batch.records[-1].offset + 1
                done += len(batch.records)
                if len(sample) < SAMPLE:
                    sample += _contributions(batch)
            if done - said >= 100_000:
                said = done
                self._say(f"{done} of {changes} changes merged")
        return done, sample

    def _split(self, parts: dict[str, float], sample: list[Contribution]) -> None:
        """Tell decode and encode apart from the rest of deciding, by doing them again.

        The rest is what is called the merge: find the rows, compare, keep, make the entry.
        """
        encoded = [messages.encode(item) for item in sample]
        writer = ViewWriter(Codec(RegistryIds(self._settings)), self._settings.partitions)
        began = time.thread_time()
        for value in encoded:
            messages.decode(value)
        decoded = time.thread_time()
        for item in sample:
            writer.lone(0, b"a" * 26, item.section, item.entry.encode(), item)
        written = time.thread_time()
        count = len(sample)
        parts["decode"] = (decoded - began) / count * 1e6
        parts["encode"] = (written - decoded) / count * 1e6
        known = parts["decode"] + parts["encode"]
        parts["merge"] = max(0.0, parts.pop("decide") - known)

    def _clients(self) -> TimedClients:
        return TimedClients(self._parts)

    def _crew(self) -> Crew:
        lanes = [self._lane(number) for number in range(self._settings.partitions)]
        return Crew(self._settings, "records", lanes, self._clients())

    def _lane(self, number: int) -> Lane:
        codec = Codec(RegistryIds(self._settings))
        stage = Unify(codec, self._settings.partitions)
        return Lane(
            self._settings, "records", number, STATE_RECORDS, stage, self._cache, self._clients()
        )


def _state_bytes(crew: Crew) -> int:
    files = (file for lane in crew.lanes.values() for file in lane.path.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())


def _consumer(settings: Settings, isolation: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": f"dsn-bench-{os.getpid()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": isolation,
            "queued.max.messages.kbytes": 65_536,
            "fetch.queue.backoff.ms": 10,
        }
    )


def _fetched(consumer: Consumer) -> list[Batch]:
    """What came, a batch for each partition."""
    found: dict[int, list[Record]] = {}
    for message in consumer.consume(TURN_RECORDS, 0.5):
        error = message.error()
        if error is not None:
            raise BenchError(f"{CONTRIBUTIONS}: {error.name()}")
        offset, lane = message.offset(), message.partition()
        assert offset is not None and lane is not None
        found.setdefault(lane, []).append(Record(offset, 0, message.key(), message.value()))
    return [Batch(CONTRIBUTIONS, lane, records) for lane, records in sorted(found.items())]


def _contributions(batch: Batch) -> list[Contribution]:
    decoded = [messages.decode(record.value or b"") for record in batch.records]
    return [item for item in decoded if isinstance(item, Contribution)]


def _records(settings: Settings, topic: str) -> int:
    """Records in a topic, those of transactions' ends included."""
    consumer = _consumer(settings, "read_committed")
    try:
        marks = [
            consumer.get_watermark_offsets(TopicPartition(topic, lane), timeout=30)
            for lane in range(settings.partitions)
        ]
    finally:
        consumer.close()
    return sum(high - low for low, high in marks)


def _compare(settings: Settings, expected: Expected) -> int:
    """Entries of the view; each must be the fold's, and a share is compared number by number.

    Raises ``BenchError`` when the view is wrong: then its speed says nothing.
    """
    found: dict[bytes, bytes] = {}
    consumer = _consumer(settings, "read_committed")
    consumer.assign([TopicPartition(VIEW, lane, 0) for lane in range(settings.partitions)])
    silent_since = time.monotonic()
    while time.monotonic() - silent_since < 5.0:
        for message in consumer.consume(10_000, 0.5):
            error, key, value = message.error(), message.key(), message.value()
            if error is not None:
                raise BenchError(f"{VIEW}: {error.name()}")
            assert key is not None and value is not None
            found[key] = value
            silent_since = time.monotonic()
    consumer.close()
    if len(found) != len(expected.newest):
        raise BenchError(f"{len(found)} entries in the view, {len(expected.newest)} in the fold")
    codec = Codec(RegistryIds(settings))
    for place, ((person, section, entry), seq) in enumerate(expected.newest.items()):
        if place % _COMPARED:
            continue
        value = found.get(view_key(person, section, entry).encode())
        fields: Mapping[str, object] = {} if value is None else codec.head(value).fields
        said = fields.get("contributors")
        if not isinstance(said, list) or [one["seq"] for one in said] != [seq]:
            lane = partition_of(person, settings.partitions)
            raise BenchError(f"an entry of lane {lane} is not the one of number {seq}")
    return len(found)
