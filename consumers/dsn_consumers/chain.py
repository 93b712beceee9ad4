"""What the audit log hashes, in which order: enough for an outsider to check it without us.

Each value is written as a netstring (length in bytes, colon, value, comma), so that no two rows
read the same. The hash of a row is SHA-256 over the previous row's hash and these bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

#: In front of the first row of a chain.
GENESIS = bytes(32)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class AuditRow(NamedTuple):
    """One journal record as the audit log keeps it: columns of ``dsn.audit``, in hashing order."""

    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    seq: int
    section: str
    op: str
    standing: int
    record_id: str
    item_digest: bytes
    content_digest: bytes
    #: Microseconds since 1970 UTC.
    captured_us: int
    stored_us: int


def row_bytes(row: AuditRow) -> bytes:
    """The bytes of a row that its hash covers."""
    return netstrings(
        (
            row.topic,
            str(row.partition),
            str(row.offset),
            row.source,
            str(row.epoch),
            str(row.seq),
            row.section,
            row.op,
            str(row.standing),
            row.record_id,
            row.item_digest.hex(),
            row.content_digest.hex(),
            str(row.captured_us),
            str(row.stored_us),
        )
    )


def chained(previous: bytes, covered: bytes) -> bytes:
    """The hash of a row after the row with the hash ``previous``."""
    return hashlib.sha256(previous + covered).digest()


def netstrings(values: Sequence[str]) -> bytes:
    """Each value as length in bytes, colon, value, comma."""
    encoded = [value.encode() for value in values]
    return b"".join(b"%d:%b," % (len(value), value) for value in encoded)


def microseconds(at: datetime) -> int:
    """Since 1970 UTC: what PostgreSQL keeps, without a rounding."""
    return (at - _EPOCH) // _MICROSECOND


def digest(*parts: str) -> bytes:
    """First 16 bytes of the SHA-256 of the parts with ``|`` between them."""
    return hashlib.sha256("|".join(parts).encode()).digest()[:16]
