"""What the journal says: the change that stands for each record item, written from the specification.

Shares no code with the stages. The rules it restates:

* A record item is (source, record, section, item). The greatest (epoch, seq) stands, except that of
  results a preliminary one never replaces a settled one.
* A number counts once; the record that carried it first is the one.
* Demographics are one entry, a statement about a section is one, an item with a meaning in a
  section grouped by meaning is the entry of that meaning, any other item an entry of its own.
* What is in quarantine does not count; what nobody can use has to be there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dsn_consumers.intake import Place, Read
from dsn_schemas.wire import Codec, UnreadableRecord

#: Sections whose items are one entry when they mean the same.
_BY_MEANING = {
    "allergies", "medications", "problems", "immunizations", "results", "procedures",
    "directives", "alerts",
}  # fmt: skip
#: Sections that are no part of a chart.
_NO_CHART = {"claims", "rejected", "marks", "unknown"}
#: A result of one of these statuses is not undone by a preliminary one.
_SETTLED = {"final", "amended", "corrected", "appended", "cancelled", "entered-in-error"}
_NO_CONTENT = b"\0"

#: Topic, partition, offset.
At = tuple[str, int, int]


class ItemKey(NamedTuple):
    """A record item."""

    record: str
    source: str
    section: str
    item: str


class Said(NamedTuple):
    """A change, as far as it decides."""

    at: At
    rank: tuple[bool, int, int]
    op: str
    status: str
    #: Within the section.
    entry: str
    #: Milliseconds since 1970 UTC: when it happened, but never after we had it.
    when: int
    #: Digest of the content union; of demographics the bytes themselves, which are merged.
    content: bytes

    @property
    def number(self) -> tuple[int, int]:
        """Epoch and seq."""
        return self.rank[1], self.rank[2]


@dataclass(slots=True)
class Item:
    """What the journal says of one record item."""

    #: Of the changes the view must have, the one that stands.
    stands: Said | None = None
    #: Of all changes: what is ahead of the barriers may be in the view already.
    newest: Said | None = None
    #: Numbers that may stand although they need not: ahead of the barriers, or set aside once.
    allowed: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class Journal:
    """The fold of every change topic."""

    codec: Codec
    #: What the quarantine holds.
    aside: Collection[At]
    #: Up to where the view vouches for each partition; changes from there on are on their way.
    upto: Mapping[Place, int]
    items: dict[ItemKey, Item] = field(default_factory=dict)
    #: Records nobody can use that are not in quarantine either, with what is known of them.
    unexplained: list[tuple[At, dict[str, Any]]] = field(default_factory=list)
    #: Changes read, and of these the ones that were on their way.
    changes: int = 0
    on_their_way: int = 0

    def take_all(self, reads: Iterable[Read]) -> None:
        """Take in the journal, each partition in its order."""
        for read in reads:
            self.take(read)

    def take(self, read: Read) -> None:
        """Take one record in. Raises ``UnknownSchema`` while its schema cannot be had."""
        at = (read.topic, read.partition, read.offset)
        waiting = read.offset >= self.upto.get((read.topic, read.partition), 0)
        try:
            head = self.codec.head(read.value or b"")
        except UnreadableRecord:
            self._unusable(at, {}, waiting)
            return
        said: Any = head.fields
        if head.name != "RecordChange":
            self._unusable(at, {}, waiting)
        elif said["op"] == "mark":
            return
        else:
            self.changes += 1
            self.on_their_way += waiting
            if said["section"] == "rejected" and said["op"] == "delete":
                return  # a rejection is over; what it said has numbers of its own
            if said["section"] == "rejected" or not _usable(said):
                self._unusable(at, said, waiting)
            elif said["section"] not in _NO_CHART:
                self._item(at, said, head.content, waiting)

    def _unusable(self, at: At, said: dict[str, Any], waiting: bool) -> None:
        if not waiting and at not in self.aside:
            self.unexplained.append((at, said))

    def _item(self, at: At, said: dict[str, Any], content: bytes, waiting: bool) -> None:
        record = f"{said['authority']}|{said['number']}"
        key = ItemKey(record, said["source"], said["section"], said["item"])
        item = self.items.setdefault(key, Item())
        one = standing(at, said, record, content)
        if at in self.aside:
            item.allowed.add(one.number)
            return
        if waiting:
            item.allowed.add(one.number)
        elif item.stands is None or one.rank > item.stands.rank:
            item.stands = one
        if item.newest is None or one.rank > item.newest.rank:
            item.newest = one


def standing(at: At, said: dict[str, Any], record: str, content: bytes) -> Said:
    """What of a change decides whether and where it stands."""
    section, op = said["section"], said["op"]
    settled = section == "results" and (op == "delete" or said["status"] in _SETTLED)
    content = content if op == "upsert" else _NO_CONTENT
    return Said(
        at,
        (settled, said["epoch"], said["seq"]),
        op,
        said["status"],
        entry_name(section, said["entry"], said["source"], record, said["item"]),
        min(said["occurred_at"], said["captured_at"]),
        content if section == "demographics" else digest(content),
    )


def entry_name(section: str, meaning: str, source: str, record: str, item: str) -> str:
    """Which entry of the section an item belongs to."""
    if section == "demographics":
        return "patient"
    if item == "statement":
        return item
    if meaning and section in _BY_MEANING:
        return meaning
    named = f"{source}\0{record}\0{section}\0{item}".encode()
    return "#" + hashlib.sha256(named).hexdigest()[:30]


def digest(content: bytes) -> bytes:
    """What is kept of a content."""
    return hashlib.sha256(content).digest()[:16]


def _usable(said: dict[str, Any]) -> bool:
    """Has it a number, a record and an operation we know?"""
    numbered = 0 <= said["previous"] < said["seq"]
    named = bool(said["authority"] and said["number"]) and "|" not in said["authority"]
    return numbered and named and said["op"] in ("upsert", "delete")
