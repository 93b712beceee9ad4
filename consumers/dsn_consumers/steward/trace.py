"""No read without its trace: a line of the access log before a steward is shown anything."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from dsn_consumers.database import statement


def trace(conninfo: str, actor: str, purpose: str, records: Sequence[str]) -> None:
    """Say who looks at the people of these records (opaque ids), and commit it.

    Raises ``psycopg.Error``; then nothing may be shown.
    """
    values = {"actor": actor, "purpose": purpose, "records": list(records)}
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement("desk_trace"), values)
