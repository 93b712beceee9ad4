"""Drawing one of many with given frequencies."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Lot(Generic[T]):
    """Values with weights; a draw costs one random number and one bisection."""

    __slots__ = ("_sums", "_values")

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        """Raises ``ValueError`` without any weight: there is nothing to draw."""
        pairs = list(weighted)
        total = sum(weight for _, weight in pairs)
        if total <= 0:
            raise ValueError("nothing to draw from")
        self._values = [value for value, _ in pairs]
        self._sums = list(accumulate(weight / total for _, weight in pairs))
        self._sums[-1] = 1.0  # rounding must not leave a gap at the end

    def draw(self, random: Random) -> T:
        """One value."""
        return self._values[bisect(self._sums, random.random())]

    @property
    def values(self) -> list[T]:
        """Everything that can be drawn."""
        return list(self._values)


def ranked(values: Iterable[T], fall: float) -> Iterable[tuple[T, float]]:
    """Weights that fall with the rank, from 1: Zipf's law with exponent ``fall``."""
    return ((value, rank**-fall) for rank, value in enumerate(values, 1))
