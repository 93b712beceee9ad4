"""``dsn bench scale``: the same work with 1, 2 and 4 stream workers, and what a change of them costs.

Each number of workers has a system of its own, so that all of them do the same from the beginning.
On the first of them workers then come, go and die while changes arrive steadily; how long nothing
became readable is the pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise

from dsn_deploy.bench import throughput
from dsn_deploy.bench.end_to_end import folder
from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.load import Load, loads_of
from dsn_deploy.bench.system import System
from dsn_deploy.bench.throughput import wait_readable
from dsn_deploy.bench.usage import Usage
from dsn_deploy.faults.recovery import Look, Watch
from dsn_deploy.services import Service
from dsn_producers.outbox import Outbox

#: Changes of each source before anything is measured.
WARM_CHANGES = 200
#: Steady changes a second of each source while workers come and go.
RATE = 50
#: Looked at after a worker came, went or died, s: longer than its group waits for a dead one.
AFTER_S = 20.0
#: How long workers are looked at that have nothing to do, s.
IDLE_S = 5.0

Say = Callable[[str], object]
Loads = Sequence[tuple[Load, Outbox]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    people: int = 2_000
    changes: int = 20_000
    workers: Sequence[int] = (1, 2, 4)
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number of workers."""

    workers: int
    changes_per_s: float
    #: CPU of all workers together, microseconds for each change.
    cpu_us_per_change: float
    #: CPU of all workers together while nothing arrives, milliseconds a second.
    idle_cpu_ms_per_s: float
    #: The same without what they use for being there: what a change costs.
    net_us_per_change: float


def run(asked: Asked, say: Say) -> dict[str, object]:
    """Measure everything; figures as they are printed. Raises ``BenchError``, ``StackError``."""
    measured, pauses = [], {}
    for workers in asked.workers:
        say(f"{workers} workers")
        with (
            folder(say) as place,
            System(place, say, workers=workers) as system,
            ExitStack() as opened,
        ):
            loads = loads_of(system.settings, system.sources, asked.people, asked.seed, opened)
            measured.append(_measure(system, loads, asked, workers, say))
            if workers == asked.workers[0]:
                pauses = _pauses(system, loads, workers, say)
    first = measured[0].net_us_per_change
    return {
        "changes": asked.changes,
        "people": asked.people,
        "workers": [
            {
                "workers": one.workers,
                "changes_per_s": round(one.changes_per_s, 1),
                "cpu_us_per_change": round(one.cpu_us_per_change, 1),
                "idle_cpu_ms_per_s": round(one.idle_cpu_ms_per_s, 1),
                "net_us_per_change": round(one.net_us_per_change, 1),
                "net_to_first": round(one.net_us_per_change / first, 3),
            }
            for one in measured
        ],
        **pauses,
    }


def longest_pause_s(looks: Sequence[Look], begin: float, end: float) -> float:
    """Longest time between two looks that saw something new, within a time. Nothing new: all of it."""
    within = [look for look in looks if begin <= look.at <= end]
    seen = [after.at for before, after in pairwise(within) if after.complete > before.complete]
    return max(after - before for before, after in pairwise([begin, *seen, end]))


def _measure(system: System, loads: Loads, asked: Asked, workers: int, say: Say) -> Measured:
    for load, outbox in loads:
        for _ in range(WARM_CHANGES):
            outbox.take(next(load)).result(60)
    wait_readable(system, say)
    with Usage(system.pids) as usage:
        before = _cpu_s(usage)
        time.sleep(IDLE_S)
        idle = (_cpu_s(usage) - before) / IDLE_S
        carried = throughput.measure(system, loads, asked.changes, usage, say)
    used = sum(cpu_s for name, cpu_s in carried.cpu_s.items() if name.startswith("streams"))
    return Measured(
        workers=workers,
        changes_per_s=carried.changes / carried.seconds,
        cpu_us_per_change=used / carried.changes * 1e6,
        idle_cpu_ms_per_s=idle * 1e3,
        net_us_per_change=(used - idle * carried.seconds) / carried.changes * 1e6,
    )


def _cpu_s(usage: Usage) -> float:
    return sum(used for name, used in usage.cpu_s().items() if name.startswith("streams"))


def _pauses(system: System, loads: Loads, workers: int, say: Say) -> dict[str, object]:
    """A worker joins; it leaves; another joins and is killed."""
    watch = Watch(lambda: system.settings.conninfo, len(loads))
    watch.start()
    try:
        with _steady(loads):
            if not watch.await_complete(time.time(), 120):
                raise BenchError("steady changes are not readable after 120 s")
            quiet = _pause(watch, lambda: None)
            joined = _pause(watch, lambda: _joined(system, workers))
            worker = _joined(system, workers + 1)
            left = _pause(watch, worker.stop)
            system.drop(worker)
            victim = _joined(system, workers + 2)
            killed = _pause(watch, victim.kill)
            system.drop(victim)
    finally:
        watch.end()
    say(f"pauses: join {joined:.1f} s, leave {left:.1f} s, kill {killed:.1f} s")
    return {
        "quiet_pause_s": round(quiet, 2),
        "join_pause_s": round(joined, 2),
        "leave_pause_s": round(left, 2),
        "takeover_s": round(killed, 2),
    }


def _joined(system: System, slot: int) -> Service:
    """One more worker, that has been given lanes."""
    worker = system.add_worker(slot)
    system.await_lanes(worker)
    return worker


def _pause(watch: Watch, act: Callable[[], object]) -> float:
    began = time.time()
    act()
    time.sleep(AFTER_S)
    if not watch.await_complete(began, 120):
        raise BenchError("nothing became readable for 120 s after a worker came or went")
    return longest_pause_s(watch.looks, began, time.time())


@contextmanager
def _steady(loads: Loads) -> Iterator[None]:
    """Changes arrive steadily inside this block."""
    stopping = threading.Event()

    def take() -> None:
        while not stopping.wait(1 / RATE):
            for load, outbox in loads:
                outbox.take(next(load))

    thread = threading.Thread(target=take, name="steady", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
