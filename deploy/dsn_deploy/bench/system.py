"""The whole product in a folder of its own: three servers and five services, started and stopped.

Like ``dsn up``, with two differences: a service that ends is not started again but fails the
measurement, and with ``DSN_BENCH_PROFILE`` set to a folder each service runs under the sampler of
``profiled.py`` and leaves its profile there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from dsn_deploy.bench.figures import BenchError
from dsn_deploy.faults.members import Member
from dsn_deploy.logs import tail
from dsn_deploy.provision import provision
from dsn_deploy.services import SERVICES, Service, beside
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.embedded import environment
from dsn_deploy.stack.ports import FREE_PORTS, is_free
from dsn_deploy.stack.server import accepts
from dsn_producers.sources import Source, load
from dsn_schemas.settings import Settings

PROFILE = "DSN_BENCH_PROFILE"

#: Longest start of the services: five Python processes on a crowded machine.
READY_S = 120.0
#: For a worker to start and be given lanes, on a crowded machine, s.
LANES_S = 120.0
_LOOK_S = 0.1

_SOURCES = """
[[source]]
name = "bench-adt"
establishment = "bench-one"
authority = "BENCH-ONE"
mllp_port = {port}

[[source]]
name = "bench-clinic"
establishment = "bench-two"
authority = "BENCH-TWO"
"""


class System:
    """Servers and services of one measurement; all stopped at the end of the ``with`` block."""

    def __init__(
        self,
        folder: Path,
        say: Callable[[str], object],
        *,
        workers: int = 1,
        partitions: int | None = None,
    ) -> None:
        """``workers``: stream workers of one group, ``streams`` and then ``streams-1``, …;
        ``partitions`` of every topic, as the environment has them unless given."""
        self._workers = workers
        self._partitions = partitions
        self._folder = folder
        self._say = say
        self._stack = EmbeddedStack(data=folder / "data")
        self._services: list[Service] = []
        #: Where everything is; there once it is started.
        self.settings: Settings
        #: Two systems of two establishments; the first one also listens for MLLP.
        self.sources: Sequence[Source]

    def __enter__(self) -> Self:
        """Start everything. Raises ``StackError``, ``BenchError``.

        1. Servers. 2. Topics, schemas, tables. 3. Services, and wait for the ports they open.
        """
        self._stack.start()  # 1
        try:
            self._arrange()
            provision(self.settings)  # 2
            self._start_services()  # 3
            self._await_ports()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def pids(self) -> dict[str, int]:
        """Of every process, by its name."""
        children = [*self._stack.servers, *self._services]
        return {one.name: one.identity.pid for one in children if one.identity is not None}

    def add_worker(self, slot: int) -> Service:
        """One more stream worker joins the group."""
        name = f"streams-{slot}"
        worker = Member(
            name,
            "streams",
            log=self._folder / "data" / "logs" / f"{name}.log",
            settings=self.settings.model_copy(update={"slot": slot}),
            record=self._stack.state_file.record,
        )
        self._services.append(worker)
        worker.start()
        return worker

    def add_generation(self) -> None:
        """Start what is to run beside the live services, as a rebuild asks for, until it has lanes."""
        record = self._stack.state_file.record
        new = beside(self.settings.data, environment(self.settings), record)
        for service in new:
            self._services.append(service)
            service.start()
        self.await_lanes(next(one for one in new if one.name.startswith("streams")))

    def await_lanes(self, worker: Service) -> None:
        """Wait until a stream worker has been given lanes. Raises ``BenchError``."""
        end = time.monotonic() + LANES_S
        while "lanes_opened" not in worker.log.read_text(errors="replace"):
            self.check()
            if time.monotonic() >= end:
                raise BenchError(f"{worker.name} was given no lanes within {LANES_S:g} s")
            time.sleep(_LOOK_S)

    def drop(self, service: Service) -> None:
        """It has ended, and is not missed."""
        self._services.remove(service)

    def check(self) -> None:
        """Raise ``BenchError`` when a process has ended."""
        for one in [*self._stack.servers, *self._services]:
            if not one.is_alive():
                said = "\n".join(f"  | {line}" for line in tail(one.log))
                code = one.exit_code
                raise BenchError(f"{one.name} ended with exit code {code}; {one.log}:\n{said}")

    def _arrange(self) -> None:
        mllp, web = _free_ports(2)
        path = self._folder / "sources.toml"
        path.write_text(_SOURCES.format(port=mllp), encoding="utf-8")
        changed: dict[str, object] = {"sources": path, "web_port": web}
        if self._partitions is not None:
            changed["partitions"] = self._partitions
        self.settings = self._stack.settings.model_copy(update=changed)
        self.sources = load(path)

    def _start_services(self, names: Sequence[str] = tuple(SERVICES)) -> None:
        given = environment(self.settings)
        kind = Profiled if os.environ.get(PROFILE) else Service
        record = self._stack.state_file.record
        for name in names:
            log = self._folder / "data" / "logs" / f"{name}.log"
            service = kind(name, log=log, environment=given, record=record)
            self._services.append(service)
            service.start()
        for slot in range(1, self._workers):
            self.add_worker(slot)
        self._say(f"started {', '.join(names)}")

    def _await_ports(self) -> None:
        wanted = [self.settings.web_port, *(s.mllp_port for s in self.sources if s.mllp_port)]
        end = time.monotonic() + READY_S
        while not all(accepts(port) for port in wanted):
            self.check()
            if time.monotonic() >= end:
                raise BenchError(f"ports {wanted} are not open after {READY_S:g} s")
            time.sleep(_LOOK_S)

    def _stop(self) -> None:
        """Services first: what they still have in hand goes to the servers."""
        try:
            with ThreadPoolExecutor(len(SERVICES)) as pool:
                list(pool.map(lambda service: service.stop(), self._services))
        finally:
            self._stack.stop()


class Profiled(Service):
    """A service that samples where its CPU time goes."""

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "dsn_deploy.bench.profiled", self.name]


def _free_ports(count: int) -> list[int]:
    """Near the end of the range, where the servers, which take from its middle, seldom look."""
    free = (port for port in reversed(FREE_PORTS) if is_free(port))
    return [next(free) for _ in range(count)]
