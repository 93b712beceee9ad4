"""Kafka, PostgreSQL and the registry, real ones, together on this machine's loopback.

``with EmbeddedStack(data=path) as stack:`` is what tests and the supervisor use. Nothing leaves
the data folder, and nothing keeps running behind the ``with``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from dsn_deploy.child import STOP_S
from dsn_deploy.orphans import sweep
from dsn_deploy.stack.jars import JarCache, Progress, lock
from dsn_deploy.stack.kafka import Kafka
from dsn_deploy.stack.ports import Ports, choose
from dsn_deploy.stack.postgres import Postgres
from dsn_deploy.stack.registry import Registry, unpacked
from dsn_deploy.stack.server import READY_S, Server
from dsn_deploy.statefile import Phase, State, StateFile, ourselves, owning, read
from dsn_schemas.settings import Settings

log = structlog.get_logger()


class EmbeddedStack:
    """The three servers of one data folder, started and stopped as one."""

    def __init__(
        self,
        data: Path,
        *,
        ports: Mapping[str, int] | None = None,
        progress: Progress | None = None,
        ready_s: float = READY_S,
        on_ready: Callable[[Server], None] | None = None,
        listeners: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """``listeners``: further ones of Kafka, by name: the port, and the one clients are told."""
        #: Everything of these servers is in here.
        self.data = data.absolute()
        self._wanted = dict(ports or {})
        self._progress = progress
        self._ready_s = ready_s
        self._on_ready = on_ready or (lambda server: None)
        self._listeners = dict(listeners or {})
        self._exit = ExitStack()
        #: True while the folder, and the state file in it, are ours.
        self._owned = False
        #: What runs, for other processes; there from `start` to `stop`.
        self.state_file: StateFile
        self.ports: Ports
        self.kafka: Kafka
        self.postgres: Postgres
        self.registry: Registry

    @property
    def servers(self) -> tuple[Server, ...]:
        return (self.kafka, self.registry, self.postgres)

    @property
    def settings(self) -> Settings:
        """Settings that point at these servers; the rest is as the environment has it."""
        return Settings(
            kafka=self.kafka.bootstrap,
            registry=self.registry.url,
            conninfo=self.postgres.conninfo(),
            data=self.data,
            replication=1,
        )

    def start(self) -> None:
        """Start the servers and return once all three serve.

        1. Fetch what is missing, before anything else happens: it may take minutes.
        2. Own the folder, so that nobody else starts, stops or sweeps in it.
        3. Stop what a crashed owner left behind; it holds the ports and the files.
        4. Say who we are, so that whatever we start now is named in the state file.
        5. Start all three at the same time; none needs another.
        """
        class_path, program = fetch(self._progress)  # 1
        try:
            self._exit.enter_context(owning(self.data))  # 2
            sweep(read(self.data))  # 3
            self.state_file = StateFile(self.data, State(owner=ourselves()))  # 4
            self._arrange(class_path, program)
            self._owned = True
            self.state_file.put(environment=environment(self.settings))
            self._start_servers()  # 5
        except BaseException:  # Ctrl-C too: nothing of ours may stay behind
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the servers, all at the same time, and let go of the folder."""
        with self._exit:
            if not self._owned:
                return
            self.state_file.put(phase=Phase.STOPPING)
            with ThreadPoolExecutor(len(self.servers)) as pool:
                list(pool.map(lambda server: server.stop(STOP_S), self.servers))
            self.state_file.remove()
            self._owned = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _arrange(self, class_path: list[Path], program: Path) -> None:
        self.ports = choose(self.data / "ports.json", self._wanted)
        logs, record = self.data / "logs", self.state_file.record
        self.kafka = Kafka(
            folder=self.data / "kafka",
            log=logs / "kafka.log",
            class_path=class_path,
            port=self.ports.kafka,
            controller_port=self.ports.controller,
            others=self._listeners,
            record=record,
        )
        self.registry = Registry(
            folder=self.data / "registry",
            log=logs / "registry.log",
            program=program,
            port=self.ports.registry,
            management_port=self.ports.registry_management,
            record=record,
        )
        self.postgres = Postgres(
            folder=self.data / "postgres",
            log=logs / "postgres.log",
            port=self.ports.postgres,
            record=record,
        )

    def _start_servers(self) -> None:
        abandoned = threading.Event()
        with ThreadPoolExecutor(len(self.servers)) as pool:
            try:
                starts = [pool.submit(self._start_one, one, abandoned) for one in self.servers]
                for start in as_completed(starts):
                    start.result()
            except BaseException:
                abandoned.set()  # or leaving the pool would wait for the others to be ready
                raise

    def _start_one(self, server: Server, abandoned: threading.Event) -> None:
        if abandoned.is_set():
            return
        server.start()
        server.wait_ready(self._ready_s, abandoned=abandoned)
        self.state_file.note(server.name, ready=True)
        log.info("server_ready", server=server.name)
        self._on_ready(server)


def environment(settings: Settings) -> dict[str, str]:
    """Settings as the environment that gives them to another process; one without a value is in none."""
    given = {f"DSN_{name.upper()}": value for name, value in settings if value is not None}
    # Another process may start in another folder.
    return {n: str(v.absolute() if isinstance(v, Path) else v) for n, v in given.items()}


def fetch(progress: Progress | None = None) -> tuple[list[Path], Path]:
    """Kafka's class path and the registry's folder, both on this disk and intact."""
    jars = JarCache()
    class_path = jars.fetch([one for one in lock() if one.program == "kafka"], progress)
    return class_path, unpacked(jars, progress)
