"""The outbox's file with a point at each of its steps; the file itself is a real SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from dsn_deploy.simulation.kernel import Actor
from dsn_producers.outbox_file import OutboxFile

#: By label of the connection: statements that are a numbered step, and what their point is called.
_STEPS: dict[str, dict[str, str]] = {
    "edge": {"put_change": "2 between", "put_head": "3 before", "put_counters": "3 after"},
    "forwarder": {"drop_meta": "3 between"},
    "epoch": {
        "put_change": "2 between",
        "start_counters": "3 before",
        "put_head_numbered": "3 after",
        "forget_messages": "4 after",
    },
}
#: Which step its beginning and its commit are.
_BEGINS = {"edge": "1", "forwarder": "keep", "epoch": "1"}
_COMMITS = {"edge": "4", "forwarder": "kept", "epoch": "5"}


class SteppedFile(OutboxFile):
    """An ``OutboxFile`` in a process that may die between any two of its statements."""

    def __init__(
        self, path: Path, *, source: str, partitions: int, process: Actor, label: str, durable: bool
    ) -> None:
        self._process = process
        self.label = label
        self._stepping = False
        super().__init__(path, source=source, partitions=partitions, durable=durable)
        self._stepping = True

    def run(self, statement: str) -> sqlite3.Cursor:
        """See ``OutboxFile``."""
        if not self._stepping or statement not in ("BEGIN IMMEDIATE", "COMMIT"):
            return super().run(statement)
        step = (_BEGINS if statement != "COMMIT" else _COMMITS)[self.label]
        self._process.point(f"{self.label}.{step} before")
        cursor = super().run(statement)
        self._process.point(f"{self.label}.{step} after")
        return cursor

    def execute(self, name: str, *values: object) -> int:
        """See ``OutboxFile``."""
        touched = super().execute(name, *values)
        self._step(name)
        return touched

    def many(self, name: str, rows: Iterable[tuple[object, ...]]) -> None:
        """See ``OutboxFile``."""
        self._step(name)
        super().many(name, rows)

    def _step(self, name: str) -> None:
        step = _STEPS[self.label].get(name)
        if self._stepping and step is not None:
            self._process.point(f"{self.label}.{step}")
