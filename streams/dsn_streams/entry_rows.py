"""The rows that unify keeps of entries, as they are during a turn and as bytes.

* ``e<person><section><entry>``: the contributions of an entry, sorted by item,
* ``i<person><section><source, record, item>``: a *hint*: the entry whose row was the last to hold
  this item, in the sections whose entries are grouped by meaning (elsewhere an item lives where its
  name says). It follows from the entry rows in the order in which they were written, so it stays on
  this disk and is no part of the changelog (``hints_of``); and it binds nobody: an item that is not
  in the row its hint names is in none.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsn_streams.contribution import SECTIONS, Contribution
from dsn_streams.entries import GROUPED

ItemKey = tuple[str, str, str]

#: Sections whose items may be grouped by meaning, and so may change their entry.
GROUPED_NUMBERS = frozenset(SECTIONS.index(section) for section in GROUPED)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Contribution]).decode
_SECTION_BYTES = [bytes((number,)) for number in range(len(SECTIONS))]


class EntryRow(msgspec.Struct, gc=False):
    """An entry of a person during a turn."""

    #: Key of the row.
    key: bytes
    #: The person and the entry within the section, as in keys.
    person: bytes
    section: int
    entry: bytes
    #: The contributions by item; ``None`` until the row was read.
    items: dict[ItemKey, Contribution] | None = None


def entry_key(person: bytes, section: int, entry: bytes) -> bytes:
    """State row of an entry."""
    return b"e" + person + _SECTION_BYTES[section] + entry


def hint_key(person: bytes, item: Contribution) -> bytes:
    """State row of where an item of a grouped section is."""
    name = f"{item.source}\0{item.record}\0{item.item}"
    return b"i" + person + _SECTION_BYTES[item.section] + name.encode()


def item_key(item: Contribution) -> ItemKey:
    """Names an item within its entry."""
    return (item.record, item.source, item.item)


def items_in(value: bytes | None) -> dict[ItemKey, Contribution]:
    """The contributions in an entry row; none when there is no row."""
    if value is None:
        return {}
    return {item_key(one): one for one in _decode(value)}


def in_order(items: dict[ItemKey, Contribution]) -> list[Contribution]:
    """The contributions as they are kept: the same bytes whatever came first."""
    return [items[key] for key in sorted(items)] if len(items) > 1 else list(items.values())


#: From contributions in their order to the value of their row.
row_value = _encode


def hints_of(key: bytes, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The hints that follow from an entry row.

    Where rows are read in the order in which they were written, the last one that held an item is
    the one that holds it now: what it left was written without it in the same transaction as what
    it came into, and later ones of what it left do not hold it.
    """
    for item in _decode(value):
        if item.section in GROUPED_NUMBERS:
            entry = item.entry.encode()
            person = key[1 : len(key) - len(entry) - 1]
            yield hint_key(person, item), entry
