"""Records to bytes and back, in the Confluent wire format.

Magic byte 0, four bytes of schema id, Avro body. ``avro`` compares and validates schemas
(``compatibility.py``); the bytes are written and read by ``fastavro``, which is compiled.

A stage that only forwards content reads the *head* of a change (all fields before the content)
and carries the content as the bytes it came in: decoding it costs 10-18 µs, skipping it nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple, Protocol, TypeVar, cast, get_type_hints

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from dsn_schemas import records
from dsn_schemas.contract import (
    NAMESPACE,
    SUBJECTS,
    composed,
    section_types,
    without_logical_types,
)
from dsn_schemas.partial import passer_of, reader_of
from dsn_schemas.plain import Writer, writer_of
from dsn_schemas.records import Content

Part = TypeVar("Part", bound=msgspec.Struct)

_FRAME = struct.Struct(">bI")
FRAME_BYTES = _FRAME.size


class UnreadableRecord(ValueError):
    """Bytes that no schema of ours explains: they belong in quarantine."""


class UnknownSchema(LookupError):
    """A schema id that nobody could explain *yet*: wait for the registry, do not judge."""


class Ids(Protocol):
    """Where schema ids come from; the registry's disk cache, or a dictionary in tests."""

    def id_of(self, name: str) -> int:
        """Id of our own version of the record type ``name``."""

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """The writer's schema. Raises ``UnknownSchema`` or ``UnreadableRecord``."""


@dataclass(frozen=True, slots=True)
class Head:
    """The front of a framed record, and where its content is."""

    #: Id of the writer's schema.
    schema_id: int
    #: Record type, such as ``RecordChange``.
    name: str
    #: Fields before the content.
    fields: dict[str, object]
    #: The encoded content union: spliced as it is where the schema is the same.
    content: bytes


class Codec:
    """Encodes and decodes every record type; one per process, not shared between threads."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._heads: dict[int, tuple[str, Any]] = {}
        self._writers: dict[int, tuple[str, Any]] = {}
        #: By record type; an id of our own stays what it is while a process lives.
        self._frames: dict[str, bytes] = {}

    def encode(self, record: object) -> bytes:
        """Frame and encode a typed record. Raises ``ValueError`` when a field does not fit."""
        name = type(record).__name__
        frame = self.frame_of(name)
        try:
            plain = _plain_writer(name)
            if plain is not None:
                data = bytearray(frame)
                plain(record, data)
                return bytes(data)
            out = BytesIO()
            out.write(frame)
            schemaless_writer(out, own_schema(name), avro_dict(record))
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"{name} does not fit its schema ({type(error).__name__})") from None
        return out.getvalue()

    def decode(self, data: bytes) -> object:
        """The typed record in ``data``, whatever version wrote it.

        Raises ``UnknownSchema`` while its schema cannot be had, ``UnreadableRecord`` when the
        bytes are no record of ours.
        """
        schema_id = frame(data)
        name, writer = self._writer(schema_id)
        if schema_id != self._ids.id_of(name):
            reader = own_schema(name)
        elif _has_content(name):
            return self._in_parts(name, data)
        else:
            reader = None  # resolving against the same schema would triple the cost
        body = BytesIO(data)
        body.seek(FRAME_BYTES)
        try:
            value = schemaless_reader(
                body, writer, reader, return_record_name=True, return_record_name_override=True
            )
            if body.tell() != len(data):
                raise UnreadableRecord(f"{len(data) - body.tell()} bytes after the {name}")
            return typed(name, cast(dict[str, object], value))
        except UnreadableRecord:
            raise
        except Exception as error:  # noqa: BLE001 - hostile bytes raise anything
            raise UnreadableRecord(f"not a {name} ({type(error).__name__})") from None

    def _in_parts(self, name: str, data: bytes) -> object:
        """A record of our own version, its content by itself: 50 µs instead of 84 for demographics,
        because ``fastavro`` parses the union of all contents anew with every call."""
        head = self.head(data)
        kind = getattr(records, name)
        rest = _typed_fields(kind, head.fields)
        return cast(object, kind(**rest, content=decode_content(head.content)))

    def head(self, data: bytes) -> Head:
        """The fields before the content, and the content as bytes of *our* schema version.

        Content written by another version is decoded and encoded again, so that everything behind
        this call is of one version. Raises as ``decode``.
        """
        schema_id = frame(data)
        known = self._heads.get(schema_id)
        if known is None:
            name, writer = self._writer(schema_id)
            own = writer is own_schema(name)
            head = head_schema(name) if own else _head_schema(writer)
            known = self._heads[schema_id] = (name, head)
        name, schema = known
        body = BytesIO(data)
        body.seek(FRAME_BYTES)
        try:
            fields = cast(dict[str, object], schemaless_reader(body, schema, None))
        except Exception as error:  # noqa: BLE001 - hostile bytes raise anything
            raise UnreadableRecord(f"not a {name} ({type(error).__name__})") from None
        if schema_id == self._ids.id_of(name):
            return Head(schema_id, name, fields, data[body.tell() :])
        record = self.decode(data)
        content = encode_content(getattr(record, "content", None))
        return Head(schema_id, name, _plain(record, fields), content)

    def spliced(self, name: str, fields: Mapping[str, object], content: bytes) -> bytes:
        """Frame and encode a record from its fields, with its content as it came.

        ``content`` is of our own version (``Head.content``); every record that has one ends with
        the same union. Raises ``ValueError`` when a field does not fit.
        """
        out = BytesIO()
        out.write(self.frame_of(name))
        try:
            schemaless_writer(out, head_schema(name), fields)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"{name} does not fit its schema ({type(error).__name__})") from None
        out.write(content)
        return out.getvalue()

    def frame_of(self, name: str) -> bytes:
        """The five bytes in front of our own version of ``name``."""
        known = self._frames.get(name)
        if known is None:
            known = self._frames[name] = _FRAME.pack(0, self._ids.id_of(name))
        return known

    def _writer(self, schema_id: int) -> tuple[str, Any]:
        known = self._writers.get(schema_id)
        if known is None:
            raw = self._ids.schema_of(schema_id)
            name = str(raw.get("name", ""))
            if raw.get("namespace") != NAMESPACE or name not in SUBJECTS:
                raise UnreadableRecord(f"schema {schema_id} is not of this contract")
            own = schema_id == self._ids.id_of(name)
            known = self._writers[schema_id] = (name, own_schema(name) if own else _parsed(raw))
        return known


def frame(data: bytes) -> int:
    """The schema id in front of a record. Raises ``UnreadableRecord``."""
    if len(data) < FRAME_BYTES:
        raise UnreadableRecord(f"{len(data)} bytes are too few for a record")
    magic, schema_id = _FRAME.unpack_from(data)
    if magic != 0:
        raise UnreadableRecord(f"the first byte is {magic}, not the magic byte 0")
    return int(schema_id)


@cache
def own_schema(name: str) -> Any:
    """Our version of a record type, parsed for speed (instants as plain numbers)."""
    return _parsed(composed(name))


@cache
def _plain_writer(name: str) -> Writer | None:
    return writer_of(own_schema(name))


@cache
def head_schema(name: str) -> Any:
    """Our version of a record type without its content, the last field."""
    return _head_schema(own_schema(name))


def encode_content(content: Content | None) -> bytes:
    """The bytes of the content union."""
    if content is None:
        return _NOTHING
    return encode_fields(
        type(content).__name__, msgspec.to_builtins(content, builtin_types=(bytes,))
    )


def encode_fields(name: str, fields: Mapping[str, object]) -> bytes:
    """The bytes of the content union for a type and its fields, as ``read_content`` gives them."""
    branch = _branches_by_name()[name]
    out = BytesIO()
    out.write(branch.prefix)
    schemaless_writer(out, branch.schema, fields)
    return out.getvalue()


def decode_content(data: bytes) -> Content | None:
    """The content in bytes of our own version. Raises ``UnreadableRecord``."""
    found = read_content(data)
    if found is None:
        return None
    name, value = found
    try:
        return cast(Content, msgspec.convert(value, getattr(records, name)))
    except msgspec.ValidationError as error:
        raise UnreadableRecord(f"not a content ({type(error).__name__})") from None


def part_reader(kind: type[Part], *others: type[msgspec.Struct]) -> Callable[[bytes], Part | None]:
    """A reader of the fields of ``kind`` from the content union, see ``partial.reader_of``.

    It returns ``None`` for a content of another type or none, and raises ``UnreadableRecord``
    unless the bytes are one whole content.
    """
    branch = _branches_by_name()[kind.__name__]
    read, prefix = reader_of(branch.schema, kind, *others), branch.prefix

    def part(data: bytes) -> Part | None:
        if not data.startswith(prefix):
            read_content(data)
            return None
        try:
            found, end = read(data, len(prefix))
        except (ValueError, IndexError) as error:
            raise UnreadableRecord(f"not a content ({type(error).__name__})") from None
        if end != len(data):
            raise UnreadableRecord(f"{len(data) - end} bytes after the content")
        return found

    return part


def read_content(data: bytes) -> tuple[str, dict[str, object]] | None:
    """Type and fields of the content in bytes of our own version; ``None`` for no content.

    Raises ``UnreadableRecord`` unless the bytes are one whole content.
    """
    try:
        branch = _branches()[_INDEXES[data[0]]]
        body = BytesIO(data)
        body.seek(1)
        value = None if branch is None else schemaless_reader(body, branch.schema, None)
    except Exception as error:  # noqa: BLE001 - hostile bytes raise anything
        raise UnreadableRecord(f"not a content ({type(error).__name__})") from None
    if body.tell() != len(data):
        raise UnreadableRecord(f"{len(data) - body.tell()} bytes after the content")
    return None if branch is None else (branch.name, cast(dict[str, object], value))


#: Which content each section takes, besides a ``SectionStatement`` in any section of the chart.
CONTENT_OF_SECTION = {
    "demographics": "Demographics",
    "encounters": "Encounter",
    "allergies": "Allergy",
    "medications": "Medication",
    "problems": "Problem",
    "immunizations": "Immunization",
    "results": "Result",
    "procedures": "Procedure",
    "documents": "Document",
    "directives": "Directive",
    "alerts": "Alert",
    "restrictions": "Restriction",
    "claims": "IdentityClaim",
    "rejected": "RejectedMessage",
    "marks": "SourceMark",
}


def check_content(data: bytes, section: str) -> None:
    """See that the bytes are one whole content that the section takes.

    Raises ``UnreadableRecord``. Bytes that pass can be spliced into another record unread, and every
    reader behind us reads them: also ``part_reader``, which takes less than the library does (a number
    of more than ten bytes, an index of a union in two) and would stop at it for ever. They are passed
    over without making anything of them.
    """
    name = _passed(data)
    if not name:
        raise UnreadableRecord("no content")
    if name not in (CONTENT_OF_SECTION.get(section), "SectionStatement"):
        raise UnreadableRecord(f"section {section} does not take a {name}")


def _passed(data: bytes) -> str:
    """Type of one whole content; empty for no content. Raises ``UnreadableRecord``."""
    try:
        branch = _branches()[_INDEXES[data[0]]]
        end = 1 if branch is None else _passer(branch.name)(data, 1)
    except (ValueError, LookupError) as error:
        raise UnreadableRecord(f"not a content ({type(error).__name__})") from None
    if end > len(data):
        raise UnreadableRecord("the content ends within a text")
    if end < len(data):
        raise UnreadableRecord(f"{len(data) - end} bytes after the content")
    return "" if branch is None else branch.name


@cache
def _passer(name: str) -> Callable[[bytes, int], int]:
    return passer_of(own_schema(name))


class _Branch(NamedTuple):
    """A type of the content union, with a schema of its own.

    ``fastavro`` parses a union again with every call, 10 µs for ours, because it is a list.
    """

    #: The byte in front of its contents.
    prefix: bytes
    #: Record type, such as ``Allergy``.
    name: str
    schema: Any


#: Index by the byte that says it, a zigzag varint; a longer one is of no union of ours.
_INDEXES = {index << 1: index for index in range(64)}
_NOTHING = b"\0"


@cache
def _branches() -> tuple[_Branch | None, ...]:
    """The types of the content union by their index; ``None`` stands for no content."""
    names = [name.rpartition(".")[2] for name in section_types()]
    found = [
        _Branch(bytes((index << 1,)), name, _parsed(composed(name)))
        for index, name in enumerate(names, start=1)
    ]
    return (None, *found)


@cache
def _branches_by_name() -> dict[str, _Branch]:
    return {branch.name: branch for branch in _branches() if branch is not None}


def avro_dict(record: Any) -> dict[str, object]:
    """A typed record as ``fastavro`` takes it: content as (type name, fields)."""
    values = {name: getattr(record, name) for name in _field_names(cast(Hashable, type(record)))}
    content = values.pop("content", _ABSENT)
    plain = msgspec.to_builtins(values, builtin_types=(bytes,))
    if content is not _ABSENT:
        plain["content"] = _union_value(content)
    assert isinstance(plain, dict)
    return plain


def typed(name: str, value: dict[str, object]) -> object:
    """A decoded dictionary as the frozen dataclass of that name."""
    kind = getattr(records, name)
    if _has_content(name):
        content = _content(value.pop("content"))
        return kind(**_typed_fields(kind, value), content=content)
    return msgspec.convert(value, kind)


_ABSENT = object()


@cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast(Any, kind)))


@cache
def _has_content(name: str) -> bool:
    return "content" in _field_names(getattr(records, name))


@cache
def _field_type(kind: Hashable, name: str) -> Any:
    return get_type_hints(cast(Any, kind))[name]


def _typed_fields(kind: Any, values: Mapping[str, object]) -> dict[str, object]:
    return {name: _converted(kind, name, value) for name, value in values.items()}


def _converted(kind: Any, name: str, value: object) -> object:
    if isinstance(value, str | int) or value is None:
        return value
    return msgspec.convert(value, _field_type(kind, name))


def _union_value(content: Content | None) -> object:
    if content is None:
        return None
    plain = msgspec.to_builtins(content, builtin_types=(bytes,))
    return f"{NAMESPACE}.{type(content).__name__}", plain


def _content(value: object) -> Content | None:
    if value is None:
        return None
    assert isinstance(value, tuple)
    kind: type[Content] = getattr(records, str(value[0]).rpartition(".")[2])
    return msgspec.convert(value[1], kind)


def _plain(record: Any, fields: Mapping[str, object]) -> dict[str, object]:
    names = [n for n in _field_names(cast(Hashable, type(record))) if n != "content"]
    plain = msgspec.to_builtins({n: getattr(record, n) for n in names}, builtin_types=(bytes,))
    assert isinstance(plain, dict)
    # Lists, as the reader of our own version gives them.
    return {n: list(v) if isinstance(v, tuple) else v for n, v in plain.items()}


def _parsed(schema: Mapping[str, object]) -> Any:
    return parse_schema(cast(Any, without_logical_types(dict(schema))), named_schemas={})


def _head_schema(writer: Any) -> Any:
    """The writer's schema without its content, the last field."""
    fields = [field for field in writer["fields"] if field["name"] != "content"]
    if len(fields) < len(writer["fields"]) and writer["fields"][-1]["name"] != "content":
        raise UnreadableRecord("the content is not the last field of the writer's schema")
    plain = {"type": "record", "name": writer["name"], "fields": fields}
    return parse_schema(plain, named_schemas={}, _force=True)
