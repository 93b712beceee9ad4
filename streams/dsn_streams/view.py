"""Entries as bytes: the head is encoded here, the content is spliced in as it came.

The head is written by hand: ``fastavro`` wants a dictionary for every contributor, and making those
costs more than the bytes. The order of the fields is checked against the contract at import.

A ``ViewEntry`` ends with the same content union as a ``RecordChange``; admit made sure that the
bytes are whole and of our own schema version.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from dsn_schemas.avro_bytes import number, text
from dsn_schemas.contract import named_types
from dsn_schemas.keys import SEPARATOR, partition_of, split_record_key, view_key
from dsn_schemas.records import Disagreement, FieldOrigin, RecordSettled, ViewBarrier
from dsn_schemas.topics import VIEW
from dsn_schemas.wire import Codec
from dsn_streams.contribution import SECTIONS, Barrier, Contribution, Settled
from dsn_streams.merge import Merged, content_of
from dsn_streams.stage import Output


class ViewWriter:
    """Makes the records of ``dsn.view``.

    Entries are of people whose contributions came on this lane, so that their lane is known; names
    are the bytes they have in keys.
    """

    def __init__(self, codec: Codec, partitions: int) -> None:
        self._codec = codec
        self._partitions = partitions

    def entry(self, lane: int, person: bytes, section: int, entry: bytes, merged: Merged) -> Output:
        """The record of an entry."""
        value = b"".join(
            (
                *self._named(person, section, entry),
                _word(merged.status),
                *_array([_word(name) for name in merged.conflicts]),
                number(merged.as_of),
                *_array([b"".join(_contributor(item)) for item in merged.contributions]),
                *_array([_origin(origin) for origin in merged.provenance]),
                *_array([_disagreement(one) for one in merged.disagreements]),
                merged.content,
            )
        )
        return Output(VIEW, lane, person + _KEYS[section] + entry, value)

    def lone(
        self, lane: int, person: bytes, section: int, entry: bytes, item: Contribution
    ) -> Output:
        """The record of an entry of one contribution, which most are: as ``entry`` writes it."""
        said = _contributor(item)
        value = b"".join(
            (
                *self._named(person, section, entry),
                _word(item.status),
                b"\0",
                said[-2] if item.occurred_at <= item.captured_at else said[-1],
                b"\2",
                *said,
                b"\0\0\0",
                content_of(item),
            )
        )
        return Output(VIEW, lane, person + _KEYS[section] + entry, value)

    def removal(self, lane: int, person: bytes, section: int, entry: bytes) -> Output:
        """The record that says the person has no such entry any more."""
        return Output(VIEW, lane, person + _KEYS[section] + entry, None)

    def barrier(self, lane: int, barrier: Barrier) -> Output:
        """The barrier, passed on to the same lane of the view."""
        record = ViewBarrier(
            topic=barrier.topic,
            partition=barrier.partition,
            position=barrier.position,
            source=barrier.source,
            epoch=barrier.epoch,
            seq=barrier.seq,
            as_of=barrier.as_of,
        )
        key = SEPARATOR.join(
            ("", "barrier", barrier.topic, str(barrier.partition), barrier.source,
             str(barrier.epoch))
        )  # fmt: skip
        return Output(VIEW, lane, key.encode(), self._codec.encode(record))

    def settled(self, person: str, settled: Settled) -> Output:
        """The record that says everything of a moved record has arrived."""
        authority, number = split_record_key(settled.record)
        record = RecordSettled(
            authority=authority, number=number, version=settled.version, person=person
        )
        key = SEPARATOR.join(("", "settled", settled.record))
        lane = partition_of(person, self._partitions)
        return Output(VIEW, lane, key.encode(), self._codec.encode(record))

    def _named(self, person: bytes, section: int, entry: bytes) -> tuple[bytes, ...]:
        """What every entry begins with: the frame, and whose and which it is."""
        return (
            self._codec.frame_of("ViewEntry"),
            number(len(person)),
            person,
            number(section),
            number(len(entry)),
            entry,
        )


def _contributor(item: Contribution) -> tuple[bytes, ...]:
    authority, _, local = item.record.encode().partition(_SEPARATOR)
    name = item.item.encode()
    return (
        _word(item.source),
        number(len(authority)),
        authority,
        number(len(local)),
        local,
        number(len(name)),
        name,
        number(item.epoch),
        number(item.seq),
        number(item.op),
        _word(item.status),
        number(item.occurred_at),
        number(item.captured_at),
    )


def _origin(origin: FieldOrigin) -> bytes:
    positions = _array([number(position) for position in origin.contributors])
    return b"".join((_word(origin.field), *positions, _word(origin.rule)))


def _disagreement(one: Disagreement) -> bytes:
    positions = _array([number(position) for position in one.contributors])
    return b"".join((_word(one.field), text(one.value), *positions))


def _array(items: Sequence[bytes]) -> Sequence[bytes]:
    """An Avro array: one block, then an empty one."""
    return (number(len(items)), *items, b"\0") if items else (b"\0",)


#: A text out of a small vocabulary: sources, statuses, names of fields.
_word = lru_cache(maxsize=1 << 14)(text)

_SEPARATOR = SEPARATOR.encode()
#: What stands between person and entry in a key of the view, by section.
_KEYS = [view_key("", section, "").encode() for section in SECTIONS]


def _check_order(name: str, expected: tuple[str, ...]) -> None:
    """Raise ``AssertionError`` when the contract's order is not the one written here."""
    fields = named_types()[name]["fields"]
    assert isinstance(fields, list)
    if tuple(field["name"] for field in fields) != expected:
        raise AssertionError(f"{name} has other fields than are written here: mend this file")


_check_order(
    "dsn.ViewEntry",
    ("person", "section", "entry", "status", "conflicts", "as_of", "contributors", "provenance",
     "disagreements", "content"),
)  # fmt: skip
_check_order(
    "dsn.Contributor",
    ("source", "authority", "number", "item", "epoch", "seq", "op", "status", "occurred_at",
     "captured_at"),
)  # fmt: skip
_check_order("dsn.FieldOrigin", ("field", "contributors", "rule"))
_check_order("dsn.Disagreement", ("field", "value", "contributors"))
