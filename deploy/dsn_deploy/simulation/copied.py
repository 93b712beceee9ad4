"""Rows of a binary COPY: what the store's sink writes is read here as PostgreSQL reads it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)

#: From PostgreSQL's 2000 back to 1970, microseconds.
MILLENNIUM_US = 946_684_800_000_000

#: A row: the bytes of each column, ``None`` for NULL.
Row = tuple[bytes | None, ...]


def rows(data: bytes) -> Iterator[Row]:
    """Every row of one COPY. Raises ``ValueError`` when it is none."""
    if not data.startswith(_HEAD) or not data.endswith(b"\xff\xff"):
        raise ValueError("not a whole binary COPY")
    at = len(_HEAD)
    while True:
        (columns,) = struct.unpack_from(">h", data, at)
        at += 2
        if columns < 0:
            return
        row: list[bytes | None] = []
        for _ in range(columns):
            (size,) = struct.unpack_from(">i", data, at)
            at += 4
            row.append(None if size < 0 else data[at : at + size])
            at += max(size, 0)
        yield tuple(row)


def number(value: bytes | None) -> int:
    """A smallint, an integer or a bigint."""
    return int.from_bytes(_present(value), "big", signed=True)


def word(value: bytes | None) -> str:
    """A text."""
    return _present(value).decode()


def texts(value: bytes | None) -> Sequence[str]:
    """An array of texts."""
    data = _present(value)
    (dimensions,) = struct.unpack_from(">i", data)
    if not dimensions:
        return ()
    (count,) = struct.unpack_from(">i", data, 12)
    found, at = [], 20
    for _ in range(count):
        (size,) = struct.unpack_from(">i", data, at)
        found.append(data[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return found


def _present(value: bytes | None) -> bytes:
    if value is None:
        raise ValueError("a column that must be there is NULL")
    return value
