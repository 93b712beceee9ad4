"""How long until everything taken after a fault could be read: from the store's own *as of*.

A watch notes all along how far each source is complete. A fault is recovered from when every
source is complete up to the moment it ended. Sources whose clock a fault moved say nothing here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

#: Between two looks, s: the error of every figure.
LOOK_S = 0.25

_AS_OF = """
    SELECT DISTINCT ON (source) source, extract(epoch FROM as_of)::float8
    FROM dsn.sources
    ORDER BY source, epoch DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the store said at a moment."""

    #: Wall clock, s.
    at: float
    #: Least *as of* of all sources, s; 0 while one has none.
    complete: float


class Watch(threading.Thread):
    """Looks until it is ended."""

    def __init__(self, conninfo: Callable[[], str], sources: int) -> None:
        super().__init__(name="watch", daemon=True)
        self._conninfo = conninfo
        self._sources = sources
        self._ending = threading.Event()
        #: Oldest first.
        self.looks: list[Look] = []

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                with psycopg.connect(
                    self._conninfo(),
                    autocommit=True,
                    connect_timeout=2,
                    options="-c statement_timeout=5s",
                ) as connection:
                    while not self._ending.wait(LOOK_S):
                        found: Mapping[str, float | None] = dict(
                            connection.execute(_AS_OF).fetchall()
                        )
                        self._note(found)
            except psycopg.Error:
                self._ending.wait(LOOK_S)

    def end(self) -> None:
        """Look no more."""
        self._ending.set()
        self.join()

    def await_complete(self, moment: float, deadline_s: float) -> bool:
        """Wait until everything up to a wall clock moment is readable; False after the deadline."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if self.looks and self.looks[-1].complete >= moment:
                return True
            time.sleep(LOOK_S)
        return False

    def _note(self, found: Mapping[str, float | None]) -> None:
        if len(found) == self._sources:
            complete = min(one or 0.0 for one in found.values())
            self.looks = [*self.looks[-6_000:], Look(at=time.time(), complete=complete)]


def recovered_s(looks: list[Look], moment: float) -> float | None:
    """Seconds from a moment until a look that has everything up to it; None: none has."""
    for look in looks:
        if look.at >= moment and look.complete >= moment:
            return look.at - moment
    return None
