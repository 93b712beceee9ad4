"""Shows a long download to a person: a moving bar on a terminal, a few lines anywhere else."""

from __future__ import annotations

import sys
import threading

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


class Lines:
    """One line per quarter, for logs."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()  # several downloads at a time
        self._what = ""
        self._total = 0
        self._done = 0

    def start(self, what: str, bytes_total: int) -> None:
        self._what, self._total, self._done = what, bytes_total, 0
        print(f"Fetching {what}: {bytes_total / 1e6:.0f} MB", flush=True)

    def advance(self, amount: int) -> None:
        with self._mutex:
            before, self._done = self._done, self._done + amount
            if 4 * before // self._total < 4 * self._done // self._total:
                print(f"  {100 * self._done // self._total} %", flush=True)


class Bar:
    """A bar on the terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("Fetching {task.description}"), BarColumn(), DownloadColumn())
        self._progress = Progress(*columns, TimeRemainingColumn())
        self._task = self._progress.add_task("", visible=False, total=None)

    def start(self, what: str, bytes_total: int) -> None:
        self._progress.start()
        self._task = self._progress.add_task(what, total=bytes_total)

    def advance(self, amount: int) -> None:
        self._progress.advance(self._task, amount)
        if self._progress.finished:
            self._progress.stop()


def progress() -> Bar | Lines:
    """Whichever suits what we write to."""
    return Bar() if sys.stdout.isatty() else Lines()
