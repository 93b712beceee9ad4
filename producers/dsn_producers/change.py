"""An item as the bytes of a change, ready but for its numbers.

The body of a ``RecordChange`` is spliced from what is known when a message is mapped (record, item,
content) and what is known only when it is numbered (epoch, seq, previous, captured_at). So the
encoding, 10-14 µs, is done outside the transaction that acknowledges, and needs no registry: the
five bytes of the schema id are put in front when the change is forwarded.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, cast

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from dsn_producers.mapping import Item
from dsn_schemas.avro_bytes import number, text, varint
from dsn_schemas.contract import without_logical_types
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.topics import MESSAGE_BYTES_MAX
from dsn_schemas.wire import encode_content, own_schema

#: Largest body of one change: what the journal takes, less 64 KiB for key, frame and headers.
BODY_BYTES_MAX = MESSAGE_BYTES_MAX - 64 * 1024

#: The fields of ``RecordChange`` in front of, and behind, those known at mapping.
_NUMBERED_FIELDS = ("source", "epoch", "seq", "previous")
_MIDDLE_FIELDS = (
    "authority",
    "number",
    "section",
    "item",
    "entry",
    "op",
    "status",
    "occurred_at",
)
_LAST_FIELDS = ("captured_at", "content")


class UnfitItem(ValueError):
    """An item that its schema or the journal does not take: the mapper's fault, or its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An item encoded, waiting for its number."""

    #: Kafka key: the record.
    key: bytes
    #: Partition of the key.
    partition: int
    #: Names the record item: digest of (record, section, item).
    item: bytes
    #: What it says: digest of (content, status, entry, op).
    state: bytes
    #: Avro of the fields from ``authority`` to ``occurred_at``.
    middle: bytes
    #: Avro of the content union.
    content: bytes


def change_of(item: Item, partitions: int) -> Change:
    """Encode an item. Raises ``UnfitItem`` without naming its values."""
    try:
        key = record_key(item.authority, item.number)
        middle = _middle(item)
        content = encode_content(item.content)
        body_bytes = len(middle) + len(content)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise UnfitItem(
            f"an item of section {item.section} does not fit its schema ({type(error).__name__})"
        ) from None
    if body_bytes > BODY_BYTES_MAX:
        raise UnfitItem(
            f"an item of section {item.section} takes {body_bytes} bytes, more than the"
            f" {BODY_BYTES_MAX} the journal takes"
        )
    return Change(
        key=key.encode(),
        partition=partition_of(key, partitions),
        item=_digest(key, item.section, item.item),
        state=_digest(item.op, item.status, item.entry, content),
        middle=middle,
        content=content,
    )


def source_prefix(source: str, epoch: int) -> bytes:
    """Avro of the first two fields: the same for every change of a source and epoch."""
    return text(source) + number(epoch)


def body(prefix: bytes, seq: int, previous: int, captured_at: int, change: Change) -> bytes:
    """The Avro body of the change under its numbers."""
    return b"".join(
        (prefix, number(seq), number(previous), change.middle)
        + (number(captured_at), change.content)
    )


def upgraded(data: bytes, writer: Any) -> bytes:
    """A body written by an earlier version of the schema, as a body of ours.

    Raises ``ValueError`` when ``writer`` does not explain it: the outbox is damaged.
    """
    try:
        value = schemaless_reader(
            BytesIO(data),
            writer,
            own_schema("RecordChange"),
            return_record_name=True,
            return_record_name_override=True,
        )
        out = BytesIO()
        schemaless_writer(out, own_schema("RecordChange"), cast(Any, value))
    except (TypeError, ValueError, KeyError, EOFError, IndexError) as error:
        raise ValueError(
            f"a stored change is not of the schema beside it ({type(error).__name__})"
        ) from None
    return out.getvalue()


def renumbered(data: bytes, prefix: bytes, seq: int, previous: int) -> bytes:
    """A body of our version of the schema under other numbers; ``prefix`` is ``source_prefix``."""
    length, at = varint(data, 0)
    at += length >> 1
    for _ in _NUMBERED_FIELDS[1:]:
        _, at = varint(data, at)
    return prefix + number(seq) + number(previous) + data[at:]


def parsed_schema(text: str) -> Any:
    """A stored schema, ready to read with."""
    return parse_schema(cast(Any, without_logical_types(json.loads(text))), named_schemas={})


def _middle(item: Item) -> bytes:
    out = BytesIO()
    fields = {name: getattr(item, name) for name in _MIDDLE_FIELDS}
    schemaless_writer(out, _middle_schema(), fields)
    return out.getvalue()


@cache
def _middle_schema() -> Any:
    """The schema of the middle fields; fails at start when the contract's order has changed."""
    fields = own_schema("RecordChange")["fields"]
    names = tuple(field["name"] for field in fields)
    if names != _NUMBERED_FIELDS + _MIDDLE_FIELDS + _LAST_FIELDS:
        raise AssertionError("RecordChange has other fields than are spliced here: mend this file")
    middle = [field for field in fields if field["name"] in _MIDDLE_FIELDS]
    return parse_schema(
        {"type": "record", "name": "Middle", "fields": middle}, named_schemas={}, _force=True
    )


def _digest(*parts: str | bytes) -> bytes:
    """128 bits of BLAKE2b over the parts, each behind its length so that none can leak over."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
