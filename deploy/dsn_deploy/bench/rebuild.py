"""``dsn bench rebuild``: everything behind a journal again, from offset 0, beside what serves.

Changes are taken and carried first, which is not measured. Then a second generation is built without
a bound on its rate, while the live services have nothing to do, and is held against the live one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from dsn_consumers import generations as store
from dsn_deploy import rebuild
from dsn_deploy.bench import throughput
from dsn_deploy.bench.end_to_end import WARM_CHANGES, folder
from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.load import loads_of
from dsn_deploy.bench.system import System
from dsn_deploy.bench.throughput import STANDSTILL_S, numbered, wait_readable
from dsn_deploy.bench.usage import Usage

#: Between two looks at how far it is, s.
_LOOK_S = 0.2
#: Between two lines of progress, s.
_SAY_S = 5.0

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    #: People, each with a record at both establishments.
    people: int = 10_000
    #: Changes in the journal.
    changes: int = 100_000
    #: Of every topic, so lanes of the one worker.
    partitions: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found."""

    asked: Asked
    changes: int
    #: From the beginning until the shadow said the same as the live one.
    seconds: float
    #: Of these, until its workers had opened their lanes.
    starting_s: float
    #: CPU seconds by process.
    cpu_s: dict[str, float]
    #: What the two say differently.
    differences: int

    def figures(self) -> dict[str, object]:
        """As they are printed; the names are read by scripts."""
        return {
            "changes": self.changes,
            "changes_per_s": round(self.changes / (self.seconds - self.starting_s), 1),
            "changes_per_s_with_start": round(self.changes / self.seconds, 1),
            "cpu_s_per_million": {
                name: round(used / self.changes * 1e6, 1) for name, used in self.cpu_s.items()
            },
            "differences": self.differences,
            "people": self.asked.people,
            "partitions": self.asked.partitions,
            "seconds": round(self.seconds, 2),
            "starting_s": round(self.starting_s, 2),
        }


def run(asked: Asked, say: Say) -> Measured:
    """Measure, on a system of its own.

    1. Carry the changes. 2. Build beside. 3. Compare.

    Raises ``BenchError`` and ``StackError``; the folder with every log is then kept and named.
    """
    with ExitStack() as opened:
        place = opened.enter_context(folder(say))
        system = opened.enter_context(System(place, say, partitions=asked.partitions))
        loads = loads_of(system.settings, system.sources, asked.people, asked.seed, opened)
        for load, outbox in loads:
            for _ in range(WARM_CHANGES):
                outbox.take(next(load)).result(60)
        wait_readable(system, say)
        with Usage(system.pids) as usage:  # 1
            throughput.measure(system, loads, asked.changes, usage, say)
        changes = sum(numbered(system.settings).values())
        say(f"{changes} changes in the journal")
        establishments = sorted({source.establishment for source in system.sources})
        rebuild.begin(system.settings, establishments, rate=0)
        began = time.monotonic()
        system.add_generation()  # 2
        with Usage(system.pids) as usage:
            before = usage.cpu_s()
            opened_at = time.monotonic()
            say("building beside")
            ended, after = _built(system, usage, say)
            cpu_s = {name: at - before[name] for name, at in after.items()}
        return Measured(
            asked=asked,
            changes=changes,
            seconds=ended - began,
            starting_s=opened_at - began,
            cpu_s=cpu_s,
            differences=len(rebuild.diff(system.settings).lines),  # 3
        )


def _built(system: System, usage: Usage, say: Say) -> tuple[float, dict[str, float]]:
    """The instant at which the shadow was where the live one is and said the same, and the CPU seconds
    that processes had used by then: comparing costs PostgreSQL some.

    Raises ``BenchError`` when it gets no further.
    """
    said, moved, before = time.monotonic(), time.monotonic(), (-1, 0)
    while True:
        system.check()
        done, total, moving = store.progress(system.settings.conninfo)
        now = time.monotonic()
        if done == total and not moving:
            used = usage.cpu_s()
            if not store.differences(system.settings.conninfo):
                return now, used
        if (done, moving) != before:
            before, moved = (done, moving), now
        elif now - moved > STANDSTILL_S:
            raise BenchError(
                f"the shadow stays at {done} of {total}, {moving} records on their way"
            )
        if now - said >= _SAY_S:
            said = now
            say(f"{done} of {total} offsets")
        time.sleep(_LOOK_S)
