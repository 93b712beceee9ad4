"""All lanes of a worker: which are open, what waits for them, what is durable.

Runs on the worker's event loop. Each open lane has a bounded queue; a task for each stage hands
everything that waits for its lanes to them at once, in a thread: one transaction for as many batches
as there are. An exception in a lane ends the process without committing anything (exit status 70).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from rocksdict import Cache

from dsn_schemas.settings import Settings
from dsn_streams.crew import Crew, Taken
from dsn_streams.lane import Lane, Link

log = structlog.get_logger()

#: Exit status of a worker that cannot go on (sysexits EX_SOFTWARE).
EXIT_SOFTWARE = 70
#: Batches that may wait for a lane; beyond it the worker stops fetching.
QUEUE_BATCHES = 8
#: Records handed to the lanes of a stage in one turn.
TURN_RECORDS = 8_000
#: A stage begins a turn at most this often, unless a full turn waits: a transaction costs client and
#: brokers 10 ms of CPU and more whatever is in it ...
TURN_S_MIN = 0.04
#: ... and less often when the last one took long, for then brokers or machine are busy: this many
#: times what it took, up to a limit.
TURN_TIMES, TURN_S_MAX = 3.0, 0.1
#: Wait before a schema that could not be had is asked for again.
SCHEMA_PAUSE_S = 1.0
#: A batch handed over and not durable after this long was lost on the way: start again.
STALLED_S = 60.0

Topic = tuple[str, int]


@dataclass(slots=True)
class _Open:
    """An open lane and what waits for it."""

    lane: Lane
    queue: asyncio.Queue[Link] = field(default_factory=lambda: asyncio.Queue(QUEUE_BATCHES))
    #: Of a turn that is under way, or waits for a schema: not lost, however long it takes.
    taken: list[Link] = field(default_factory=list)
    #: Not before this instant of the loop: a schema is awaited.
    rests_until: float = 0.0

    def take(self, records_max: int) -> None:
        """Take what waits, at most so many records, but one batch at least."""
        records = _records(self.taken)
        while not self.queue.empty() and (not self.taken or records < records_max):
            self.taken.append(self.queue.get_nowait())
            records += len(self.taken[-1].batch.records)


@dataclass(slots=True)
class _Running:
    """The lanes of a stage, and the task that gives them their turns."""

    crew: Crew
    lanes: dict[int, _Open]
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    task: asyncio.Task[None] | None = None

    def share(self, now: float) -> dict[int, list[Link]]:
        """What each lane gets in the next turn."""
        ready = [one for one in self.lanes.values() if one.rests_until <= now]
        for one in ready:
            one.take(TURN_RECORDS // len(ready))
        return {one.lane.number: one.taken for one in ready if one.taken}

    def drop(self) -> None:
        """Forget what waits, which wakes whoever waits to put, and end after the turn under way."""
        self.closing = True
        for one in self.lanes.values():
            while not one.queue.empty():
                one.queue.get_nowait()
        self.woken.set()


class Lanes:
    """The lanes of one worker, by (stage, number)."""

    def __init__(
        self,
        settings: Settings,
        route: Callable[[str], str],
        make: Callable[[Settings, str, int, Cache], Lane],
        cache: Cache,
        crew: Callable[[Settings, str, Iterable[Lane]], Crew] = Crew,
    ) -> None:
        """``route`` names the stage that reads a topic; ``make`` builds a stage's lane."""
        self._settings = settings
        self._route = route
        self._make = make
        self._cache = cache
        self._crew = crew
        self._running: dict[str, _Running] = {}
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
            wanted: dict[str, dict[int, list[Topic]]] = {}
            for topic, partition in inputs:
                of_stage = wanted.setdefault(self._route(topic), {})
                of_stage.setdefault(partition, []).append((topic, partition))
            crews = {stage: self._made(stage, numbers) for stage, numbers in wanted.items()}
            loop = asyncio.get_running_loop()
            await asyncio.gather(
                *(
                    loop.run_in_executor(self._threads, self._opened, crew, wanted[stage])
                    for stage, crew in crews.items()
                )
            )
            for stage, crew in crews.items():
                lanes = {number: _Open(lane) for number, lane in crew.lanes.items()}
                running = self._running[stage] = _Running(crew, lanes)
                running.task = loop.create_task(self._run(running), name=f"lanes-{stage}")
            self._fenced = False
            log.info("lanes_opened", lanes=sum(len(crew.lanes) for crew in crews.values()))

    def _made(self, stage: str, numbers: Iterable[int]) -> Crew:
        lanes = (self._make(self._settings, stage, number, self._cache) for number in numbers)
        return self._crew(self._settings, stage, lanes)

    def _opened(self, crew: Crew, inputs: Mapping[int, Iterable[Topic]]) -> None:
        """Lanes are opened side by side: each of them restores its own state."""
        with ThreadPoolExecutor(max(1, len(inputs)), thread_name_prefix="open") as threads:
            crew.open(inputs, threads.map)

    def fence(self) -> None:
        """Take no more batches; called first when partitions are revoked."""
        self._fenced = True

    async def close_all(self) -> None:
        """Finish the turns under way, forget what waits, close every lane."""
        async with self._lock:
            self._fenced = True
            for running in self._running.values():
                running.drop()
            tasks = [one.task for one in self._running.values() if one.task is not None]
            await asyncio.gather(*tasks)
            for running in self._running.values():
                running.crew.close()
            self._running.clear()
            self.done.clear()
            self._handed.clear()

    def positions(self) -> dict[Topic, int]:
        """Next offset to read of every input of the open lanes that has one; others begin at 0."""
        found: dict[Topic, int] = {}
        for lane in self._open():
            found.update(lane.positions())
        return found

    def topics(self) -> dict[str, str]:
        """Ids of the topics whose offsets the open lanes keep."""
        found: dict[str, str] = {}
        for lane in self._open():
            found.update(lane.topics())
        return found

    def owns(self, topic: str, partition: int) -> bool:
        """True when the lane of this input is open."""
        running = self._running.get(self._route(topic))
        return running is not None and partition in running.lanes

    async def submit(self, link: Link) -> None:
        """Queue a batch for its lane; waits while the lane is full, drops it when fenced.

        A dropped batch is read again: its positions were never made durable.
        """
        topic, partition = link.batch.topic, link.batch.partition
        running = self._running.get(self._route(topic))
        if running is None or partition not in running.lanes or self._fenced:
            return
        end = link.batch.records[-1].offset + 1
        self._handed[topic, partition] = (end, time.monotonic())
        await running.lanes[partition].queue.put(link)
        running.woken.set()

    def stalled(self, now: float) -> list[Topic]:
        """Inputs whose newest batch was handed over ``STALLED_S`` ago and is not durable."""
        return [
            topic
            for topic, (end, at) in self._handed.items()
            if now - at > STALLED_S and self.done.get(topic, 0) < end and self._idle(topic)
        ]

    def _idle(self, topic: Topic) -> bool:
        if not self.owns(*topic):
            return False
        opened = self._running[self._route(topic[0])].lanes[topic[1]]
        return opened.queue.empty() and not opened.taken

    def _open(self) -> Iterator[Lane]:
        return (one.lane for running in self._running.values() for one in running.lanes.values())

    async def _run(self, running: _Running) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await running.woken.wait()
                running.woken.clear()
                if running.closing:
                    return
                began = loop.time()
                share = running.share(began)
                if not share:
                    continue
                taken = await loop.run_in_executor(self._threads, running.crew.take, share)
                took_s = loop.time() - began
                records = max(_records(links) for links in share.values())
                full = sum(_records(links) for links in share.values()) >= TURN_RECORDS // 4
                self._kept(running, taken, loop)
                if self._settings.rate:
                    # A worker that builds beside the one people wait for.
                    await asyncio.sleep(began + records / self._settings.rate - loop.time())
                if not full:
                    await asyncio.sleep(began + turn_s(took_s) - loop.time())
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception("lane_failed", stage=running.crew.stage)
            leave(EXIT_SOFTWARE)

    def _kept(self, running: _Running, taken: Taken, loop: asyncio.AbstractEventLoop) -> None:
        """Note what became of a turn; a lane that waits for a schema is asked again later."""
        for number, positions in taken.done.items():
            running.lanes[number].taken = []
            self.done.update(positions)
        for number, why in taken.awaited.items():
            # Not poison: nobody could be asked. Other lanes go on.
            log.warning("schema_awaited", stage=running.crew.stage, lane=number, why=str(why))
            running.lanes[number].rests_until = loop.time() + SCHEMA_PAUSE_S
            loop.call_later(SCHEMA_PAUSE_S, running.woken.set)
        if any(not one.queue.empty() for one in running.lanes.values()):
            running.woken.set()


def _records(links: Iterable[Link]) -> int:
    return sum(len(link.batch.records) for link in links)


def turn_s(took_s: float) -> float:
    """From the beginning of a stage's turn that took so long to that of the next, at the least, s."""
    return min(max(took_s * TURN_TIMES, TURN_S_MIN), TURN_S_MAX)


def leave(status: int) -> None:
    """End the process at once: no commit, no flush, no shutdown hook may run after a fault."""
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status)
