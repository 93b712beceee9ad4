"""What travels on ``dsn.contributions``: from admit, and between the people a record moves among.

Internal to the streams, so it is msgpack by position (a microsecond) and not Avro. The key of the
Kafka record is the person. Everything that decides (section, entry, record, item, epoch, seq, op)
stands in front of the content, which stays the bytes it came in.
"""

from __future__ import annotations

import msgspec

from dsn_schemas.contract import named_types


def _symbols(name: str) -> tuple[str, ...]:
    symbols = named_types()[name]["symbols"]
    assert isinstance(symbols, list)
    return tuple(symbols)


#: Sections and operations by number; the order is the one of the Avro enums, which only grow.
SECTIONS = _symbols("dsn.Section")
SECTION_NUMBERS = {name: number for number, name in enumerate(SECTIONS)}
OPS = _symbols("dsn.Op")
OP_NUMBERS = {name: number for number, name in enumerate(OPS)}
UPSERT, DELETE = OP_NUMBERS["upsert"], OP_NUMBERS["delete"]


class Contribution(msgspec.Struct, array_like=True, frozen=True, tag=1, gc=False):
    """One record item as it stands, for one entry of one person."""

    #: Record key.
    record: str
    source: str
    item: str
    epoch: int
    seq: int
    op: int
    status: str
    #: Milliseconds since 1970 UTC.
    occurred_at: int
    captured_at: int
    section: int
    #: Entry within the section: a function of this contribution alone.
    entry: str
    #: Link version under which it was sent to this person.
    version: int
    #: The content union, encoded.
    content: bytes


class Handover(msgspec.Struct, array_like=True, frozen=True, tag=2, gc=False):
    """The record now belongs to ``target``: pass its contributions on and forget them."""

    record: str
    #: Link version the receiver holds the record under.
    version_before: int
    #: Link version of the target.
    version: int
    target: str


class Settled(msgspec.Struct, array_like=True, frozen=True, tag=3, gc=False):
    """Everything of the record up to this link version has been sent to this person."""

    record: str
    version: int


class Barrier(msgspec.Struct, array_like=True, frozen=True, tag=4, gc=False):
    """Everything below ``position`` of this partition of changes has been sent to this lane."""

    topic: str
    partition: int
    position: int
    source: str
    epoch: int
    #: Complete up to this number, as far as the partition goes.
    seq: int
    as_of: int


class Again(msgspec.Struct, array_like=True, frozen=True, tag=5, gc=False):
    """A contribution put through again: whatever stands, its entry is written anew."""

    item: Contribution


Message = Contribution | Handover | Settled | Barrier | Again

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Message).decode
