"""A clinician who opens charts all along, and the page that says how far each source is."""

from __future__ import annotations

from dsn_deploy.proof.reads import Read
from dsn_deploy.simulation import snapshot
from dsn_deploy.simulation.database import Database
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import POSTGRES, Network
from dsn_deploy.simulation.tables import Tables


class Reader(Actor):
    """Somebody who reads."""

    kind = "reader"

    def __init__(self, kernel: Kernel, name: str, *, network: Network, database: Database) -> None:
        super().__init__(kernel, name)
        self._network = network
        self._database = database
        self.reads: list[Read] = []

    def tick(self) -> float:
        """Open one chart, if the store answers."""
        self.works()
        if self._network.hears(self.name, POSTGRES):
            people = sorted(set(snapshot.linked(self._database.tables).values()))
            if people:
                self.reads.append(self._read(self.kernel.random.choice(people)))
        return self.kernel.random.uniform(0.3, 1.0)

    def rows(self) -> Tables:
        """Where entries and links are read."""
        return self._database.tables

    def _read(self, person: str) -> Read:
        tables = self._database.tables
        return Read(
            self.name,
            self._database.timeline,
            person,
            dict(self._database.reached),
            snapshot.linked_entries(self.rows(), person),
            snapshot.complete(tables),
            snapshot.moving(tables),
        )
