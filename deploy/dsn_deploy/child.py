"""A process of ours: a server of the embedded stack, or one of our own services.

It lives in its own session, so that the terminal's Ctrl-C reaches us and not it: we decide when
it stops. Its log is a file (see `logs`), its standard input is empty.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from dsn_deploy.logs import open_log
from dsn_deploy.process import ProcessIdentity
from dsn_deploy.user import User, spawn_options

#: Time to finish what is in hand. Longer than a worker's message timeout (8 s) plus 5 s, see
#: "As a service" in ARCHITECTURE.md; then it is killed, which every stage survives.
STOP_S = 15.0

#: Called with the name and the identity when a child starts, with None when it is gone.
Recorder = Callable[[str, ProcessIdentity | None], None]


class Child:
    """One process that can be started, stopped, killed and started again."""

    #: How it is asked to stop.
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, name: str, *, log: Path, record: Recorder | None = None) -> None:
        #: Its name in messages, in the state file and of its log.
        self.name = name
        #: Where its output goes.
        self.log = log
        self._record = record
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: ProcessIdentity | None = None

    def command(self) -> Sequence[str]:
        """Program and arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Its whole environment; ours unless it says otherwise."""
        return os.environ

    def user(self) -> User | None:
        """The user it runs as; None is ours."""
        return None

    @property
    def key(self) -> tuple[str, ...]:
        """What it is; one of another key has to be another process."""
        return (self.name,)

    @property
    def identity(self) -> ProcessIdentity | None:
        """The running process; None before the start and after the end."""
        return self._identity if self.is_alive() else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it lives or before it ran."""
        return None if self._process is None else self._process.poll()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it unless it runs; returns before it is ready."""
        if self.is_alive():
            return
        log = open_log(self.log)
        try:
            self._process = self._spawn(log)
        finally:
            os.close(log)
        self._identity = ProcessIdentity.of(self._process.pid)
        self._tell(self._identity)

    def stop(self, deadline_s: float = STOP_S) -> bool:
        """Ask it to stop, kill it after `deadline_s`; True if asking was enough."""
        if self._process is None:
            return True
        if self.is_alive():
            self._process.send_signal(self.stop_signal)
        clean = self._wait(deadline_s)
        if not clean:
            self.kill()
        self._tell(None)
        return clean

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._wait(10.0)  # gone as soon as the kernel took its memory back
        self._tell(None)

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(self.command()),
            env=dict(self.environment()),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **spawn_options(self.user()),
        )

    def _wait(self, deadline_s: float) -> bool:
        if self._process is None:
            return True
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _tell(self, identity: ProcessIdentity | None) -> None:
        if self._record is not None:
            self._record(self.name, identity)
