"""Health numbers of a population: no two people have the same."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from zlib import crc32

from dsn_deploy.demo import nam
from dsn_schemas.nam import check_digit

#: Counters of sequence characters, one byte each: memory stays the same for any population.
_COUNTERS = 1 << 24


@lru_cache(maxsize=1 << 16)
def _surname_letters(surname: str) -> str:
    return nam.prefix(surname, "A")[:3]


@lru_cache(maxsize=1 << 14)
def _given_letter(given: str) -> str:
    return nam.prefix("A", given)[3]


class Numbers:
    """Gives NAMs, telling people apart whose first ten characters are equal.

    Counts in a fixed table: two prefixes may share a counter, which only skips a character.
    """

    def __init__(self) -> None:
        self._given = bytearray(_COUNTERS)

    def new(self, surname: str, given: str, born: date, sex: str) -> str:
        """A valid NAM that nobody has; empty in the rare case that all 33 sequences are taken."""
        head = _surname_letters(surname) + _given_letter(given)
        month = born.month + (50 if sex == "F" else 0)
        first = f"{head}{born.year % 100:02d}{month:02d}{born.day:02d}"
        slot = crc32(first.encode()) % _COUNTERS
        taken = self._given[slot]
        if taken >= len(nam.SEQUENCES):
            return ""
        self._given[slot] = taken + 1
        sequence = nam.SEQUENCES[taken]
        digit = check_digit(head, born.year, sex, born.month, born.day, sequence)
        return f"{first}{sequence}{digit}"
