"""The product's own processes in a run: which services, each under a name and settings of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsn_deploy.child import Recorder
from dsn_deploy.services import SERVICES, Service
from dsn_deploy.stack.embedded import environment
from dsn_schemas.settings import Settings

#: Services of the centre that run once; what is added to the product later runs here too.
CENTRAL = tuple(name for name in SERVICES if name not in ("streams", "web", "edge"))
#: Stream workers of one group.
WORKERS = ("streams-0", "streams-1")
EDGES = ("edge-1", "edge-2")

#: How far the clock of a service is wrong, ms; read by `dsn_deploy.faults.skewed`.
SKEW = "DSN_FAULTS_SKEW_MS"


class Member(Service):
    """One service as a process of its own."""

    def __init__(
        self, name: str, service: str, *, log: Path, settings: Settings, record: Recorder
    ) -> None:
        super().__init__(name, log=log, environment=environment(settings), record=record)
        self.settings = settings
        self._service = service
        #: Milliseconds its clock is wrong by, from its next start on.
        self.skew_ms = 0

    def command(self) -> Sequence[str]:
        if self.skew_ms:
            return [sys.executable, "-m", "dsn_deploy.faults.skewed", self._service]
        return [sys.executable, "-m", "dsn_deploy", "run", self._service]

    def environment(self) -> Mapping[str, str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith("DSN_")}
        ours = {"PYTHONUNBUFFERED": "1", SKEW: str(self.skew_ms)}
        return {**given, **self._environment, **ours}
