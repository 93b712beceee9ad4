"""How far a long piece of work is: a moving bar on a terminal, a few lines anywhere else.

Written to standard error, because standard output belongs to the answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Lines in all where there is no terminal.
_LINES = 10


class Steps:
    """Progress of one piece of work, with the time it still needs at its present speed."""

    def __init__(
        self, what: str, total: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = max(total, 1)
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task(what, total=self._total)

    def at(self, done: int, total: int | None = None) -> None:
        """So much is done; the total may grow while everything runs."""
        before, self._done = self._done, done
        self._total = max(total or self._total, 1)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self._total)
        elif _LINES * before // self._total < _LINES * done // self._total:
            print(self.line(), file=sys.stderr, flush=True)

    def line(self) -> str:
        """What a log shows."""
        taken_s = self._clock() - self._began
        left_s = taken_s * (self._total - self._done) / self._done if self._done else 0.0
        share = 100 * self._done // self._total
        return f"{self._what}: {share} %, {self._done} of {self._total}, {left_s:.0f} s left"

    def end(self) -> None:
        """Leave the terminal alone."""
        if self._bar is not None:
            self._bar.stop()
