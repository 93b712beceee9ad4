"""Three brokers, registry and database of a run, each with the ports and the disk it is to have."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dsn_deploy.child import Recorder
from dsn_deploy.stack.kafka import Kafka
from dsn_deploy.stack.ports import FREE_PORTS, is_free
from dsn_deploy.stack.postgres import Postgres
from dsn_deploy.stack.registry import Registry
from dsn_deploy.stack.server import Server

BROKERS = (1, 2, 3)
#: The listener that establishments use; clients are told the proxy's port.
SITE = "SITE"
#: Brokers that often start and seldom live long: the quick compiler alone takes half the CPU.
FLAGS = ("-XX:TieredStopAtLevel=1",)


class FreePorts:
    """Ports nobody has, each given out once."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._ports = iter((chance or random.Random()).sample(FREE_PORTS, 2_000))

    def next(self) -> int:
        """One more. Raises ``OSError`` when there is none."""
        for port in self._ports:
            if is_free(port):
                return port
        raise OSError("no free port left")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPorts:
    """The ports of one broker."""

    #: For the centre and the other brokers.
    broker: int
    controller: int
    #: Where it listens for establishments, and where these are told to connect.
    site: int
    site_proxy: int


class Cluster:
    """The servers; started by whoever made it."""

    def __init__(
        self,
        folder: Path,
        class_path: list[Path],
        program: Path,
        ports: FreePorts,
        disks: Mapping[str, Path],
        record: Recorder,
    ) -> None:
        """``disks``: where a server of that name is to keep its data instead of ``folder``."""
        self.ports = {
            node: BrokerPorts(
                broker=ports.next(),
                controller=ports.next(),
                site=ports.next(),
                site_proxy=ports.next(),
            )
            for node in BROKERS
        }
        voters = {node: one.controller for node, one in self.ports.items()}
        #: The folder of each server, by its name.
        self.folders: dict[str, Path] = {}

        def place(name: str) -> Path:
            self.folders[name] = disks.get(name, folder / name)
            return self.folders[name]

        self.brokers = [
            Kafka(
                folder=place("kafka" if node == 1 else f"kafka-{node}"),
                log=folder / "logs" / f"kafka-{node}.log",
                class_path=class_path,
                port=one.broker,
                controller_port=one.controller,
                node_id=node,
                voters=voters,
                others={SITE: (one.site, one.site_proxy)},
                flags=FLAGS,
                record=record,
            )
            for node, one in self.ports.items()
        ]
        self.registry = Registry(
            folder=place("registry"),
            log=folder / "logs" / "registry.log",
            program=program,
            port=ports.next(),
            management_port=ports.next(),
            record=record,
        )
        self.postgres_port = ports.next()
        self.postgres = Postgres(
            folder=place("postgres"),
            log=folder / "logs" / "postgres.log",
            port=self.postgres_port,
            record=record,
        )

    @property
    def servers(self) -> list[Server]:
        """All of them."""
        return [*self.brokers, self.registry, self.postgres]

    @property
    def bootstrap(self) -> str:
        """Where the centre's clients begin."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    @property
    def site_bootstrap(self) -> str:
        """Where establishments begin: at the proxies."""
        return ",".join(f"127.0.0.1:{one.site_proxy}" for one in self.ports.values())
