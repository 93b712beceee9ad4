"""Reads some fields of an Avro record and passes over the others.

``fastavro`` and a frozen dataclass take 45 µs for the demographics of a record, of which identify
compares half; this takes 12. As ``dataclasses`` do, a function is written for each type and
compiled: what to read is what the fields of a ``msgspec.Struct`` say, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from dsn_schemas.avro_bytes import varint

Kind = TypeVar("Kind", bound=msgspec.Struct)
#: From bytes and a place in them: what was read, and the place behind it. Raises ``ValueError``
#: or ``IndexError`` for bytes that are no such record; who calls it looks whether all were read.
Reader = Callable[[bytes, int], tuple[Kind, int]]

#: Whether a varint is of more than one byte, or negative.
_LONG_OR_NEGATIVE = 0x81
_INDENT = "    "


def reader_of(
    schema: Mapping[str, Any], kind: type[Kind], *others: type[msgspec.Struct]
) -> Reader[Kind]:
    """A reader of a parsed Avro record for ``kind``; ``others`` are for the records within.

    A struct is for the record type of its own name, and its fields are some of that type's.
    Raises ``ValueError`` when they are not, or when the schema holds what no record of ours does.
    """
    kinds: tuple[type[msgspec.Struct], ...] = (kind, *others)
    source = _Source({one.__name__: one for one in kinds})
    source.record(schema)
    return cast("Reader[Kind]", _compiled(source)[f"read_{kind.__name__}"])


def passer_of(schema: Mapping[str, Any]) -> Callable[[bytes, int], int]:
    """What passes over a whole parsed Avro record: from bytes and a place to the place behind it.

    Every text on the way is seen to be UTF-8. Raises ``ValueError`` or ``IndexError`` for bytes that
    are no such record; who calls it looks whether all were passed. Raises ``ValueError`` at once when
    the schema holds what no record of ours does.
    """
    source = _Source({}, checks=True)
    source.record(schema)
    read = _compiled(source)[f"read_{_short(schema['name'])}"]
    return lambda data, at: cast(int, read(data, at)[1])


def _compiled(source: _Source) -> dict[str, Any]:
    names: dict[str, Any] = {
        **{f"new_{name}": one for name, one in source.kinds.items()},
        **source.symbols,
        "number": varint,
        "length": _length,
        "count": _count,
    }
    exec("\n".join(source.lines), names)  # noqa: S102 - our own schemas
    return names


class _Source:
    """The source of the readers of some record types."""

    def __init__(self, kinds: Mapping[str, type[msgspec.Struct]], *, checks: bool = False) -> None:
        self.kinds = kinds
        #: Whether texts are checked that are passed over.
        self._checks = checks
        self.lines: list[str] = []
        self.symbols: dict[str, tuple[str, ...]] = {}
        #: Record and enum types by their full names.
        self._types: dict[str, Mapping[str, Any]] = {}
        self._written: set[str] = set()

    def record(self, schema: Mapping[str, Any]) -> None:
        """Write the function for a record type, and before it those of the types within."""
        name = _short(schema["name"])
        self._types[schema["name"]] = schema
        kind = self.kinds.get(name)
        wanted = [field.name for field in msgspec.structs.fields(kind)] if kind else []
        if missing := set(wanted) - {field["name"] for field in schema["fields"]}:
            raise ValueError(f"a {name} has no {', '.join(sorted(missing))}")
        body: list[str] = []
        for field in schema["fields"]:
            if field["name"] in wanted:
                body += self._read(field["type"], f"v_{field['name']}", 1)
            else:
                body += self._skip(field["type"], 1)
        values = ", ".join(f"v_{one}" for one in wanted)
        made = f"new_{name}({values})" if kind else "None"
        self.lines += [f"def read_{name}(data, at):", *body, f"{_INDENT}return {made}, at"]

    def _read(self, kind: Any, into: str, depth: int) -> list[str]:
        """Lines that read a value of this type into a variable."""
        found = self._resolved(kind)
        if isinstance(found, list):
            return self._optional(found, lambda one: self._read(one, into, depth + 1), into, depth)
        name = found["type"] if isinstance(found, Mapping) else found
        match name:
            case "string":
                lines = ["size = data[at]; at += 1"]
                lines += [f"if size == 0: {into} = ''"]
                lines += ["else:"]
                lines += [f"    if size & {_LONG_OR_NEGATIVE}: size, at = length(data, at - 1)"]
                lines += ["    end = at + (size >> 1)"]
                lines += [f"    {into} = str(data[at:end], 'utf-8'); at = end"]
            case "boolean":
                lines = [f"{into} = data[at] != 0; at += 1"]
            case "int" | "long":
                lines = [f"{into} = data[at]; at += 1"]
                lines += [f"if {into} > 127: {into}, at = number(data, at - 1)"]
                lines += [f"{into} = {into} >> 1 ^ -({into} & 1)"]
            case "enum":
                symbols = f"symbols_{_short(found['name'])}"
                self.symbols[symbols] = tuple(found["symbols"])
                lines = ["size = data[at]; at += 1"]
                lines += [f"if size & {_LONG_OR_NEGATIVE}: size, at = length(data, at - 1)"]
                lines += [f"{into} = {symbols}[size >> 1]"]
            case "array":
                item = self._read(found["items"], f"item_{depth}", depth + 2)
                return self._array(item, f"items_{depth}.append(item_{depth})", depth, into)
            case "record":
                lines = [f"{into}, at = read_{_short(found['name'])}(data, at)"]
            case _:
                raise ValueError(f"no reader for {name}")
        return [_INDENT * depth + line for line in lines]

    def _skip(self, kind: Any, depth: int) -> list[str]:
        """Lines that pass over a value of this type."""
        found = self._resolved(kind)
        if isinstance(found, list):
            return self._optional(found, lambda one: self._skip(one, depth + 1), None, depth)
        match found["type"] if isinstance(found, Mapping) else found:
            case "string" | "bytes":
                lines = ["size = data[at]; at += 1"]
                lines += [f"if size & {_LONG_OR_NEGATIVE}: size, at = length(data, at - 1)"]
                if self._checks and found == "string":
                    lines += ["end = at + (size >> 1)"]
                    lines += ["if size: str(data[at:end], 'utf-8'); at = end"]
                else:
                    lines += ["at += size >> 1"]
                return [_INDENT * depth + line for line in lines]
            case "int" | "long":
                lines = ["if data[at] > 127: unused, at = number(data, at)", "else: at += 1"]
                return [_INDENT * depth + line for line in lines]
            case "array":
                return self._array(self._skip(found["items"], depth + 2), "", depth, None)
            case _:
                return self._read(kind, "unused", depth)

    def _optional(
        self, union: list[Any], value: Callable[[Any], list[str]], into: str | None, depth: int
    ) -> list[str]:
        """Lines for null or one other type."""
        if len(union) != 2 or union[0] != "null":
            raise ValueError("no reader for a union of several types")
        indent = _INDENT * depth
        nothing = f" {into} = None" if into else " pass"
        return [
            f"{indent}kind = data[at]; at += 1",
            # Types counted from the end, -1 and -2, are no Avro, but the whole reader takes them.
            f"{indent}if kind == 0 or kind == 3:{nothing}",
            f"{indent}elif kind > 3: raise ValueError('no such type')",
            f"{indent}else:",
            *value(union[1]),
        ]

    def _array(self, item: list[str], kept: str, depth: int, into: str | None) -> list[str]:
        """Lines for an array, nearly always empty or of one block."""
        indent, inner = _INDENT * depth, _INDENT * (depth + 1)
        lines = [f"{indent}left_{depth} = data[at]; at += 1"]
        lines += [f"{indent}if left_{depth} == 0:" + (f" {into} = ()" if into else " pass")]
        lines += [f"{indent}else:"]
        lines += [f"{inner}if left_{depth} & {_LONG_OR_NEGATIVE}:"]
        lines += [f"{inner}{_INDENT}left_{depth}, at = count(data, at - 1)"]
        lines += [f"{inner}else: left_{depth} >>= 1"]
        lines += [f"{inner}items_{depth} = []"] if into else []
        lines += [f"{inner}while left_{depth}:", *item]
        lines += [f"{inner}{_INDENT}{kept}"] if kept else []
        lines += [f"{inner}{_INDENT}left_{depth} -= 1"]
        lines += [f"{inner}{_INDENT}if left_{depth} == 0:"]
        lines += [f"{inner}{_INDENT * 2}if data[at] == 0: at += 1"]
        lines += [f"{inner}{_INDENT * 2}else: left_{depth}, at = count(data, at)"]
        return lines + ([f"{inner}{into} = tuple(items_{depth})"] if into else [])

    def _resolved(self, kind: Any) -> Any:
        """A type without indirection; a record type is written the first time it is met."""
        if isinstance(kind, str):
            return self._types.get(kind, kind)
        if isinstance(kind, Mapping) and kind["type"] in ("record", "enum"):
            if kind["name"] not in self._types:
                self._types[kind["name"]] = kind
                if kind["type"] == "record":
                    self.record(kind)
        elif isinstance(kind, Mapping) and kind["type"] != "array":
            return self._resolved(kind["type"])
        return kind


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Twice a length, or twice an index."""
    found, at = varint(data, at)
    if found & 1:
        raise ValueError("a negative length")
    return found, at


def _count(data: bytes, at: int) -> tuple[int, int]:
    """Items in a block of an array; a negative count stands before the size of the block."""
    found, at = varint(data, at)
    if found & 1:
        return (found + 1) >> 1, varint(data, at)[1]
    return found >> 1, at
