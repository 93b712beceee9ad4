"""Keeps the processes of a run going, as the supervisor does, but lets a fault hold one down."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping

from dsn_deploy.child import Child
from dsn_deploy.errors import StackError
from dsn_deploy.restart import Course, Running, next_course

#: Between two looks, s.
LOOK_S = 0.1


class Keeper(threading.Thread):
    """Starts every child again that ended by itself, with the supervisor's own pauses."""

    def __init__(self, children: Mapping[str, Child], seed: int) -> None:
        super().__init__(name="keeper", daemon=True)
        self._children = children
        self._chance = random.Random(f"{seed}/keeper")
        self._courses: dict[str, Course] = {}
        #: Who is to stay down, by how many faults.
        self._held: dict[str, int] = {}
        self._mutex = threading.RLock()
        self._stopping = threading.Event()
        #: Ends by themselves since the last `forgive`: (name, exit code).
        self.ended: list[tuple[str, int | None]] = []

    def run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            with self._mutex:
                for name in self._children:
                    self._look(name, time.monotonic())

    def stop(self) -> None:
        """Look after nobody any more."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def hold(self, name: str) -> None:
        """Do not start it again until it is released as often as it was held."""
        with self._mutex:
            self._held[name] = self._held.get(name, 0) + 1

    def release(self, name: str) -> None:
        """Start it now, unless another fault still holds it."""
        with self._mutex:
            self._held[name] = max(0, self._held.get(name, 0) - 1)
            if not self._held[name]:
                self._courses[name] = Running(since=time.monotonic())
                self._start(name)

    def forgive(self) -> None:
        """Nobody's earlier crashes count any more: a new round begins."""
        with self._mutex:
            self._courses = {name: Running(since=time.monotonic()) for name in self._children}
            self.ended = []

    def _look(self, name: str, now: float) -> None:
        if self._held.get(name):
            return
        child = self._children[name]
        before = self._courses.get(name, Running(since=now))
        course = next_course(before, alive=child.is_alive(), now=now, jitter=self._chance.random())
        self._courses[name] = course
        if isinstance(before, Running) and not isinstance(course, Running):
            self.ended.append((name, child.exit_code))
        if isinstance(course, Running) and not isinstance(before, Running):
            self._start(name)

    def _start(self, name: str) -> None:
        try:
            self._children[name].start()
        except (OSError, StackError):
            pass  # it is not alive, and will be tried again after a pause
