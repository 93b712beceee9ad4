"""The bounds of the establishment side: each a setting (``DSN_EDGE_…``) with a tried default."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MIB = 1024 * 1024


class Limits(BaseSettings):
    """Sizes and times an edge accepts."""

    model_config = SettingsConfigDict(env_prefix="DSN_EDGE_", frozen=True)

    #: Largest outbox of one source before it refuses messages (two days of a large hospital).
    outbox_bytes_max: int = Field(default=10 * 1024 * _MIB, ge=_MIB)
    #: Part of the disk in use above which every outbox refuses: SQLite needs room to recover.
    disk_use_max: float = Field(default=0.95, gt=0, le=1)
    #: Bytes that stay free on the disk whatever its size: two WALs of the size they are folded at.
    disk_free_bytes_min: int = Field(default=128 * _MIB, ge=0)
    #: Days a change is kept after it was taken, though a receipt covers it: what the centre could
    #: lose together with its journal can be sent again that long. A move of a record between people
    #: takes seconds, and an hour is the least that outlasts it for certain.
    outbox_keep_days: float = Field(default=7.0, ge=1 / 24)
    #: Largest message that is mapped; above, it is kept at the edge and refused.
    message_bytes_max: int = Field(default=16 * _MIB, ge=1024)
    #: Largest message that is kept at all; above, the connection is closed.
    kept_bytes_max: int = Field(default=128 * _MIB, ge=1024)
    #: Connections of one listener; above, the newest is closed.
    connections_max: int = Field(default=256, ge=1)
    #: Messages of one connection that wait for their acknowledgement.
    pipelined_max: int = Field(default=64, ge=1)
    #: Seconds between two reads inside a frame, and for a sender to take its acknowledgement.
    read_s_max: float = Field(default=30, gt=0)
    #: Seconds from the first to the last byte of a frame.
    frame_s_max: float = Field(default=300, gt=0)
    #: Seconds a stopping edge waits for what it has begun.
    drain_s_max: float = Field(default=20, gt=0)
