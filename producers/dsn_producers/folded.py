"""What an outbox still knows of a day's changes, removed ones included: numbers and a digest.

A change that is removed is folded into its day first, in the order of numbers, 32 bytes a day. So a
closing statement of the centre can be checked however old it is. Digests are of the journal record,
five bytes of schema id and the body, as it was sent.

Called by ``receipted`` when it frees, and by ``closing`` to check a statement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile
from dsn_schemas.runs import Run
from dsn_schemas.statement import EMPTY, chained, day_of

#: Held changes read at a time.
ROWS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the outbox gave numbers to on one day, in one epoch."""

    epoch: int
    day: date
    numbers: tuple[Run, ...]
    chain: bytes


class Fold:
    """The days of one epoch while changes are put behind what is known of them."""

    def __init__(self, file: OutboxFile, epoch: int, frames: Frames) -> None:
        self._file = file
        self._epoch = epoch
        self._frames = frames
        self._days: dict[str, tuple[list[Run], bytes]] = {}

    def add(self, seq: int, captured_at: int, schema: int, body: bytes) -> bytes:
        """One change more; numbers ascend. SHA-256 of its journal record."""
        day = day_of(captured_at).isoformat()
        if day not in self._days:
            self._days[day] = _known(self._file.one("folded", self._epoch, day))
        numbers, chain = self._days[day]
        if numbers and numbers[-1][1] + 1 == seq:
            numbers[-1] = (numbers[-1][0], seq)
        else:
            numbers.append((seq, seq))
        payload = self._frames.digest(schema, body)
        self._days[day] = (numbers, chained(chain, self._epoch, seq, payload))
        return payload

    def keep(self) -> None:
        """Write what is known now; inside a transaction."""
        for day, (numbers, chain) in self._days.items():
            self._file.execute("put_folded", self._epoch, day, json.dumps(numbers), chain)

    def days(self) -> Iterator[Day]:
        """What is known of the days that were added to."""
        for day, (numbers, chain) in self._days.items():
            yield Day(
                epoch=self._epoch,
                day=date.fromisoformat(day),
                numbers=tuple(numbers),
                chain=chain,
            )


class Frames:
    """The schema ids that stored bodies are sent with."""

    def __init__(self, file: OutboxFile) -> None:
        self._file = file
        self._known: dict[int, bytes] = {}

    def digest(self, schema: int, body: bytes) -> bytes:
        """SHA-256 of the journal record of a body."""
        return hashlib.sha256(self._frame(schema) + body).digest()

    def schema_id(self, schema: int) -> int:
        """The id that journal records of these bodies begin with; 0 when it is not known."""
        return int.from_bytes(self._frame(schema)[1:], "big")

    def _frame(self, schema: int) -> bytes:
        if schema not in self._known:
            row = self._file.one("meta", _frame_name(schema))
            self._known[schema] = b"" if row is None else bytes(row[0])
        return self._known[schema]


def keep_frame(file: OutboxFile, frame: bytes) -> None:
    """Remember the schema id that bodies of our version are sent with."""
    name = _frame_name(file.own_schema)
    row = file.one("meta", name)
    if row is None or bytes(row[0]) != frame:
        with file.transaction():
            file.put_meta(name, frame)


def known_days(file: OutboxFile) -> dict[tuple[int, date], Day]:
    """Every day the outbox knows something of: removed changes, and those it holds behind them."""
    found: dict[tuple[int, date], Day] = {}
    for epoch, day, numbers, chain in file.all("all_folded"):
        runs, folded = _known((numbers, chain))
        one = Day(epoch=epoch, day=date.fromisoformat(day), numbers=tuple(runs), chain=folded)
        found[one.epoch, one.day] = one
    position = -1
    folds: dict[int, Fold] = {}
    frames = Frames(file)
    while rows := file.all("held_after", position, ROWS_MAX):
        for position, captured_at, schema, body in rows:  # the next read goes on there
            epoch, seq = divmod(position, EPOCH_SPAN)
            if epoch not in folds:
                folds[epoch] = Fold(file, epoch, frames)
            folds[epoch].add(seq, captured_at, schema, body)
    for fold in folds.values():
        found |= {(one.epoch, one.day): one for one in fold.days()}
    return found


def _known(row: tuple[Any, ...] | None) -> tuple[list[Run], bytes]:
    if row is None:
        return [], EMPTY
    return [(first, last) for first, last in json.loads(row[0])], bytes(row[1])


def _frame_name(schema: int) -> str:
    return f"frame.{schema}"
