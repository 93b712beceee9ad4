"""CPU time and memory of processes, each with its descendants (PostgreSQL has one per connection).

CPU of a descendant that ended stays counted: its parent inherits it when it is reaped.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]  # its stubs are not among our requirements

#: Between two looks at the memory, s: a peak that lasts less is missed. Each look asks every process
#: of the machine for its parent; twice a second that was a tenth of a core.
LOOK_S = 5.0

#: Our own process: it makes the changes and takes them into the outboxes. Its descendants are the
#: others.
OURSELVES = "bench"


class Usage:
    """Watches processes by name until the end of its ``with`` block."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._trees = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._peak_bytes = dict.fromkeys([*pids, OURSELVES], 0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds each has used since it began, user and system."""
        found = {name: _tree_cpu_s(process) for name, process in self._trees.items()}
        times = os.times()
        return {**found, OURSELVES: times.user + times.system}

    def peak_mb(self) -> dict[str, float]:
        """Most memory each was seen with, MB; pages that a tree shares count once."""
        return {name: round(peak / 1e6, 1) for name, peak in self._peak_bytes.items()}

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            for name, process in self._trees.items():
                self._note(name, _memory_bytes(_tree(process)))
            self._note(OURSELVES, _memory_bytes([psutil.Process()]))

    def _note(self, name: str, bytes_now: int) -> None:
        self._peak_bytes[name] = max(self._peak_bytes[name], bytes_now)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _tree_cpu_s(process: psutil.Process) -> float:
    total = 0.0
    for one in _tree(process):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # its parent has inherited its time
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory_bytes(tree: list[psutil.Process]) -> int:
    private, shared = 0, 0
    for one in tree:
        try:
            memory = one.memory_info()
        except psutil.NoSuchProcess:
            continue
        private += memory.rss - memory.shared
        shared = max(shared, memory.shared)
    return private + shared
