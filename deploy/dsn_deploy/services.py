"""Our own long-running processes: what they are called and where each begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dsn_deploy.child import Child, Recorder

if TYPE_CHECKING:
    from dsn_schemas.settings import Settings

#: Module of each service; its ``main(settings)`` runs until it is told to stop. In start order:
#: the ones that only wait for records first, the ones people and hospitals talk to last.
SERVICES: Mapping[str, str] = {
    "store": "dsn_consumers.store",
    "audit": "dsn_consumers.audit",
    "receipts": "dsn_consumers.receipts",
    "streams": "dsn_streams.worker",
    "web": "dsn_consumers.web",
    "edge": "dsn_producers.edge",
}


def run(name: str, settings: Settings) -> None:
    """Be that service; imports only what this one needs."""
    from dsn_schemas.garbage import collect_seldom

    module = import_module(SERVICES[name])
    collect_seldom()
    module.main(settings)


class Service(Child):
    """One service as a process of its own."""

    def __init__(
        self, name: str, *, log: Path, environment: Mapping[str, str], record: Recorder
    ) -> None:
        super().__init__(name, log=log, record=record)
        self._environment = environment

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "dsn_deploy", "run", self.name]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._environment, "PYTHONUNBUFFERED": "1"}
