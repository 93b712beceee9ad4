"""Our own long-running processes: what they are called and where each begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dsn_deploy import generations
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


#: Services that run when they are asked for (``DSN_SAMPLING=true``, or ``dsn run``); `dsn up` runs the
#: watch as well.
ON_DEMAND: Mapping[str, str] = {
    "reconcile": "dsn_consumers.reconcile.sampling",
    "watch": "dsn_deploy.watch",
}
#: Of these every generation has its own.
OF_A_GENERATION = ("store", "streams")
#: These have to know which one readers see.
OF_LIVE = (*OF_A_GENERATION, "receipts", "reconcile", "watch")
#: Whoever builds beside the ones people wait for is polite to them.
POLITE = 10


def services_of(
    data: Path,
    given: Mapping[str, str],
    record: Recorder,
    names: Sequence[str] = tuple(SERVICES),
) -> list[Service]:
    """The services to run from this folder now: of the live generation, then of the other one."""
    live = generations.read(data).live
    # The others do not care, and a hospital's connection must not be cut by a switch.
    found = [
        Service(
            name,
            log=data / "logs" / f"{name}.log",
            environment={**given, "DSN_GENERATION": str(live if name in OF_LIVE else 0)},
            record=record,
        )
        for name in names
    ]
    return found + beside(data, given, record, names)


def beside(
    data: Path,
    given: Mapping[str, str],
    record: Recorder,
    names: Sequence[str] = OF_A_GENERATION,
) -> list[Service]:
    """The services of the generation that is built beside the live one; none when none is."""
    known = generations.read(data)
    if known.other is None:
        return []
    changes = {"DSN_GENERATION": str(known.other), "DSN_RATE": str(known.rate)}
    return [
        Service(
            name,
            label=f"{name}-g{known.other}",
            log=data / "logs" / f"{name}-g{known.other}.log",
            environment={**given, **changes},
            record=record,
        )
        for name in OF_A_GENERATION
        if name in names
    ]


def run(name: str, settings: Settings) -> None:
    """Be that service; imports only what this one needs."""
    from dsn_schemas import metrics
    from dsn_schemas.garbage import collect_seldom

    module = import_module({**SERVICES, **ON_DEMAND}[name])
    if settings.rate:
        os.nice(POLITE)
    collect_seldom()
    metrics.serve(name, settings.metrics_port)
    module.main(settings)


class Service(Child):
    """One service as a process of its own."""

    def __init__(
        self,
        name: str,
        *,
        label: str = "",
        log: Path,
        environment: Mapping[str, str],
        record: Recorder,
    ) -> None:
        super().__init__(label or name, log=log, record=record)
        self._service = name
        self._environment = environment

    @property
    def key(self) -> tuple[str, ...]:
        """What it is: a service of another generation is another one under the same name."""
        return (self.name, *(self._environment.get(n, "") for n in ("DSN_GENERATION", "DSN_RATE")))

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "dsn_deploy", "run", self._service]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._environment, "PYTHONUNBUFFERED": "1"}
