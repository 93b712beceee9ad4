"""Every kind of fault there is, in modules by what they strike."""

from __future__ import annotations

from dsn_deploy.faults.kinds import brokers, database, failover, operator, processes, sites
from dsn_deploy.faults.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (
    *processes.KINDS,
    *brokers.KINDS,
    *database.KINDS,
    *failover.KINDS,
    *sites.KINDS,
    *operator.KINDS,
)

BY_NAME = {kind.name: kind for kind in KINDS}
