"""The log of who read what: no page is rendered before its line is committed.

Called by the pages. The line is chained by the database itself (``dsn.access``), so that whoever
may read can leave a trace but cannot choose its place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from dsn_consumers.database import statement
from dsn_schemas.records import AccessEvent


def record(connection: psycopg.Connection[Any], event: AccessEvent) -> None:
    """Write the line and commit it; on any error nothing may be shown.

    Raises ``psycopg.Error``; ``RuntimeError`` when the connection is in the middle of a
    transaction, because then returning would not mean that the line is kept.
    """
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        raise RuntimeError("the access line needs a transaction of its own: commit the other first")
    values = {
        "at": datetime.fromtimestamp(event.at / 1000, UTC),
        "actor": event.actor,
        "role": event.role,
        "establishment": event.establishment,
        "action": event.action,
        "person": event.person,
        "sections": list(event.sections),
        "purpose": event.purpose,
        "outcome": event.outcome,
    }
    with connection.transaction():
        connection.execute(statement("record_access"), values)
