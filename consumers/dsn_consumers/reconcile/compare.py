"""What the view says against the journal, and what the store says against the view. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from dsn_consumers.intake import Place, Read
from dsn_consumers.reconcile.difference import (
    Difference,
    What,
    item_difference,
    record_hash,
)
from dsn_consumers.reconcile.journal import Item, ItemKey, Journal, Said, digest
from dsn_consumers.reconcile.stored import Stored, StoredEntry
from dsn_consumers.reconcile.viewed import Viewed
from dsn_consumers.table_rows import entry_digest
from dsn_schemas.keys import SEPARATOR
from dsn_schemas.records import Demographics
from dsn_schemas.wire import decode_content, read_content

#: Laboratory statuses from the least to the weightiest; others weigh nothing.
_RESULTS = ("registered", "preliminary", "appended", "final", "amended", "corrected")
#: Fields of the demographics in which every voice is heard.
_UNITED = ("identifiers", "names", "mother_identifiers")


class Row(NamedTuple):
    """A row of the store that the view knows nothing of."""

    #: Person and digest of the entry; or empty and the record of a link.
    person: str
    name: str
    offset: int


@dataclass(slots=True)
class Comparison:
    """What one look found."""

    differences: list[Difference] = field(default_factory=list)
    #: What the store should hold: writing it again mends what is missing or wrong there.
    again: list[Read] = field(default_factory=list)
    #: What the store should not hold.
    surplus: list[Row] = field(default_factory=list)
    #: Record items held against the view, and entries held against the store.
    items: int = 0
    entries: int = 0
    #: Items not judged because their record moves or their change is on its way.
    moving: int = 0
    on_their_way: int = 0


def against_journal(journal: Journal, viewed: Viewed, found: Comparison) -> None:
    """Hold the view against the journal.

    1. Whatever nobody can use is in quarantine.
    2. Each entry says what its leading contributor said; demographics only what somebody said.
    3. Each item is where it should be, once, with the change that stands.
    4. Nothing is there that nobody said.
    """
    for at, said in journal.unexplained:  # 1
        found.differences.append(_difference("missing", "quarantine", at, said))
    shown: dict[ItemKey, list[_Shown]] = defaultdict(list)
    for read in viewed.entries.values():
        if read.value is not None:
            entry = _entry_of(viewed, read.value, shown)
            if not any(viewed.moving(key.record) for key, _ in entry.contributors):
                found.differences += _content(journal, entry)  # 2
    for key, item in journal.items.items():
        if viewed.moving(key.record):
            found.moving += 1
        elif item.stands is None:
            found.on_their_way += 1
        else:
            found.items += 1
            found.differences += _places(viewed, key, item, item.stands, shown.get(key, ()))  # 3
    for key in shown.keys() - journal.items.keys():  # 4
        if not viewed.moving(key.record):
            found.differences += [_shown_wrong("surplus", key, one, None) for one in shown[key]]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Where the view has an item, and with which number."""

    person: str
    entry: str
    number: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the view, as far as it is looked at here."""

    person: str
    section: str
    entry: str
    #: The item and the contributor's own fields.
    contributors: Sequence[tuple[ItemKey, dict[str, Any]]]
    content: bytes


def _entry_of(viewed: Viewed, value: bytes, shown: dict[ItemKey, list[_Shown]]) -> _Entry:
    head = viewed.codec.head(value)
    fields: dict[str, Any] = head.fields
    section = fields["section"]
    contributors = [
        (ItemKey(f"{c['authority']}|{c['number']}", c["source"], section, c["item"]), c)
        for c in fields["contributors"]
    ]
    for key, c in contributors:
        place = _Shown(fields["person"], fields["entry"], (c["epoch"], c["seq"]))
        shown[key].append(place)
    return _Entry(fields["person"], section, fields["entry"], contributors, head.content)


def _places(
    viewed: Viewed, key: ItemKey, item: Item, stands: Said, shown: Sequence[_Shown]
) -> Iterator[Difference]:
    if not shown:
        yield _item_difference("missing", key, stands, viewed.person(key.record))
        return
    for place in shown:
        if place.number in item.allowed and place.number != stands.number:
            continue
        if place.number != stands.number:
            yield _item_difference("number", key, stands, place.person)
        elif place.person != viewed.person(key.record):
            yield _item_difference("person", key, stands, place.person)
        elif place.entry != stands.entry:
            yield _shown_wrong("surplus", key, place, stands)
    for place in shown[1:]:
        yield _shown_wrong("surplus", key, place, stands)


def _content(journal: Journal, entry: _Entry) -> Iterator[Difference]:
    leader = max(entry.contributors, key=lambda one: _leads(*one), default=None)
    if leader is None:
        return
    voices = [(key, _said(journal, key, c)) for key, c in entry.contributors]
    key, said = leader[0], _said(journal, *leader)
    if said is None:
        return  # named above already, or on its way
    if entry.section == "demographics" and _lives(leader[1]):
        living = [
            voice[1] for voice, (_, c) in zip(voices, entry.contributors, strict=True) if _lives(c)
        ]
        whole = [one for one in living if one is not None]
        right = len(whole) < len(living) or _united(whole, entry.content)
    else:
        own = digest(said.content) if entry.section == "demographics" else said.content
        right = own == digest(entry.content)
    if not right:
        yield _item_difference("content", key, said, entry.person)


def _said(journal: Journal, key: ItemKey, contributor: Mapping[str, Any]) -> Said | None:
    """The journal's change behind a contributor, when it is one of those we kept."""
    item = journal.items.get(key)
    number = (contributor["epoch"], contributor["seq"])
    kept = () if item is None else (item.stands, item.newest)
    return next((one for one in kept if one is not None and one.number == number), None)


def _lives(contributor: Mapping[str, Any]) -> bool:
    return bool(contributor["op"] != "delete" and contributor["status"] != "entered-in-error")


def _leads(key: ItemKey, c: Mapping[str, Any]) -> tuple[int, int, int, str, str, str]:
    """What is alive leads what is not, the weightier result the lighter, the later the earlier."""
    life = 2 if _lives(c) else int(c["op"] != "delete")
    known = key.section == "results" and c["status"] in _RESULTS
    weight = _RESULTS.index(c["status"]) + 1 if known else 0
    when = min(c["occurred_at"], c["captured_at"])
    return life, weight, when, key.record, key.source, key.item


def _united(voices: Sequence[Said], content: bytes) -> bool:
    """Does the merged content hold every number and name given, and nothing nobody gave?"""
    said = [_plain(decode_content(voice.content)) for voice in voices]
    merged = _plain(decode_content(content))
    for name, value in merged.items():
        given = [one[name] for one in said if one.get(name)]
        if name in _UNITED:
            if {_text(v) for v in value} != {_text(v) for many in given for v in many}:
                return False
        elif value and value not in given:
            return False
    return True


def _plain(content: object) -> dict[str, Any]:
    plain = msgspec.to_builtins(content) if isinstance(content, Demographics) else {}
    assert isinstance(plain, dict)
    return plain


def _text(value: object) -> bytes:
    return msgspec.json.encode(value)


# --- the store -----------------------------------------------------------------------------------


def against_view(
    viewed: Viewed, stored: Stored, cut: Mapping[Place, int], found: Comparison
) -> None:
    """Hold the store against the view, the links and the quarantine.

    ``cut`` is where the store was in each partition. A key written from there on is on its way and
    is not judged.
    """

    def comes(read: Read) -> bool:
        return read.offset >= cut.get((read.topic, read.partition), 0)

    rows = dict(stored.entries)
    for key, read in viewed.entries.items():
        person, section, entry = key.split(SEPARATOR, 2)
        row = rows.pop((person, entry_digest(section, entry).hex()), None)
        if comes(read):
            found.on_their_way += 1
            continue
        found.entries += 1
        what = _row_wrong(viewed, read, row)
        if what is not None:
            found.differences.append(_entry_difference(viewed, what, read, person, section, entry))
            found.again.append(read)
    for (person, name), row in rows.items():
        found.differences.append(
            Difference(where="store", what="surplus", kind="entry", person=person, entry=name)
        )
        found.surplus.append(Row(person, name, row.offset))
    _links(viewed, stored, comes, found)
    for difference, read in _quarantine_wrong(viewed, stored, comes):
        found.differences.append(difference)
        found.again.append(read)


def _row_wrong(viewed: Viewed, read: Read, row: StoredEntry | None) -> What | None:
    if read.value is None:
        return None if row is None else "surplus"
    if row is None:
        return "missing"
    head = viewed.codec.head(read.value)
    fields: dict[str, Any] = head.fields
    numbers = [(c["source"], c["epoch"], c["seq"]) for c in fields["contributors"]]
    records = [record_hash(f"{c['authority']}|{c['number']}") for c in fields["contributors"]]
    if list(row.numbers) != numbers or list(row.records) != list(dict.fromkeys(records)):
        return "number"
    content = read_content(head.content)
    name, value = ("", None) if content is None else content
    kept = (row.section, row.status, list(row.conflicts), row.content_type)
    given = (fields["section"], _kept(fields["status"]), fields["conflicts"], name)
    return None if kept == given and _same_document(row.content, value) else "content"


def _same_document(kept: str | None, said: object) -> bool:
    if kept is None or said is None:
        return kept is None and said is None
    whole = _kept(_text(said).decode().replace("\\u0000", "\ufffd"))
    here: object = msgspec.json.decode(kept)
    there: object = msgspec.json.decode(whole)
    return here == there


def _kept(text: str) -> str:
    """As PostgreSQL keeps a text."""
    return text.replace("\0", "\ufffd")


def _links(
    viewed: Viewed, stored: Stored, comes: Callable[[Read], bool], found: Comparison
) -> None:
    rows = dict(stored.links)
    for record, (link, read) in viewed.links.items():
        name = record_hash(record)
        kept = rows.pop(name, None)
        if not comes(read) and (kept is None or kept[:2] != (link.person, link.version)):
            what: What = "missing" if kept is None else "person"
            found.differences.append(_store_difference(what, name, link.person))
            found.again.append(read)
    for name, (person, _, offset) in rows.items():
        if person:
            found.differences.append(_store_difference("surplus", name, person))
            found.surplus.append(Row("", name, offset))


def _quarantine_wrong(
    viewed: Viewed, stored: Stored, comes: Callable[[Read], bool]
) -> Iterator[tuple[Difference, Read]]:
    for at, (aside, read) in viewed.quarantine.items():
        kept = stored.quarantine.get(at)
        if not comes(read) and kept != digest(aside.payload):
            yield (
                Difference(
                    where="store",
                    what="missing" if kept is None else "content",
                    kind="quarantine",
                    source=aside.source,
                    epoch=aside.epoch,
                    seq=aside.seq,
                    topic=aside.topic,
                    partition=aside.partition,
                    offset=aside.offset,
                ),
                read,
            )


# --- names ---------------------------------------------------------------------------------------


def _difference(
    what: What, kind: str, at: tuple[str, int, int], said: Mapping[str, Any]
) -> Difference:
    return Difference(
        where="view",
        what=what,
        kind=kind,
        source=str(said.get("source", "")),
        section=str(said.get("section", "")),
        epoch=int(said.get("epoch", 0)),
        seq=int(said.get("seq", 0)),
        topic=at[0],
        partition=at[1],
        offset=at[2],
    )


def _item_difference(what: What, key: ItemKey, said: Said, person: str) -> Difference:
    return item_difference("view", what, key, person, said.entry, said.number, said.at)


def _shown_wrong(what: What, key: ItemKey, shown: _Shown, said: Said | None) -> Difference:
    at = ("", -1, -1) if said is None else said.at
    return item_difference("view", what, key, shown.person, shown.entry, shown.number, at)


def _entry_difference(
    viewed: Viewed, what: What, read: Read, person: str, section: str, entry: str
) -> Difference:
    fields: Any = {} if read.value is None else viewed.codec.head(read.value).fields
    leading: Mapping[str, Any] = next(iter(fields.get("contributors", ())), {})
    record = f"{leading['authority']}|{leading['number']}" if leading else ""
    return Difference(
        where="store",
        what=what,
        kind="entry",
        source=str(leading.get("source", "")),
        record=record_hash(record),
        person=person,
        section=section,
        entry=entry_digest(section, entry).hex(),
        epoch=int(leading.get("epoch", 0)),
        seq=int(leading.get("seq", 0)),
    )


def _store_difference(what: What, record: str, person: str) -> Difference:
    return Difference(where="store", what=what, kind="link", record=record, person=person)
