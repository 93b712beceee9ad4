"""One lane of one stage: makes each decision durable, once, in one order.

A lane owns the same partition number of every input of its stage. For each turn:

1. Decide, from the state and the batches (pure).
2. Produce outputs, state rows and positions in one Kafka transaction, and commit it.
3. Write rows and positions to RocksDB.
4. Say that the positions are done, so that they may be committed for lag tools.

Dying before 2 leaves nothing; between 2 and 3 the rows are restored from the changelog when the
lane opens again. Lanes of a worker share a transaction (``crew.py``), and before a lane is opened
every writer that had it can write no more (``claims.py``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from rocksdict import Cache

from dsn_schemas import metrics
from dsn_schemas.gathering import gathered
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX, meant, named
from dsn_schemas.wire import UnknownSchema
from dsn_streams.clients import (
    END_WAIT_MS,
    GATHER_S,
    Clients,
    Config,
    KeptState,
    RestoreConsumer,
)
from dsn_streams.errors import BehindJournal, BrokenChain, LaneError, OtherFormat
from dsn_streams.inputs import Missing, ReadAgain, There, resume
from dsn_streams.stage import Batch, Decision, Output, Stage
from dsn_streams.state import FORMAT, DamagedState
from dsn_streams.upgrades import reads, upgraded
from dsn_streams.writer import Record

log = structlog.get_logger()

#: Records asked for at once while restoring.
RESTORE_RECORDS = 10_000
#: Silence while restoring, after which the brokers are held to be away.
RESTORE_SILENCE_S = 30

POSITION_KEY = b"\x00position"
#: Of the record that says up to which format rows of a changelog may have; without one it is the
#: first. Written with the first turn of a lane: until then an upgrade is done again by each restore.
FORMAT_KEY = b"\x00format"
FORMAT_UNSAID = b"1"
#: Of the record that says of which topics, by their ids, positions are offsets. A version that does
#: not know it keeps it as a row that no stage reads.
TOPICS_KEY = b"\x00topics"

_encode = msgspec.msgpack.Encoder().encode
_decode_positions = msgspec.msgpack.Decoder(list[tuple[str, int, int]]).decode
_decode_topics = msgspec.msgpack.Decoder(list[tuple[str, str]]).decode


class Link(NamedTuple):
    """A batch, and where the one before it ended: so that a lost one is noticed."""

    batch: Batch
    #: Offset after the last record handed over before; equals the first seek at the start.
    after: int


class Turn(NamedTuple):
    """What a lane decided, before it is durable."""

    #: Next offset of every input after it.
    positions: Mapping[tuple[str, int], int]
    decision: Decision
    #: Records that were decided about, and when that began (``perf_counter``).
    records: int
    began: float


class Lane:
    """A stage's lane. Used by one thread at a time."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        number: int,
        changelog: str,
        stage: Stage,
        cache: Cache,
        clients: Clients | None = None,
    ) -> None:
        self.name = name
        self.number = number
        self._settings = settings
        self._generation = settings.generation
        self._changelog = named(changelog, settings.generation)
        self._stage = stage
        self._cache = cache
        self._clients = clients or Clients()
        #: Folder of its state.
        self.path: Path = state_folder(settings) / name / str(number)
        self._state: KeptState | None = None
        #: Whether our format and the topics' ids stand in the changelog since the lane was opened.
        self._told = False

    def open(self, inputs: Iterable[tuple[str, int]]) -> None:
        """Restore the state, take up the positions of ``inputs``; nobody else may write the lane.

        Raises ``BehindJournal`` when an input no longer holds what was not read yet, or the changelog
        not what was written, and ``OtherFormat`` when a version wrote the changelog whose rows are
        not known here: ``dsn rebuild`` makes it anew, in a generation of its own.
        """
        self._told = False
        inputs = list(inputs)
        names = {self._changelog, *(topic for topic, _ in inputs)}
        ids = self._clients.topic_ids(self._settings.kafka, names)
        self._state = self._restored(ids)
        self._resume(self._state, inputs, ids)
        self._stage.opened(self._state)
        metrics.readiness.set(f"{self.name}-{self.number}", True)

    def close(self) -> None:
        """Release the disk; safe to call twice."""
        metrics.readiness.forget(f"{self.name}-{self.number}")
        if self._state is not None:
            self._state.close()
        self._state = None

    def position(self, topic: str, partition: int) -> int:
        """Next offset to read of an input."""
        return self._opened().positions.get((topic, partition), 0)

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Next offset to read of every input that was ever read."""
        return self._opened().positions

    def topics(self) -> Mapping[str, str]:
        """Ids of the topics that the positions are offsets of, the changelog's among them."""
        return self._opened().topics

    def decide(self, links: Sequence[Link]) -> Turn:
        """Decide about batches, in order; nothing of it is durable yet.

        Raises ``LaneError``, and whatever the stage raises.
        """
        state, began = self._opened(), time.perf_counter()
        batches, positions = self._continued(links)
        if not batches:
            return Turn(positions, Decision(), 0, began)
        try:
            decision = self._stage.decide(state, batches)
        except UnknownSchema:
            # The turn is tried again: what a stage that decided before another could not keeps in
            # memory is of a turn that never was.
            self._stage.opened(state)
            raise
        return Turn(positions, decision, sum(len(batch.records) for batch in batches), began)

    def written(self, turn: Turn) -> Iterator[Record]:
        """What a turn writes: its outputs, and its rows to the changelog."""
        yield from _of_generation(turn.decision.outputs, self._generation)
        yield from self._rows(turn.decision.writes)
        if not self._told:
            topics = _encode(sorted(self._opened().topics.items()))
            yield from self._rows({FORMAT_KEY: b"%d" % FORMAT, TOPICS_KEY: topics})

    def mark(self, turn: Turn) -> Record:
        """The last record of a turn in the changelog: the positions it is as of."""
        kept = _encode([(topic, at[0], at[1]) for topic, at in _flat(turn.positions)])
        return (self._changelog, self.number, POSITION_KEY, kept)

    def keep(self, turn: Turn, marked_at: int) -> None:
        """A turn is committed, with its mark at this offset of the changelog: write it to disk."""
        self._told = True
        rows = turn.decision.writes | turn.decision.derived
        self._opened().commit(rows, turn.positions, marked_at + 1, self._clients.now_s())
        metrics.turn(self.name, turn.records, time.perf_counter() - turn.began)

    # --- one turn ------------------------------------------------------------------------------

    def _continued(self, links: Sequence[Link]) -> tuple[list[Batch], dict[tuple[str, int], int]]:
        """The records not yet in the state, and the positions after them."""
        positions = dict(self._opened().positions)
        batches: list[Batch] = []
        for batch, after in links:
            key = (batch.topic, batch.partition)
            position = positions.get(key, 0)
            if after > position:
                raise BrokenChain(
                    f"{batch.topic}[{batch.partition}]: a batch continues {after}, the state ends"
                    f" at {position}; starting again from the state"
                )
            records = batch.records
            if records and records[0].offset < position:
                records = [record for record in records if record.offset >= position]
            if records:
                topic = meant(batch.topic, self._generation)
                batches.append(Batch(topic, batch.partition, records))
                positions[key] = records[-1].offset + 1
        return batches, positions

    def _rows(self, rows: Mapping[bytes, bytes | None]) -> Iterator[Record]:
        """Rows as records of the changelog."""
        return ((self._changelog, self.number, key, value) for key, value in rows.items())

    # --- opening -------------------------------------------------------------------------------

    def _restored(self, ids: Mapping[str, str]) -> KeptState:
        """The state as the changelog has it. Raises ``BehindJournal`` when that was made anew."""
        try:
            state = self._clients.state(self.path, self._cache)
            if self._is_continued(state, ids) and self._restore(state):
                return state
            state.close()
        except DamagedState as error:
            log.warning("state_discarded", stage=self.name, lane=self.number, why=str(error))
        self._clients.wipe(self.path)
        state = self._clients.state(self.path, self._cache)
        if not self._restore(state):
            raise LaneError(f"{self.name} lane {self.number}: the changelog cannot be restored")
        return state

    def _restore(self, state: KeptState) -> bool:
        """Read the changelog to its end; ``False`` when the state does not continue into it."""
        consumer = self._clients.consumer(self._restore_config())
        here = TopicPartition(self._changelog, self.number)
        try:
            low, high = consumer.get_watermark_offsets(here, timeout=30)
            if state.changelog > high or (state.changelog < low and state.changelog > 0):
                return False
            here.offset = max(state.changelog, low)
            consumer.assign([here])
            found = _restore_all(consumer, state, self._stage, self._clients.now_s)
        finally:
            consumer.close()
        who = {"stage": self.name, "lane": self.number}
        if found.records:
            log.info("state_restored", **who, records=found.records)
        if found.format != FORMAT:
            said = {"format_before": found.format, "format_after": FORMAT, "rows": found.rows}
            log.info("changelog_upgraded", **who, **said)
        return True

    def _is_continued(self, state: KeptState, ids: Mapping[str, str]) -> bool:
        """Whether the changelog is the one the state was written to.

        Where every topic was made anew, all there was is lost, and a lane begins like a first one.
        Raises ``BehindJournal`` where the changelog alone was: its inputs would be read again from
        the beginning into outputs that already have all of it, under older versions.
        """
        known, found = state.topics.get(self._changelog), ids.get(self._changelog)
        if known is None or found is None or known == found:
            return True
        kept = [name for name, one in state.topics.items() if ids.get(name) == one]
        if kept:
            state.close()
            raise BehindJournal(
                f"{self.name} lane {self.number}: its changelog {self._changelog} was made anew (id"
                f" {found}; the state was written to {known}) and {', '.join(sorted(kept))} was not:"
                " rebuild from the journal (dsn rebuild)"
            )
        log.error("journal_made_anew", stage=self.name, lane=self.number, topics=len(state.topics))
        return False

    def _resume(
        self, state: KeptState, inputs: Collection[tuple[str, int]], ids: Mapping[str, str]
    ) -> None:
        """Take up the positions of the inputs; one that was made anew is read again or stops us."""
        positions = dict(state.positions)
        consumer = self._clients.consumer(self._restore_config())
        try:
            for topic, number in inputs:
                low, high = consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=30
                )
                there = There(topic_id=ids.get(topic), low=low, high=high)
                at, known = positions.get((topic, number), 0), state.topics.get(topic)
                match resume(meant(topic, self._generation), at, known, there):
                    case Missing(why):
                        raise BehindJournal(
                            f"{topic}[{number}]: {why}: records were lost before they were read, and"
                            " nobody sends them again; rebuild from the journal (dsn rebuild)"
                        )
                    case ReadAgain(oldest, why):
                        log.error("input_read_again", topic=topic, partition=number, why=why)
                        positions[topic, number] = oldest
        finally:
            consumer.close()
        # On disk and in the changelog with the next turn; until then they are found again.
        state.positions = positions
        state.topics = {**state.topics, **ids}

    def _opened(self) -> KeptState:
        if self._state is None:
            raise LaneError(f"{self.name} lane {self.number} is not open")
        return self._state

    def _restore_config(self) -> Config:
        return {
            "bootstrap.servers": self._settings.kafka,
            "client.id": f"dsn-{self.name}-{self.number}-restore",
            "group.id": f"dsn-{self.name}-restore",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": END_WAIT_MS,
            "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
        }


def state_folder(settings: Settings) -> Path:
    """Where a worker keeps the state of its lanes: its slot's, and its generation's."""
    generation = f"g{settings.generation}-" if settings.generation else ""
    return settings.data / f"streams-{generation}{settings.slot}"


def _flat(
    positions: Mapping[tuple[str, int], int],
) -> Iterable[tuple[str, tuple[int, int]]]:
    return ((topic, (partition, at)) for (topic, partition), at in positions.items())


def _of_generation(outputs: Iterable[Output], generation: int) -> Iterator[Record]:
    """Outputs with the names that their topics have in a generation."""
    names: dict[str, str] = {}
    for topic, partition, key, value in outputs:
        name = names.get(topic)
        if name is None:
            name = names[topic] = named(topic, generation)
        yield name, partition, key, value


class _Restored(NamedTuple):
    """What was read of a changelog."""

    records: int
    #: Of these, rows of stages.
    rows: int
    #: What was said last of the format of its rows.
    format: int


def _readable(value: bytes) -> int:
    """The format that is said. Raises ``OtherFormat`` when its rows cannot be read."""
    found = int(value) if value.isdigit() else None
    if found is None or not reads(FORMAT, found):
        raise OtherFormat(
            f"the changelog has rows of format {value.decode(errors='replace')}, this version reads"
            f" {FORMAT}: rebuild from the journal"
        )
    return found


def _restore_all(
    consumer: RestoreConsumer,
    state: KeptState,
    stage: Stage,
    now_s: Callable[[], float],
) -> _Restored:
    """Apply changelog records until the end of the partition, rows of older formats as ours are."""
    count, rows, unreadable, silent_s = 0, 0, 0, 0.0
    #: What continues rows of ours need not say it again.
    said = FORMAT if state.changelog > 0 else None
    positions, changelog, topics = dict(state.positions), state.changelog, state.topics
    while True:
        messages = gathered(consumer, RESTORE_RECORDS, 1.0, GATHER_S)
        writes: dict[bytes, bytes | None] = {}
        ended = False
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    ended = True
                    continue
                raise KafkaException(error)
            at = (message.offset() or 0) + 1
            key, value = message.key(), message.value()
            count += 1
            if key == POSITION_KEY and value is not None:
                positions = {(t, p): offset for t, p, offset in _decode_positions(value)}
                changelog = at
            elif key == FORMAT_KEY:
                said = _readable(value or FORMAT_UNSAID)
            elif key == TOPICS_KEY and value is not None:
                topics = dict(_decode_topics(value))
            elif key is not None:
                rows += 1
                row = upgraded(key, value)
                if row is not None:
                    key, value = row
                    writes[key] = value
                    try:
                        if value is not None:
                            writes.update(stage.derived(key, value))
                    except msgspec.DecodeError:
                        # Of a newer format, maybe: it is said further on, and that is the answer.
                        unreadable += 1
        if writes and not ended:
            # Rows without their positions: a crash here restores them again from the same place.
            state.commit(writes, state.positions, state.changelog, now_s())
        if ended:
            if said is None:
                said = _readable(FORMAT_UNSAID) if count else FORMAT
            if unreadable:
                raise LaneError(
                    f"{unreadable} rows of the changelog cannot be read, and their format is ours:"
                    " rebuild from the journal (dsn rebuild)"
                )
            state.topics = topics
            state.commit(writes, positions, changelog, now_s())
            return _Restored(count, rows, said)
        silent_s = 0.0 if messages else silent_s + 1.0
        if silent_s >= RESTORE_SILENCE_S:
            raise LaneError("the brokers fell silent while the state was restored")
