"""The whole system as it runs at a site and at the centre: real servers, every service a process.

Supervised by the real supervisor, in a thread of the test's own process.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from dsn_consumers import ledger
from dsn_consumers.ledger import LedgerRow
from dsn_deploy.asked import Asked
from dsn_deploy.provision import provision
from dsn_deploy.services import Service, services_of
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.embedded import environment
from dsn_deploy.stack.ports import FREE_PORTS, is_free
from dsn_deploy.stack.server import accepts
from dsn_deploy.statefile import Entry, Phase, StateFile
from dsn_deploy.supervisor import Supervisor
from dsn_producers.mllp_client import MllpClient
from dsn_producers.sources import Source, load
from dsn_producers.status import status
from dsn_schemas.records import RecordChange
from dsn_schemas.settings import Settings
from support.establishment import changes_in
from support.journal import wait_until

#: Seconds for everything to come up, and for what was fed to arrive, on a crowded machine.
UP_S = 180.0
ARRIVAL_S = 150.0
#: Seconds for everything to stop.
STOP_S = 90.0

Rows = list[tuple[Any, ...]]


class Switch(Asked):
    """Asks for a stop without a signal."""

    def ask(self) -> None:
        """Stop now."""
        self._event.set()


class System:
    """Servers and services of one data folder, up inside ``with``."""

    def __init__(self, folder: Path, sources: Iterable[str]) -> None:
        """``sources``: the tables of a sources file; ``PORT`` in them becomes a free port."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ports = iter(random.sample(FREE_PORTS, 500))
        self._sources = folder / "sources.toml"
        text = "\n".join(sources)
        while "PORT" in text:
            text = text.replace("PORT", str(self._free_port()), 1)
        self._sources.write_text(text, encoding="utf-8")
        self._web_port = self._free_port()
        self.stack = EmbeddedStack(data=folder / "data")
        self._switch = Switch()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="supervisor")
        self._life: Future[None] | None = None

    def _free_port(self) -> int:
        return next(port for port in self._ports if is_free(port))

    @property
    def settings(self) -> Settings:
        """What every service runs with."""
        changed = {"sources": self._sources, "web_port": self._web_port}
        return self.stack.settings.model_copy(update=changed)

    def __enter__(self) -> Self:
        self._life = self._thread.submit(self._supervise)
        try:
            wait_until(self._is_up, UP_S, "everything runs", 0.1)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._switch.ask()
        if self._life is not None:
            self._life.result(STOP_S)
        self._thread.shutdown()

    def _supervise(self) -> None:
        def prepare() -> None:
            provision(self.settings)

        Supervisor(self.stack, services=self._services, provision=prepare).run(self._switch)

    def _services(self, state_file: StateFile) -> Sequence[Service]:
        given = environment(self.settings)
        return services_of(self.stack.data, given, state_file.record)

    def _is_up(self) -> bool:
        if self._life is not None and self._life.done():
            self._life.result()
        state_file = getattr(self.stack, "state_file", None)
        if state_file is None or state_file.state.phase is not Phase.RUNNING:
            return False
        ready = all(entry.ready for entry in state_file.state.entries.values())
        ports = [source.mllp_port for source in self.sources() if source.mllp_port]
        return ready and all(accepts(port) for port in ports)

    # What a person does with it

    def sources(self) -> list[Source]:
        """Every configured source."""
        return load(self._sources)

    def source(self, name: str) -> Source:
        """One configured source."""
        return next(source for source in self.sources() if source.name == name)

    def sender(self, name: str) -> MllpClient:
        """A hospital's interface engine."""
        source = self.source(name)
        return MllpClient(source.mllp_host, source.mllp_port, attempts=4, wait_s=60)

    def feeding(self, path: Path, source: str) -> subprocess.Popen[str]:
        """``dsn feed``, as a process of its own that has just started."""
        return subprocess.Popen(
            [sys.executable, "-m", "dsn_deploy", "feed", "--json", str(path), "--source", source],
            env={**os.environ, **environment(self.settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def feed(self, path: Path, source: str) -> dict[str, int]:
        """``dsn feed`` to its end; its counts."""
        return fed(self.feeding(path, source))

    # What it says

    def processes(self) -> dict[str, Entry]:
        """Every process as the supervisor sees it."""
        return dict(self.stack.state_file.state.entries)

    def kill(self, name: str) -> None:
        """``kill -9`` of a process that runs; the supervisor is not told."""
        wait_until(lambda: self._identity(name) is not None, UP_S, f"{name} runs", 0.02)
        identity = self._identity(name)
        assert identity is not None
        identity.send(signal.SIGKILL)

    def _identity(self, name: str) -> Any:
        process = self.processes()[name].process
        return process if process is not None and process.is_alive() else None

    def log(self, name: str) -> str:
        """All a process wrote."""
        return (self.stack.data / "logs" / f"{name}.log").read_text(errors="replace")

    def rows(self, statement: str, *values: object) -> Rows:
        """What the store answers."""
        with psycopg.connect(self.settings.conninfo, connect_timeout=5) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def changes(self) -> list[RecordChange]:
        """Every change that any outbox numbered."""
        return [c for s in self.sources() for c in changes_in(self.settings, s.name)]

    def await_arrival(self, deadline_s: float = ARRIVAL_S) -> None:
        """Wait until the store has, and the books know, all that every outbox took."""
        end = time.monotonic() + deadline_s
        edge = {one.source: one for one in status(self.settings) if one.received}
        expected = {name: one.received - one.duplicate for name, one in edge.items()}
        ledger.wait_complete(self.settings.conninfo, expected, deadline_s)

        def heard() -> bool:
            centre = {one.source: one.received for one in ledger.sources(self.settings.conninfo)}
            return all(centre.get(name, -1) == one.received for name, one in edge.items())

        wait_until(heard, max(1.0, end - time.monotonic()), "the marks with every count")

    def ledger(self) -> dict[str, LedgerRow]:
        """The books by source."""
        return {row.source: row for row in ledger.ledger(self.settings.conninfo)}


def fed(process: subprocess.Popen[str], deadline_s: float = 120) -> dict[str, int]:
    """The counts of a ``dsn feed`` that ends well."""
    out, err = process.communicate(timeout=deadline_s)

    assert process.returncode == 0, err

    return dict(json.loads(out.splitlines()[-1]))


def eventually(condition: Callable[[], object], what: str, deadline_s: float = ARRIVAL_S) -> None:
    """Wait for a fact."""
    wait_until(condition, deadline_s, what, 0.2)
