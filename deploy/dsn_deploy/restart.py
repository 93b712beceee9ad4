"""When to start a process again: a decision that takes `now` and returns a value.

It never gives up: at the centre of a hospital network, nobody may be there to start it by hand.
It slows down to one try each half minute, and `dsn status` shows it as failing all along.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Wait after the first crash; doubled by each further one.
DELAY_S_MIN = 0.5

#: Longest wait: short beside what an operator needs to look, long beside a start (2 s of CPU).
DELAY_S_MAX = 30.0

#: Having run this long, a process has recovered: the next crash is a first one again.
STEADY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """It was started and is not known to have ended."""

    #: When it was started.
    since: float
    #: Crashes in a row before this start.
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """It crashed and will be started again."""

    #: When.
    until: float
    #: Crashes in a row.
    failures: int


Course = Running | Resting


def next_course(course: Course, *, alive: bool, now: float, jitter: float) -> Course:
    """Where a process goes from here. A new `Running` (since `now`) means: start it.

    `jitter` in [0, 1] shortens the wait by up to half, so that five services which lost the same
    server do not all come back in the same instant.
    """
    match course:
        case Running(since=since, failures=failures) if alive:
            steady = failures and now - since >= STEADY_S
            return Running(since=since) if steady else course
        case Running(failures=failures):
            return Resting(until=now + delay_s(failures + 1, jitter), failures=failures + 1)
        case Resting(until=until, failures=failures):
            return Running(since=now, failures=failures) if now >= until else course


def delay_s(failures: int, jitter: float) -> float:
    """How long to wait after that many crashes in a row."""
    longest = min(DELAY_S_MAX, DELAY_S_MIN * 2.0 ** min(failures - 1, 10))
    return longest * (1.0 - jitter / 2)
