"""Registers records as a lane of identify does: decide, then rows and position to disk.

The production stage on the production state, turn by turn. No Kafka: what a turn reads comes from a
file, and what it would produce is only looked at. The clock runs while the stage decides and the
state is written, and stands still while records are read and outputs are looked at.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dsn_deploy.population.records import Record, index_of
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.records import IdentityRequest, RecordLink, ReviewPair
from dsn_schemas.topics import IDENTITY_LINKS, IDENTITY_REQUESTS, IDENTITY_REVIEWS
from dsn_schemas.wire import Codec
from dsn_streams.identify import Identify
from dsn_streams.stage import Batch, Output
from dsn_streams.state import RocksState, new_cache

#: Steps of the yardstick.
YARDSTICK_STEPS = 20_000
#: Partitions of the topics that identify writes; it only decides where an output goes.
PARTITIONS = 4


class OwnIds:
    """Schema ids without a registry, in the order of the subjects."""

    def id_of(self, name: str) -> int:
        """See ``Ids``."""
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """See ``Ids``."""
        return composed(SUBJECTS[schema_id - 1])


@dataclass(slots=True)
class Put:
    """A record of the requests topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Registered:
    """What came out, by the count of each record."""

    #: The newest person of each record, as the first 60 bits of the id.
    persons: array[int]
    #: Pairs on the list for review.
    reviews: set[tuple[int, int]] = field(default_factory=set)
    turns: list[Turn] = field(default_factory=list)
    index_bytes: int = 0


class Turn(NamedTuple):
    """What one turn took."""

    records: int
    seconds: float
    #: CPU of the whole process: the threads of the state are in it.
    cpu_s: float
    #: CPU of a fixed piece of work right afterwards: how fast the machine was just then.
    yardstick_s: float = 0.0


def request(record: Record) -> IdentityRequest:
    """What admit would put before identify."""
    return IdentityRequest(
        authority=record.authority,
        number=record.number,
        source=record.source,
        epoch=1,
        seq=record.index + 1,
        first_captured_at=record.captured_at,
        captured_at=record.captured_at,
        section="demographics",
        op="upsert",
        item="patient",
        content=record.demographics,
    )


def register(
    requests: Iterable[bytes], records: int, turn_records: int, folder: Path
) -> Iterator[Registered]:
    """Register everything into a new state in ``folder``; yields after each turn, for progress.

    The same object each time, complete after the last turn, which closes the state.
    """
    codec = Codec(OwnIds())
    stage = Identify(codec, PARTITIONS)
    state = RocksState(folder, new_cache(), time.time())
    stage.opened(state)
    out = Registered(array("Q", bytes(8 * records)))
    offset = 0
    source = iter(requests)
    while values := list(islice(source, turn_records)):
        puts = [Put(offset + n, 0, None, value) for n, value in enumerate(values)]
        offset += len(puts)
        began, began_cpu = time.perf_counter(), time.process_time()
        decision = stage.decide(state, [Batch(IDENTITY_REQUESTS, 0, puts)])
        state.commit(decision.writes, {(IDENTITY_REQUESTS, 0): offset}, offset, time.time())
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        out.turns.append(Turn(len(puts), seconds, cpu_s, _yardstick_s()))
        for output in decision.outputs:
            _note(codec, output, out)
        yield out
    began, began_cpu = time.perf_counter(), time.process_time()
    state.close()  # what is still in memory is written; it belongs to the cost
    closed = Turn(0, time.perf_counter() - began, time.process_time() - began_cpu)
    out.turns.append(closed)
    out.index_bytes = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
    yield out


def _yardstick_s() -> float:
    """About 3 ms of plain work. Neighbours on a core make the same work cost twice the CPU time."""
    began = time.thread_time()
    seen: dict[int, int] = {}
    for number in range(YARDSTICK_STEPS):
        seen[number * 7919 % 1009] = number
    return time.thread_time() - began


def _note(codec: Codec, output: Output, out: Registered) -> None:
    if output.value is None or output.topic not in (IDENTITY_LINKS, IDENTITY_REVIEWS):
        return
    said = codec.decode(output.value)
    if isinstance(said, RecordLink):
        out.persons[index_of(said.number)] = _short(said.person)
    elif isinstance(said, ReviewPair):
        a, b = sorted((index_of(said.number_a), index_of(said.number_b)))
        (out.reviews.add if said.open else out.reviews.discard)((a, b))


def _short(person: str) -> int:
    """The first 60 bits of a person id, base 32."""
    return int(person[:12].translate(_DIGITS), 32)


#: Base 32 as person ids write it (a-z, 2-7) to the digits of ``int`` (0-9, a-v).
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
