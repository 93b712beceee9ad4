"""Values as PostgreSQL's binary COPY takes them: each with its length in front, none to escape.

psycopg's own adaptation would be half the store's time, and reading text half the server's.
PostgreSQL keeps no NUL in text, so one becomes U+FFFD: a hospital that sends one must not stop the
store for everybody. Every function raises ``struct.error`` for a number that does not fit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

#: A value that is absent.
NULL = b"\xff\xff\xff\xff"
TRUE, FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"

#: Before the first row and after the last.
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

_size = struct.Struct(">i").pack
_two, _four, _eight = (struct.Struct(layout).pack for layout in (">ih", ">ii", ">iq"))
_columns = struct.Struct(">h").pack
#: Dimensions, nulls, type of the elements, how many, number of the first.
_array = struct.Struct(">iiiii").pack
_TEXT, _INT4, _INT8 = 25, 23, 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: PostgreSQL counts from 2000; microseconds since 1970 UTC.
_MILLENNIUM_US = 946_684_800_000_000
#: The first and the last millisecond of our calendar, since 1970 UTC.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


def stream(rows: Iterable[bytes]) -> bytes:
    """The rows as one COPY."""
    return b"".join((_HEAD, *rows, _END))


def row(*values: bytes) -> bytes:
    """One row."""
    return _columns(len(values)) + b"".join(values)


def text(value: str) -> bytes:
    """A text."""
    data = value.encode()
    if b"\0" in data:
        data = value.replace("\0", "\ufffd").encode()
    return _size(len(data)) + data


def int2(value: int) -> bytes:
    """A smallint."""
    return _two(2, value)


def int4(value: int) -> bytes:
    """An integer."""
    return _four(4, value)


def int8(value: int) -> bytes:
    """A bigint."""
    return _eight(8, value)


def blob(value: bytes) -> bytes:
    """Bytes as they are, or the sixteen of a UUID."""
    return _size(len(value)) + value


@lru_cache(maxsize=1 << 14)
def texts(values: tuple[str, ...]) -> bytes:
    """An array of texts that come again: those of one person's entries are mostly the same."""
    return new_texts(values)


def new_texts(values: Sequence[str]) -> bytes:
    """An array of texts."""
    return _elements(_TEXT, [text(value) for value in values])


@lru_cache(maxsize=1 << 10)
def int4s(values: tuple[int, ...]) -> bytes:
    """An array of integers."""
    return _elements(_INT4, [int4(value) for value in values])


def int8s(values: Sequence[int]) -> bytes:
    """An array of bigints."""
    return _elements(_INT8, [int8(value) for value in values])


def document(value: object) -> bytes:
    """A JSON document."""
    encoded = msgspec.json.encode(value)
    if b"\\u0000" in encoded:
        encoded = msgspec.json.encode(_without_nul(value))
    return _size(len(encoded)) + encoded


def microseconds(at_us: int) -> bytes:
    """An instant in microseconds since 1970 UTC."""
    return _eight(8, at_us - _MILLENNIUM_US)


def instant(at_ms: int) -> bytes:
    """An instant in milliseconds since 1970 UTC."""
    return _eight(8, within_calendar(at_ms) * 1_000 - _MILLENNIUM_US)


def within_calendar(at_ms: int) -> int:
    """The instant, or the first or last one a calendar holds: a mad clock must not stop us."""
    return min(max(at_ms, _FIRST_MS), _LAST_MS)


def iso(at_ms: int) -> str:
    """Milliseconds since 1970 UTC in ISO 8601."""
    if not _FIRST_MS <= at_ms <= _LAST_MS:
        at_ms = within_calendar(at_ms)
    second, ms = divmod(at_ms, 1_000)
    return f"{_second(second)}.{ms:03d}Z"


@lru_cache(maxsize=1 << 14)
def _second(at_s: int) -> str:
    # Instants of one batch lie close together, and making the date is most of the work.
    return (_EPOCH + timedelta(seconds=at_s)).isoformat()[:19]


def _elements(kind: int, values: list[bytes]) -> bytes:
    dimensions = _array(1, 0, kind, len(values), 1) if values else _array(0, 0, kind, 0, 0)[:12]
    data = dimensions + b"".join(values)
    return _size(len(data)) + data


def _without_nul(value: object) -> object:
    match value:
        case str():
            return value.replace("\x00", "\ufffd")
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_nul(item) for item in value]
        case _:
            return value
