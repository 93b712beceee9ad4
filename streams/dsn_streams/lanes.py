"""All lanes of a worker: which are open, what waits for them, what is durable.

Runs on the worker's event loop. Each open lane has a bounded queue and a task that hands everything
waiting to the lane at once, in a thread: one transaction for as many batches as there are. An
exception in a lane ends the process without committing anything (exit status 70).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from rocksdict import Cache

from dsn_schemas.settings import Settings
from dsn_schemas.wire import UnknownSchema
from dsn_streams.lane import Lane, Link
from dsn_streams.stage import Batch

log = structlog.get_logger()

#: Exit status of a worker that cannot go on (sysexits EX_SOFTWARE).
EXIT_SOFTWARE = 70
#: Batches that may wait for a lane; beyond it the worker stops fetching.
QUEUE_BATCHES = 8
#: Records handed to a lane in one turn.
TURN_RECORDS = 8_000
#: A lane begins a turn at most this often, unless a full turn waits. A transaction costs client and
#: broker 5 to 10 ms of CPU whatever is in it, so their number must not grow with the traffic, nor
#: that of one worker with its lanes: for each of them there are so many seconds between two turns ...
TURN_S_PER_LANE = 0.02
#: ... or this many times what the last one took, for then brokers or machine are busy ...
TURN_TIMES = 2.0
#: ... but never fewer or more seconds than these.
TURN_S_MIN, TURN_S_MAX = 0.04, 0.1
#: Wait before a schema that could not be had is asked for again.
SCHEMA_PAUSE_S = 1.0
#: A batch handed over and not durable after this long was lost on the way: start again.
STALLED_S = 60.0

Topic = tuple[str, int]


@dataclass(slots=True)
class _Open:
    """An open lane and what waits for it."""

    lane: Lane
    #: A turn is under way: what was taken for it is not lost, however long it takes.
    turning: bool = False
    task: asyncio.Task[None] | None = None
    queue: asyncio.Queue[Link] = field(default_factory=lambda: asyncio.Queue(QUEUE_BATCHES))


class Lanes:
    """The lanes of one worker, by (stage, number)."""

    def __init__(
        self,
        settings: Settings,
        route: Callable[[str], str],
        make: Callable[[Settings, str, int, Cache], Lane],
        cache: Cache,
    ) -> None:
        """``route`` names the stage that reads a topic; ``make`` builds a stage's lane."""
        self._settings = settings
        self._route = route
        self._make = make
        self._cache = cache
        self._open: dict[tuple[str, int], _Open] = {}
        self._lock = asyncio.Lock()
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="lane")
        self._fenced = True
        #: (topic, partition) -> next offset that is durable; what may be committed.
        self.done: dict[Topic, int] = {}
        #: (topic, partition) -> (end of the newest batch handed over, when).
        self._handed: dict[Topic, tuple[int, float]] = {}

    async def open_all(self, inputs: Iterable[Topic]) -> None:
        """Open the lanes that own ``inputs``, in parallel. Raises what a lane raises."""
        async with self._lock:
            wanted: dict[tuple[str, int], list[Topic]] = {}
            for topic, partition in inputs:
                wanted.setdefault((self._route(topic), partition), []).append((topic, partition))
            lanes = {key: self._make(self._settings, key[0], key[1], self._cache) for key in wanted}
            loop = asyncio.get_running_loop()
            await asyncio.gather(
                *(
                    loop.run_in_executor(self._threads, lane.open, wanted[key])
                    for key, lane in lanes.items()
                )
            )
            for key, lane in lanes.items():
                opened = self._open[key] = _Open(lane)
                opened.task = loop.create_task(self._run(opened), name=f"lane-{key[0]}-{key[1]}")
            self._fenced = False
            log.info("lanes_opened", lanes=len(lanes))

    def fence(self) -> None:
        """Take no more batches; called first when partitions are revoked."""
        self._fenced = True

    async def close_all(self) -> None:
        """Finish the turns under way, forget what waits, close every lane."""
        async with self._lock:
            self._fenced = True
            tasks = [opened.task for opened in self._open.values() if opened.task is not None]
            for opened in self._open.values():
                _replace_waiting(opened.queue)
            await asyncio.gather(*tasks)
            for opened in self._open.values():
                opened.lane.close()
            self._open.clear()
            self.done.clear()
            self._handed.clear()

    def positions(self) -> dict[Topic, int]:
        """Next offset to read of every input of the open lanes that has one; others begin at 0."""
        found: dict[Topic, int] = {}
        for opened in self._open.values():
            found.update(opened.lane.positions())
        return found

    def topics(self) -> dict[str, str]:
        """Ids of the topics whose offsets the open lanes keep."""
        found: dict[str, str] = {}
        for opened in self._open.values():
            found.update(opened.lane.topics())
        return found

    def owns(self, topic: str, partition: int) -> bool:
        """True when the lane of this input is open."""
        return (self._route(topic), partition) in self._open

    async def submit(self, link: Link) -> None:
        """Queue a batch for its lane; waits while the lane is full, drops it when fenced.

        A dropped batch is read again: its positions were never made durable.
        """
        opened = self._open.get((self._route(link.batch.topic), link.batch.partition))
        if opened is None or self._fenced:
            return
        end = link.batch.records[-1].offset + 1
        self._handed[(link.batch.topic, link.batch.partition)] = (end, time.monotonic())
        await opened.queue.put(link)

    def stalled(self, now: float) -> list[Topic]:
        """Inputs whose newest batch was handed over ``STALLED_S`` ago and is not durable."""
        return [
            topic
            for topic, (end, at) in self._handed.items()
            if now - at > STALLED_S and self.done.get(topic, 0) < end and self._idle(topic)
        ]

    def _idle(self, topic: Topic) -> bool:
        opened = self._open.get((self._route(topic[0]), topic[1]))
        return opened is not None and opened.queue.empty() and not opened.turning

    async def _run(self, opened: _Open) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                links = await _taken(opened.queue)
                if links is None:
                    return
                began = loop.time()
                opened.turning = True
                positions = await self._turn(loop, opened, links)
                opened.turning = False
                took_s = loop.time() - began
                if positions is None:
                    return
                self.done.update(positions)
                if self._settings.rate:
                    # A worker that builds beside the one people wait for.
                    records = sum(len(link.batch.records) for link in links)
                    await asyncio.sleep(began + records / self._settings.rate - loop.time())
                if sum(len(link.batch.records) for link in links) < TURN_RECORDS // 4:
                    pause_s = turn_s(len(self._open), took_s)
                    await asyncio.sleep(began + pause_s - loop.time())
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception("lane_failed", stage=opened.lane.name, lane=opened.lane.number)
            leave(EXIT_SOFTWARE)

    async def _turn(
        self, loop: asyncio.AbstractEventLoop, opened: _Open, links: list[Link]
    ) -> dict[Topic, int] | None:
        while True:
            try:
                return dict(await loop.run_in_executor(self._threads, opened.lane.process, links))
            except UnknownSchema as error:
                # Not poison: nobody could be asked. Other lanes go on.
                log.warning("schema_awaited", stage=opened.lane.name, why=str(error))
                await asyncio.sleep(SCHEMA_PAUSE_S)
                if self._fenced:
                    return None


async def _taken(queue: asyncio.Queue[Link]) -> list[Link] | None:
    """Everything that waits, at most a turn's worth; ``None`` when the lane is to close."""
    links = [await queue.get()]
    records = len(links[0].batch.records)
    while records < TURN_RECORDS and not queue.empty():
        links.append(queue.get_nowait())
        records += len(links[-1].batch.records)
    return None if any(link is CLOSE for link in links) else links


def _replace_waiting(queue: asyncio.Queue[Link]) -> None:
    """Drop what waits and tell the lane's task to end; wakes whoever waits to put."""
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(CLOSE)


def turn_s(lanes: int, took_s: float) -> float:
    """From the beginning of a lane's turn to that of the next one, at the least, s: with so many open
    lanes, after a turn that took so long."""
    return min(max(lanes * TURN_S_PER_LANE, took_s * TURN_TIMES, TURN_S_MIN), TURN_S_MAX)


def leave(status: int) -> None:
    """End the process at once: no commit, no flush, no shutdown hook may run after a fault."""
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status)


#: Marks the end of a lane's queue.
CLOSE = Link(Batch("", -1, ()), -1)
