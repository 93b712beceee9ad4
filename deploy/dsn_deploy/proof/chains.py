"""The audit chain recomputed from its description alone (docs/views.md), not with our own code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from dsn_deploy.proof.evidence import Audited, Place


def broken(rows: Sequence[Audited]) -> Iterator[str]:
    """Where a chain does not hold; rows in the order of topic, partition, offset."""
    last: dict[Place, bytes] = {}
    for row in rows:
        place = (row.topic, row.partition)
        if row.previous_hash != last.get(place, bytes(32)):
            yield f"{row.topic}[{row.partition}] offset {row.offset} does not continue its chain"
        values = [value.hex() if isinstance(value, bytes) else str(value) for value in row[:-2]]
        data = b"".join(b"%d:%b," % (len(v.encode()), v.encode()) for v in values)
        if hashlib.sha256(row.previous_hash + data).digest() != row.hash:
            yield f"{row.topic}[{row.partition}] offset {row.offset} is not what was hashed"
        last[place] = row.hash
