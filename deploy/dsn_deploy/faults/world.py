"""Everything of a run on this machine's loopback: servers, services, links, disks, hospitals.

Faults act on it by name: ``kill``, ``freeze``, ``hold``, a link's weather, a disk's ballast. Whoever
leaves the ``with`` block, by Ctrl-C as well, leaves no process and no mount behind.
"""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from dsn_deploy.child import Child, Recorder
from dsn_deploy.errors import CommandError
from dsn_deploy.faults.cluster import BROKERS, Cluster, FreePorts
from dsn_deploy.faults.disk import Disk, NoDisk
from dsn_deploy.faults.hospital import Hospital, Sender
from dsn_deploy.faults.keeper import Keeper
from dsn_deploy.faults.members import CENTRAL, EDGES, WORKERS, Member
from dsn_deploy.faults.proxy import Link, Proxy
from dsn_deploy.faults.standby import Standby
from dsn_deploy.logs import tail
from dsn_deploy.process import ProcessIdentity, children
from dsn_deploy.provision import provision
from dsn_deploy.stack.embedded import fetch
from dsn_deploy.stack.postgres import Postgres
from dsn_deploy.stack.server import READY_S, Server, accepts
from dsn_deploy.statefile import State, StateFile, ourselves
from dsn_producers.sources import Source, load
from dsn_schemas.settings import Settings

#: For the services to open their ports, on a crowded machine.
SERVING_S = 150.0
_LOOK_S = 0.1

SENDERS = (
    Sender(source="nord-adt", authority="NORD"),
    Sender(source="nord-labo", authority="NORD", laboratory=True),
    Sender(source="sud-adt", authority="SUD"),
)
#: Establishment and edge of each source: one edge serves two sources of one establishment.
HOMES = {
    "nord-adt": ("nord", "edge-1"),
    "nord-labo": ("nord", "edge-1"),
    "sud-adt": ("sud", "edge-2"),
}
#: Servers and services that may be given a disk of their own, and its size in MB.
DISKS = {"kafka-3": 768, "postgres": 1024, "edge-2": 512}

Say = Callable[[str], object]


class WorldError(CommandError):
    """The run cannot go on: it is not the faults that were asked for."""


class World:
    """One run's processes; up inside ``with``."""

    def __init__(self, folder: Path, seed: int, say: Say, *, disks: bool = True) -> None:
        """``disks``: try to give some of them small disks of their own."""
        self.folder = folder
        self._seed = seed
        self._say = say
        self._wants_disks = disks
        self._exit = ExitStack()
        self._ports = FreePorts()
        #: Small disks by owner; empty where nothing may be mounted.
        self.disks: dict[str, Disk] = {}
        #: Every process by name.
        self.children: dict[str, Child] = {}
        self.links: dict[str, Link] = {}
        self.cluster: Cluster
        self.keeper: Keeper
        self.sources: dict[str, Source] = {}
        #: What each hospital tells, by source.
        self.hospitals = {sender.source: Hospital(sender, seed) for sender in SENDERS}
        #: Settings of the centre, and of an operator: no bad link on the way.
        self.settings: Settings
        #: Notes a process for those who come after a crash of ours.
        self.record: Recorder
        #: Sources whose outbox an operator put back from an old copy since the last check.
        self.restored: set[str] = set()
        #: Oldest offset of each changes partition that was cut off before everybody had read it.
        self.cut_at: dict[tuple[str, int], int] = {}
        #: A standby that is not in charge yet.
        self.standby: Standby | None = None
        #: Journal records that consumers had to write again, because a standby had not heard of them.
        self.rolled_back = 0

    def __enter__(self) -> Self:
        """Start everything. Raises ``StackError``, ``WorldError``.

        1. Fetch what is missing. 2. Disks, ports, links. 3. Servers. 4. Topics, schemas, tables.
        5. Services; wait until hospitals can connect. 6. From here everything is kept going.
        """
        try:
            class_path, program = fetch()  # 1
            self.folder.mkdir(parents=True, exist_ok=True)
            self._mount()  # 2
            states = StateFile(self.folder, State(owner=ourselves()))
            self.record = states.record
            disks = {name: disk.path / "data" for name, disk in self.disks.items()}
            self.cluster = Cluster(
                self.folder, class_path, program, self._ports, disks, states.record
            )
            self._link()
            self._exit.callback(self._end_processes)
            self._start_servers()  # 3
            self._arrange(states)
            self._say("servers are ready")
            provision(self.settings)  # 4
            self._say("starting services")
            self._start_services()  # 5
            self._say("hospitals can connect")
            self.keeper = Keeper(self.children, self._seed)  # 6
            self._exit.callback(self.keeper.stop)
            self.keeper.start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    # What a fault does

    def pids(self, name: str) -> list[ProcessIdentity]:
        """A process and, of PostgreSQL, its own processes."""
        identity = self.children[name].identity
        if identity is None:
            return []
        return [identity, *(children(identity.pid) if name == "postgres" else [])]

    def kill(self, name: str) -> None:
        """``kill -9``; of PostgreSQL the postmaster alone, as the kernel would choose it."""
        identity = self.children[name].identity
        if identity is not None:
            identity.send(signal.SIGKILL)
            identity.wait(10)

    def freeze(self, name: str) -> None:
        """SIGSTOP: it is there and says nothing."""
        for process in self.pids(name):
            process.send(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        for process in self.pids(name):
            process.send(signal.SIGCONT)

    def hold(self, name: str) -> None:
        """Kill it, and let it stay down."""
        self.keeper.hold(name)
        self.kill(name)

    def release(self, name: str) -> None:
        """Let it be started again."""
        self.keeper.release(name)

    def member(self, name: str) -> Member:
        """A service of ours."""
        child = self.children[name]
        assert isinstance(child, Member)
        return child

    def conninfo(self) -> str:
        """The database without a bad link on the way, as the product's user."""
        return self.postgres.conninfo()

    @property
    def postgres(self) -> Postgres:
        """The database that is in charge."""
        server = self.children["postgres"]
        assert isinstance(server, Postgres)
        return server

    def log_tail(self, name: str, lines: int = 20) -> str:
        """What a process said last."""
        return "\n".join(f"  | {line}" for line in tail(self.children[name].log, lines))

    def free_port(self) -> int:
        """A port for one more server."""
        return self._ports.next()

    def replace_postgres(self, standby: Standby) -> None:
        """From now on this is the database, for whoever connects."""
        before = self.postgres
        shutil.rmtree(before.data, ignore_errors=True)  # it is dead, and its disk is small
        self.children["postgres"] = standby
        self.standby = None
        for name, link in self.links.items():
            if name.startswith("postgres-"):
                link.target = standby.port
                link.cut()

    # Starting and ending

    def _mount(self) -> None:
        if not self._wants_disks:
            return
        try:
            for name, size_mb in DISKS.items():
                disk = Disk(self.folder / f"disk-{name}", size_mb)
                disk.mount()
                self._exit.callback(disk.unmount)
                self.disks[name] = disk
        except NoDisk as error:
            self._say(f"no small disks on this machine, faults of full disks are left out: {error}")
            self.disks.clear()

    def _link(self) -> None:
        proxy = Proxy(self._seed)
        for node, ports in self.cluster.ports.items():
            name = f"site-{node}"
            self.links[name] = proxy.link(name, ports.site_proxy, ports.site)
        for name in (*CENTRAL, "standby"):
            link = proxy.link(f"postgres-{name}", self._ports.next(), self.cluster.postgres_port)
            self.links[link.name] = link
        self._exit.enter_context(proxy)

    def _start_servers(self) -> None:
        servers = self.cluster.servers
        self.children.update({server.name: server for server in servers})
        self._say(f"starting {', '.join(server.name for server in servers)}")
        abandoned = threading.Event()

        def start(server: Server) -> None:
            if not abandoned.is_set():
                server.start()
                server.wait_ready(READY_S, abandoned=abandoned)

        with ThreadPoolExecutor(len(servers)) as pool:
            try:
                for started in as_completed([pool.submit(start, server) for server in servers]):
                    started.result()
            except BaseException:
                abandoned.set()  # or leaving the pool would wait for the others to be ready
                raise

    def _arrange(self, states: StateFile) -> None:
        self._write_sources()
        base = Settings(
            kafka=self.cluster.bootstrap,
            registry=self.cluster.registry.url,
            conninfo=self.conninfo(),
            data=self.folder / "centre",
            replication=len(BROKERS),
            sources=self.folder / "sources.toml",
        )
        self.settings = base

        def member(name: str, service: str, **changes: object) -> None:
            log = self.folder / "logs" / f"{name}.log"
            settings = base.model_copy(update=changes)
            self.children[name] = Member(
                name, service, log=log, settings=settings, record=states.record
            )

        for name in CENTRAL:
            conninfo = base.conninfo.replace(
                f"port={self.cluster.postgres_port}", f"port={self.links[f'postgres-{name}'].port}"
            )
            member(name, name, conninfo=conninfo)
        for slot, name in enumerate(WORKERS):
            member(name, "streams", slot=slot)
        for name in EDGES:
            data = self.disks[name].path if name in self.disks else self.folder / name
            sources = self.folder / f"sources-{name}.toml"
            member(name, "edge", kafka=self.cluster.site_bootstrap, data=data, sources=sources)

    def _write_sources(self) -> None:
        tables: dict[str, list[str]] = {name: [] for name in EDGES}
        for sender in SENDERS:
            establishment, edge = HOMES[sender.source]
            tables[edge].append(
                f'[[source]]\nname = "{sender.source}"\nestablishment = "{establishment}"\n'
                f'authority = "{sender.authority}"\nmllp_port = {self._ports.next()}\n'
            )
        for edge, found in tables.items():
            (self.folder / f"sources-{edge}.toml").write_text("\n".join(found), encoding="utf-8")
        text = "\n".join(one for found in tables.values() for one in found)
        path = self.folder / "sources.toml"
        path.write_text(text, encoding="utf-8")
        self.sources = {source.name: source for source in load(path)}

    def _start_services(self) -> None:
        for name in (*CENTRAL, *WORKERS, *EDGES):
            self.children[name].start()
        end = time.monotonic() + SERVING_S
        ports = [source.mllp_port for source in self.sources.values() if source.mllp_port]
        while not all(accepts(port) for port in ports):
            for name in EDGES:
                if not self.children[name].is_alive():
                    raise WorldError(f"{name} ended:\n{self.log_tail(name)}")
            if time.monotonic() >= end:
                raise WorldError(f"no hospital can connect after {SERVING_S:g} s")
            time.sleep(_LOOK_S)

    def _end_processes(self) -> None:
        """Nothing of it is needed any more, so everything dies at once, frozen or not."""
        known = [*self.children.values(), self.standby]
        alive = [child for child in known if child is not None and child.is_alive()]
        with ThreadPoolExecutor(max(1, len(alive))) as pool:
            list(pool.map(lambda child: child.kill(), alive))
