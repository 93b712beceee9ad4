"""What somebody reads who looks on from outside: every record, whatever is down."""

from __future__ import annotations

from functools import lru_cache

from dsn_deploy.simulation.ids import KnownIds
from dsn_schemas.records import RecordChange
from dsn_schemas.wire import Codec, UnreadableRecord

CODEC = Codec(KnownIds())


@lru_cache(maxsize=1 << 12)
def change_in(value: bytes) -> RecordChange | None:
    """The change or mark in a journal record; ``None`` for anything else."""
    try:
        change = CODEC.decode(value)
    except UnreadableRecord:
        return None
    return change if isinstance(change, RecordChange) else None
