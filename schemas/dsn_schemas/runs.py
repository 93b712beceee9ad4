"""Sets of numbers as unbroken runs: (first, last), ascending, none touching the next. Pure."""

from __future__ import annotations

from collections.abc import Iterable

#: First and last number of an unbroken run.
Run = tuple[int, int]


def joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The numbers of all of these runs, in whatever order they come and however they overlap."""
    found: list[Run] = []
    for first, last in sorted(run for run in runs if run[0] <= run[1]):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def clipped(runs: Iterable[Run], first: int, last: int | None) -> tuple[Run, ...]:
    """The part of the runs between two numbers, both inclusive."""
    found = ((max(a, first), b if last is None else min(b, last)) for a, b in runs)
    return tuple((a, b) for a, b in found if a <= b)


def count(runs: Iterable[Run]) -> int:
    """How many numbers the runs hold."""
    return sum(last - first + 1 for first, last in runs)


def without(runs: Iterable[Run], others: Iterable[Run]) -> tuple[Run, ...]:
    """The part of ascending runs that is in none of the others."""
    rest = list(runs)
    for first, last in others:
        rest = [
            part
            for a, b in rest
            for part in ((a, min(b, first - 1)), (max(a, last + 1), b))
            if part[0] <= part[1]
        ]
    return tuple(rest)


def words(runs: Iterable[Run]) -> str:
    """Runs for a person: ``1 to 5, 9``."""
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs) or "none"
