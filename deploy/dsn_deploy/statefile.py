"""`stack.json`: what runs in a data folder, for everyone who did not start it.

Written by the process that owns the folder (it holds the folder's lock), read by `dsn status`,
`dsn down` and every command that wants the addresses. It outlives a crash of its writer; that is
its purpose: each process is named by pid *and* start time, so a stale file harms nobody.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import msgspec

from dsn_deploy.errors import Busy
from dsn_deploy.process import ProcessIdentity


class Phase(Enum):
    """Where the owner of the folder is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One process of the folder."""

    #: The process; None while it is being restarted.
    process: ProcessIdentity | None = None
    #: True once it serves (a server) or has lived long enough (a service).
    ready: bool = False
    #: How often it had to be started again.
    restarts: int = 0
    #: Why it is not running, for people.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything `stack.json` says."""

    #: Who wrote it.
    owner: ProcessIdentity
    #: Where the owner is.
    phase: Phase = Phase.STARTING
    #: The addresses, as the environment of a service.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Every process, by name, in the order they were started.
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def is_stale(self) -> bool:
        """True when its writer is gone and can no longer look after what it names."""
        return not self.owner.is_alive()

    def orphans(self) -> dict[str, ProcessIdentity]:
        """Processes it names that still live."""
        named = {name: entry.process for name, entry in self.entries.items()}
        return {name: one for name, one in named.items() if one is not None and one.is_alive()}


class StateFile:
    """The state file of a data folder, as its owner sees it."""

    def __init__(self, data: Path, state: State) -> None:
        self._path = path_of(data)
        self._mutex = threading.Lock()  # servers start in parallel
        self._state = state
        self._write()

    @property
    def state(self) -> State:
        return self._state

    def record(self, name: str, process: ProcessIdentity | None) -> None:
        """A process started or ended."""
        self.note(name, process=process, ready=False)

    def note(self, name: str, **changes: object) -> None:
        """Change one entry."""
        with self._mutex:
            entry = self._state.entries.get(name, Entry())
            changed = replace(entry, **changes)  # type: ignore[arg-type]  # fields of Entry
            self._put(entries={**self._state.entries, name: changed})

    def forget(self, name: str) -> None:
        """A process that is not to run any more."""
        with self._mutex:
            rest = {one: entry for one, entry in self._state.entries.items() if one != name}
            self._put(entries=rest)

    def put(self, **changes: object) -> None:
        """Change the state as a whole."""
        with self._mutex:
            self._put(**changes)

    def is_gone(self) -> bool:
        """Somebody deleted the file, most likely with the whole data folder."""
        return not self._path.exists()

    def remove(self) -> None:
        """Nothing runs any more."""
        with self._mutex:
            self._path.unlink(missing_ok=True)

    def _put(self, **changes: object) -> None:
        before = self._state
        self._state = replace(before, **changes)  # type: ignore[arg-type]  # fields of State
        if self._state != before:
            self._write()

    def _write(self) -> None:
        """Whole or not at all: a reader, or a crash, must never meet half a file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(self._state)))
        new.replace(self._path)


def path_of(data: Path) -> Path:
    return data / "stack.json"


def read(data: Path) -> State | None:
    """What is said to run in this data folder; None if nothing is, or nothing readable."""
    try:
        return msgspec.json.decode(path_of(data).read_bytes(), type=State)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        # Writes are atomic, so what cannot be decoded is of another version, or not ours.
        return None


@contextmanager
def owning(data: Path) -> Iterator[None]:
    """Own the data folder; raise `Busy` if another process does. Freed by the kernel on death."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)  # patients are in it
    with (data / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{data} is in use by another process; `dsn status` shows it") from None
        yield


def ourselves() -> ProcessIdentity:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None, "we are alive"
    return identity
