"""Writes record types that hold nothing but text, numbers and lists: links, above all.

``fastavro`` takes 14 µs for a link with one piece of evidence and 29 for three; this takes a third,
because lists of reasons and levels repeat and their bytes are kept. As in ``partial.py`` a function
is written for each type and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from dsn_schemas.avro_bytes import number, text

#: Adds a record to the bytes. Raises what the operations on a wrong field raise: ``ValueError``,
#: ``TypeError``, ``AttributeError`` or ``KeyError``.
Writer = Callable[[object, bytearray], None]

_LIMITS = {"int": 1 << 31, "long": 1 << 63}
#: Lists of texts whose bytes are kept: the combinations of levels in a province are a few thousand.
_LISTS_MAX = 1 << 13


def writer_of(schema: Mapping[str, Any]) -> Writer | None:
    """A writer for a parsed Avro record; ``None`` when it holds anything else."""
    lines: list[str] = []
    if not _record(schema, lines, set()):
        return None
    names: dict[str, Any] = {"number": _number, "text": text, "texts": _texts, "items": _items}
    exec("\n".join(lines), names)  # noqa: S102 - our own schemas
    return cast(Writer, names[f"write_{_short(schema['name'])}"])


def _record(schema: Mapping[str, Any], lines: list[str], written: set[str]) -> bool:
    """Write the function for a record type behind those of the types within."""
    body = [f"def write_{_short(schema['name'])}(record, out):"]
    for field in schema["fields"]:
        found = _field(field["type"], f"record.{field['name']}", lines, written)
        if found is None:
            return False
        body.append(f"    {found}")
    written.add(schema["name"])
    lines += body
    return True


def _field(kind: Any, value: str, lines: list[str], written: set[str]) -> str | None:
    """The line that writes a field."""
    if isinstance(kind, Mapping) and kind["type"] in _LIMITS:
        kind = kind["type"]
    if kind == "string":
        return f"out += text({value})"
    if isinstance(kind, str) and kind in _LIMITS:
        return (
            f"number({value}, {_LIMITS[kind]}, out) if not 0 <= {value} < 64"
            f" else out.append({value} << 1)"
        )
    if not isinstance(kind, Mapping) or kind["type"] != "array":
        return None
    items = kind["items"]
    if items == "string":
        return f"out += texts({value})"
    name = items if isinstance(items, str) else items.get("name", "")
    if name not in written and not (
        isinstance(items, Mapping) and items["type"] == "record" and _record(items, lines, written)
    ):
        return None
    return f"items({value}, write_{_short(name)}, out)"


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _number(value: int, limit: int, out: bytearray) -> None:
    """A zigzag varint."""
    if not -limit <= value < limit:
        raise ValueError("the number is too large")
    out += number(value)


def _items(values: Sequence[object], write: Writer, out: bytearray) -> None:
    """A list of records."""
    if len(values):
        out += number(len(values))
        for one in values:
            write(one, out)
    out.append(0)


@lru_cache(maxsize=_LISTS_MAX)
def _texts(values: tuple[str, ...]) -> bytes:
    """A list of texts."""
    if len(values) == 0:
        return b"\0"
    return b"".join((number(len(values)), *map(text, values), b"\0"))
