"""Ends of the chains, signed and kept elsewhere: what nobody can rewrite with the database alone.

Whoever owns the database may rewrite a whole chain *and* its end. A checkpoint says how long each
chain was at an instant and what its last hash was, under a key that is not in the database; a chain
that says anything else there was changed (``verify``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from dsn_consumers.chain import GENESIS
from dsn_consumers.database import statement

#: What is signed, so that the signature is of nothing else.
KIND = "dsn-audit-1"


class NoCheckpoint(ValueError):
    """A document that is no checkpoint; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where the logs were at an instant."""

    at: datetime
    #: (changes topic, partition) -> (rows of its chain, hash of the last one).
    audit: Mapping[tuple[str, int], tuple[int, bytes]]
    #: Lines of the access log, and the hash of the last one.
    access: tuple[int, bytes]


def take(conninfo: str, now: datetime) -> Checkpoint:
    """The ends of all chains, in one snapshot. Raises ``psycopg.Error``."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        heads = connection.execute(statement("audit_heads")).fetchall()
        last = connection.execute(statement("access_end")).fetchone()
    return Checkpoint(
        at=now,
        audit={(topic, partition): (rows, bytes(end)) for topic, partition, rows, end in heads},
        access=(0, GENESIS) if last is None else (last[0], bytes(last[1])),
    )


def document(checkpoint: Checkpoint) -> dict[str, Any]:
    """As it is signed and written; ``from_document`` reads it again."""
    return {
        "at": checkpoint.at.astimezone(UTC).isoformat(timespec="seconds"),
        "audit": [
            {"topic": topic, "partition": partition, "rows": rows, "hash": end.hex()}
            for (topic, partition), (rows, end) in sorted(checkpoint.audit.items())
        ],
        "access": {"lines": checkpoint.access[0], "hash": checkpoint.access[1].hex()},
    }


def from_document(said: Any) -> Checkpoint:
    """The checkpoint of a document. Raises ``NoCheckpoint``."""
    try:
        access = said["access"]
        return Checkpoint(
            at=datetime.fromisoformat(said["at"]),
            audit={
                (str(one["topic"]), int(one["partition"])): (
                    int(one["rows"]),
                    bytes.fromhex(one["hash"]),
                )
                for one in said["audit"]
            },
            access=(int(access["lines"]), bytes.fromhex(access["hash"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NoCheckpoint(f"no checkpoint of an audit log ({type(error).__name__})") from None
