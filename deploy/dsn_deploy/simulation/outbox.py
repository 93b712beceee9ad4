"""The outbox's file with a point at each of its steps; the file itself is a real SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from dsn_deploy.simulation.kernel import Actor
from dsn_producers.outbox_file import OutboxFile

#: Statements that are a step of `taking.take`, and what their point is called.
_STEPS = {"put_change": "2 between", "put_head": "3 before", "put_counters": "3 after"}


class SteppedFile(OutboxFile):
    """An ``OutboxFile`` in a process that may die between any two of its statements."""

    def __init__(
        self, path: Path, *, source: str, partitions: int, process: Actor, label: str, durable: bool
    ) -> None:
        self._process = process
        self._label = label
        self._stepping = False
        super().__init__(path, source=source, partitions=partitions, durable=durable)
        self._stepping = True

    def run(self, statement: str) -> sqlite3.Cursor:
        """See ``OutboxFile``."""
        if not self._stepping or statement not in ("BEGIN IMMEDIATE", "COMMIT"):
            return super().run(statement)
        step = "1" if statement != "COMMIT" else "4"
        self._process.point(f"{self._label}.{step} before")
        cursor = super().run(statement)
        self._process.point(f"{self._label}.{step} after")
        return cursor

    def execute(self, name: str, *values: object) -> int:
        """See ``OutboxFile``."""
        touched = super().execute(name, *values)
        if self._stepping and name in _STEPS:
            self._process.point(f"{self._label}.{_STEPS[name]}")
        return touched

    def many(self, name: str, rows: Iterable[tuple[object, ...]]) -> None:
        """See ``OutboxFile``."""
        if self._stepping and name in _STEPS:
            self._process.point(f"{self._label}.{_STEPS[name]}")
        super().many(name, rows)
