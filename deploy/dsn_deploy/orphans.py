"""What to do with processes whose owner crashed: stop them, as cleanly as their owner would have.

They are not adopted: a server that nobody watched may be half dead, and a start takes seconds.
"""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import structlog

from dsn_deploy.child import STOP_S
from dsn_deploy.process import ProcessIdentity
from dsn_deploy.statefile import State

log = structlog.get_logger()

#: The servers of the stack; whatever else a state file names is a service, which needs them.
SERVERS = ("kafka", "registry", "postgres")


def sweep(state: State | None) -> list[str]:
    """Stop what a stale state file names, services before servers; returns their names."""
    if state is None or not state.is_stale:
        return []
    orphans = state.orphans()
    services = {name: one for name, one in orphans.items() if name not in SERVERS}
    servers = {name: one for name, one in orphans.items() if name in SERVERS}
    _stop(services)
    _stop(servers)
    return list(orphans)


def _stop(orphans: dict[str, ProcessIdentity]) -> None:
    if not orphans:
        return
    with ThreadPoolExecutor(len(orphans)) as pool:
        list(pool.map(_stop_one, orphans, orphans.values()))


def _stop_one(name: str, orphan: ProcessIdentity) -> None:
    # PostgreSQL's SIGTERM waits for its clients, which may be for ever.
    what = signal.SIGINT if name == "postgres" else signal.SIGTERM
    clean = orphan.stop(what=what, deadline_s=STOP_S)
    log.info("orphan_stopped", process=name, pid=orphan.pid, clean=clean)
