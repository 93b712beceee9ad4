"""When a crashed process is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsn_deploy.restart import (
    DELAY_S_MAX,
    DELAY_S_MIN,
    STEADY_S,
    Course,
    Resting,
    Running,
    delay_s,
    next_course,
)


def step(course: Course, *, alive: bool, now: float) -> Course:
    return next_course(course, alive=alive, now=now, jitter=0.0)


def test_living_process_is_left_alone() -> None:
    """A process that runs goes on running."""
    course = Running(since=0.0)

    assert step(course, alive=True, now=5.0) == course


def test_crash_rests_before_the_restart() -> None:
    """The first crash waits the shortest delay."""
    assert step(Running(since=0.0), alive=False, now=9.0) == Resting(until=9.5, failures=1)


def test_rest_ends_in_a_restart() -> None:
    """When the wait is over, it runs again from now on, and the crash is remembered."""
    resting = Resting(until=9.5, failures=1)

    assert step(resting, alive=False, now=9.4) == resting
    assert step(resting, alive=False, now=9.5) == Running(since=9.5, failures=1)


def test_steady_process_is_forgiven() -> None:
    """Having run for a minute, its next crash is a first one."""
    course = Running(since=0.0, failures=7)

    assert step(course, alive=True, now=STEADY_S - 1) == course
    assert step(course, alive=True, now=STEADY_S) == Running(since=0.0)


def test_crash_loop_slows_down() -> None:
    """Each crash in a row doubles the wait, up to half a minute."""
    assert [delay_s(n, 0.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_delay_is_bounded(failures: int, jitter: float) -> None:
    """However often it crashed, the wait has a floor and a ceiling: it is always tried again."""
    assert DELAY_S_MIN / 2 <= delay_s(failures, jitter) <= DELAY_S_MAX
