"""The ledger's unexplained changes, counted now and then: counting may read a whole log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from dsn_consumers.ledger import ledger

#: Of the time, the part that may be spent on counting.
PART = 0.02


def unexplained(conninfo: str) -> dict[str, int]:
    """By source. Raises ``psycopg.Error``."""
    return {row.source: row.unexplained for row in ledger(conninfo)}


class Books:
    """The last count; made anew when it is due, which is the later the longer it took."""

    def __init__(
        self,
        count: Callable[[str], Mapping[str, int]] = unexplained,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._monotonic = monotonic
        self._known: Mapping[str, int] = {}
        self._due = float("-inf")

    def unexplained(self, conninfo: str) -> Mapping[str, int]:
        """By source. Raises ``psycopg.Error``."""
        began = self._monotonic()
        if began >= self._due:
            self._known = self._count(conninfo)
            ended = self._monotonic()
            self._due = ended + (ended - began) / PART
        return self._known
