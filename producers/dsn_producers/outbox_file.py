"""The SQLite file of an outbox: opening it, its transactions, and what every reader asks of it.

Several processes may have the file open (the edge, ``feed``, ``status``): every number is given
under ``BEGIN IMMEDIATE``, from what the file says at that moment, never from memory. A killed
process leaves whole transactions or nothing, so the numbers have no gap and no double.

``taking`` writes changes into it, ``sending`` reads them out, ``receipted`` frees them; one
connection per thread.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsn_producers import epochs
from dsn_producers.errors import OutboxBusy, OutboxFull, OutboxRefused, OutboxUnusable
from dsn_producers.statements import statements, text
from dsn_schemas.contract import composed_json
from dsn_schemas.settings import Settings

FORMAT = 1
#: Numbers of one epoch: 10^12, a hundred years of 350 changes a second.
EPOCH_SPAN = 1 << 40
#: Seconds a writer waits for another process; a sender gives up after about thirty.
BUSY_S_MAX = 10.0
#: Milliseconds a reader waits; only recovery after a crash ever makes it.
_READ_BUSY_MS = 5000
#: WAL pages after which a commit folds the WAL back itself (64 MB); the forwarder does it sooner.
_WAL_PAGES_MAX = 16_000

#: Of its own: the program that imports us may count on the global one.
_CHANCE = random.Random()

SQL = statements("outbox.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What a source made of its messages since the epoch began."""

    #: Messages taken, repeated ones included.
    messages: int = 0
    #: Changes they made or would have made.
    received: int = 0
    #: Of those, the ones that got a number; also the highest number given.
    numbered: int = 0
    #: Of those, the ones that said nothing new.
    duplicate: int = 0
    #: Messages kept without being mapped.
    rejected: int = 0
    #: Edge clock of the last message, milliseconds since 1970 UTC; 0 before the first.
    taken_at: int = 0


def path_of(settings: Settings, source: str) -> Path:
    """Where the outbox of a source is."""
    return settings.data / "outbox" / f"{source}.sqlite3"


class OutboxFile:
    """One connection to the outbox of a source."""

    def __init__(self, path: Path, *, source: str, partitions: int, durable: bool = True) -> None:
        """Open or create. ``durable=False`` suits the forwarder: what it marks costs a resend.

        Raises ``OutboxUnusable`` when the file is of another source, format or partition count.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._description = {"format": FORMAT, "source": source, "partitions": partitions}
        # One thread at a time uses it, but not always the one that opened it.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(durable)
            self._create_or_check()
            self.own_schema = self._own_schema()
        except sqlite3.Error as error:
            self._db.close()
            raise OutboxUnusable(f"{path} is no outbox ({error}): move it away") from error
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the connection; the last one of all folds the WAL back."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable together, or not at all. Raises ``OutboxRefused``."""
        try:
            self._begin()
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self.run("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _refusal(error) from error

    @property
    def epoch(self) -> int:
        """Of the numbers given now."""
        return self.meta("epoch")

    @property
    def source(self) -> str:
        """The establishment system whose outbox this is."""
        return str(self._description["source"])

    @property
    def partitions(self) -> int:
        """Partitions its numbers were given for."""
        return int(str(self._description["partitions"]))

    def meta(self, name: str, default: int = 0) -> int:
        """A number kept under ``name``."""
        row = self.one("meta", name)
        return default if row is None else int(row[0])

    def put_meta(self, name: str, value: object) -> None:
        """Keep ``value`` under ``name``; inside a transaction."""
        self.execute("put_meta", name, value)

    def counters(self, epoch: int) -> Counters:
        """What was made of the messages of an epoch."""
        row = self.one("counters", epoch)
        return Counters() if row is None else counters_of(row)

    def schema_text(self, schema: int) -> str:
        """The schema that bodies of this mark were written with."""
        row = self.one("schema_text", schema)
        if row is None:
            raise OutboxUnusable(f"{self.path} has changes of a schema it does not hold")
        return str(row[0])

    def version(self) -> int:
        """Differs from the last answer when another connection has committed since."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def next_epoch(self, epoch: int) -> int | None:
        """The first epoch behind this one under which numbers were given; None: it is the last."""
        row = self.one("next_epoch", epoch)
        return None if row is None or row[0] is None else int(row[0])

    def used_bytes(self) -> int:
        """Bytes of the file in use, without pages that freed rows left behind."""
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def reusable_bytes(self) -> int:
        """Bytes of pages that freed rows left behind: used again, but not free on the disk."""
        free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("freelist_count", "page_size")
        )
        return free * size

    def give_back(self, pages_max: int) -> None:
        """Make the file smaller by pages that freed rows left behind."""
        with self.transaction():
            self.run(f"PRAGMA incremental_vacuum({int(pages_max)})").fetchall()

    def checkpoint(self) -> None:
        """Fold the WAL back as far as no reader or writer is in the way. Raises ``OutboxRefused``."""
        try:
            self.run("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise _refusal(error) from error

    def one(self, name: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a named statement."""
        row: tuple[Any, ...] | None = self._db.execute(SQL[name], values).fetchone()
        return row

    def all(self, name: str, *values: object) -> list[tuple[Any, ...]]:
        """Every row of a named statement."""
        return self._db.execute(SQL[name], values).fetchall()

    def execute(self, name: str, *values: object) -> int:
        """Run a named statement; returns the rows it touched."""
        return self._db.execute(SQL[name], values).rowcount

    def many(self, name: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run a named statement for each row."""
        self._db.executemany(SQL[name], rows)

    def run(self, statement: str) -> sqlite3.Cursor:
        """Run a statement that has no name and no values."""
        return self._db.execute(statement)

    def _begin(self) -> None:
        # SQLite's own busy handler sleeps up to 100 ms and would lose every race against a feed.
        self.run("PRAGMA busy_timeout = 0")
        deadline = time.monotonic() + BUSY_S_MAX
        try:
            while not self._began(deadline):
                time.sleep(_CHANCE.uniform(0.0005, 0.002))
        finally:
            self.run(f"PRAGMA busy_timeout = {_READ_BUSY_MS}")

    def _began(self, deadline: float) -> bool:
        try:
            self.run("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            return False
        return True

    def _prepare(self, durable: bool) -> None:
        self.run(f"PRAGMA busy_timeout = {_READ_BUSY_MS}")
        if not self.path.stat().st_size:
            # Before anything is in the file: what is freed must be able to go back to the disk.
            self.run("PRAGMA auto_vacuum = INCREMENTAL")
        self.run("PRAGMA journal_mode = WAL")
        self.run(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self.run(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES_MAX}")
        self.run("PRAGMA cache_size = -65536")

    def _create_or_check(self) -> None:
        with self.transaction():
            if not self.run("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                for statement in text("outbox_schema.sql").split(";\n"):
                    self.run(statement)
                epoch = epochs.newest(self.path) + 1
                epochs.remember(self.path, epoch)
                first = {"epoch": epoch, "sent": epoch * EPOCH_SPAN}
                self.many("put_meta", [*self._description.items(), *first.items()])
                self.execute("start_counters", epoch)
            for later in ("outbox_receipts.sql", "outbox_refused.sql"):
                for statement in text(later).split(";\n"):
                    self.run(statement)
            if "position" not in {row[1] for row in self.run("PRAGMA table_info(items)")}:
                self.run("ALTER TABLE items ADD COLUMN position INTEGER NOT NULL DEFAULT 0")
            for name, ours in self._description.items():
                found = (self.one("meta", name) or ("absent",))[0]
                if found != ours:
                    raise OutboxUnusable(
                        f"{self.path}: its {name} is {found!r}, not {ours!r}, and numbers were"
                        " given under it: restore that setting, or move the file away"
                    )

    def _own_schema(self) -> int:
        own = composed_json("RecordChange")
        row = self.one("schema_id", own)
        if row is None:
            with self.transaction():
                self.execute("put_schema", own)
            row = self.one("schema_id", own)
            assert row is not None
        return int(row[0])


def counters_of(row: tuple[Any, ...]) -> Counters:
    """A row of the statement ``counters``."""
    messages, received, numbered, duplicate, rejected, taken_at = row
    return Counters(
        messages=messages,
        received=received,
        numbered=numbered,
        duplicate=duplicate,
        rejected=rejected,
        taken_at=taken_at,
    )


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, without the extension."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _refusal(error: sqlite3.Error) -> OutboxRefused:
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return OutboxFull("the outbox's disk is full: free space on it")
        case sqlite3.SQLITE_BUSY:
            return OutboxBusy(f"another process held the outbox for {BUSY_S_MAX:.0f} s")
    return OutboxRefused(f"the outbox could not be written ({error}): see its disk")
