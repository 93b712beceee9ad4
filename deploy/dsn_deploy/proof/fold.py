"""The naive fold: what the view must be, written from the specification and nothing else.

Shares no code with the stages. It looks at all changes at once, as an outsider with the journal
could: which change stands for each record item, which records are one person, which items make one
entry, who leads.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from dsn_schemas.nam import SYSTEM, InvalidNam, validate
from dsn_schemas.records import Demographics, IdentityClaim, RecordChange

GROUPED = {"allergies", "medications", "problems", "immunizations", "results", "procedures",
           "directives", "alerts"}  # fmt: skip
RESULTS = ("registered", "preliminary", "appended", "final", "amended", "corrected")
SETTLED = {"final", "amended", "corrected", "appended", "cancelled", "entered-in-error"}

#: (person, section, entry).
EntryKey = tuple[str, str, str]
#: (record, source, item, epoch, seq).
Contributor = tuple[str, str, str, int, int]


def person_of(record: str) -> str:
    digest = hashlib.sha256(b"dsn:person:" + record.encode()).digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=").lower()


def standing_changes(
    changes: Iterable[RecordChange],
) -> dict[tuple[str, str, str, str], RecordChange]:
    """(record, source, section, item) -> the change that stands."""
    best: dict[tuple[str, str, str, str], RecordChange] = {}
    for change in changes:
        key = (f"{change.authority}|{change.number}", change.source, change.section, change.item)
        known = best.get(key)
        if known is None or _rank(change) > _rank(known):
            best[key] = change
    return best


def _rank(change: RecordChange) -> tuple[bool, int, int]:
    settled = change.section == "results" and (change.op == "delete" or change.status in SETTLED)
    return (settled, change.epoch, change.seq)


def people(changes: Iterable[RecordChange]) -> dict[str, str]:
    """Record key -> person id, by exact NAM and claims."""
    changes = list(changes)
    first: dict[str, int] = {}
    for change in changes:
        key = f"{change.authority}|{change.number}"
        first[key] = min(first.get(key, 1 << 62), change.captured_at)
    nams: dict[str, set[str]] = defaultdict(set)
    claims: dict[tuple[str, str, str], RecordChange] = {}
    for (record, _, section, _), change in standing_changes(changes).items():
        if section == "demographics" and isinstance(change.content, Demographics):
            nam = _nam(change.content)
            if nam:
                nams[record].add(nam)
    for (record, source, _, _), change in standing_changes(changes).items():
        if isinstance(change.content, IdentityClaim):
            other = f"{change.content.other_authority}|{change.content.other_number}"
            if record == other:
                continue
            one, two = sorted((record, other))
            pair = (source, one, two)
            known = claims.get(pair)
            if known is None or (change.epoch, change.seq) > (known.epoch, known.seq):
                claims[pair] = change
    joins: dict[tuple[str, str], bool] = {}
    parts: set[tuple[str, str]] = set()
    for (_, a, b), change in claims.items():
        kind = change.content.kind  # type: ignore[union-attr]
        if kind in ("unlink", "not-same"):
            parts.add((a, b))
        elif kind in ("merge", "link"):
            joins[a, b] = True
    edges = [(0, a, b) for a, b in joins if (a, b) not in parts]
    by_nam: dict[str, list[str]] = defaultdict(list)
    for record, found in nams.items():
        for nam in found:
            by_nam[nam].append(record)
    for carriers in by_nam.values():
        edges += [(1, a, b) for a, b in pairwise(sorted(carriers))]
    names = set(first) | {name for _, a, b in edges for name in (a, b)}
    group = {name: {name} for name in names}
    for _, a, b in sorted(edges):
        ours, theirs = group[a], group[b]
        if ours is theirs:
            continue
        if any(
            (nams[x] and nams[y] and not nams[x] & nams[y]) or tuple(sorted((x, y))) in parts
            for x in ours
            for y in theirs
        ):
            continue
        ours |= theirs
        for name in theirs:
            group[name] = ours
    return {
        name: person_of(min(group[name], key=lambda n: (first.get(n, 1 << 62), n)))
        for name in first
    }


def _nam(content: Demographics) -> str | None:
    try:
        born = date.fromisoformat(content.birth_date)
    except ValueError:
        return None
    found = []
    for identifier in content.identifiers:
        if identifier.system == SYSTEM and identifier.use != "old":
            try:
                found.append(validate(identifier.value, born))
            except InvalidNam:
                continue
    return min(found, default=None)


def entries(
    changes: Iterable[RecordChange],
) -> dict[EntryKey, set[Contributor]]:
    """(person, section, entry) -> contributors as (record, source, item, epoch, seq)."""
    return {key: {_contributor(c) for c in found} for key, found in _grouped(changes).items()}


def leading_first(changes: Iterable[RecordChange]) -> dict[EntryKey, list[Contributor]]:
    """(person, section, entry) -> contributors, the one whose content is shown first."""
    return {
        key: [_contributor(c) for c in sorted(found, key=_weight, reverse=True)]
        for key, found in _grouped(changes).items()
    }


def _grouped(changes: Iterable[RecordChange]) -> dict[EntryKey, list[RecordChange]]:
    changes = list(changes)
    person = people(changes)
    found: dict[EntryKey, list[RecordChange]] = defaultdict(list)
    for (record, source, section, item), change in standing_changes(changes).items():
        if section == "claims":
            continue
        if section == "demographics":
            entry = "patient"
        elif item == "statement":
            entry = "statement"
        elif change.entry and section in GROUPED:
            entry = change.entry
        else:
            text = f"{source}\0{record}\0{section}\0{item}"
            digest = hashlib.sha256(text.encode()).digest()[:15]
            entry = "#" + digest.hex()
        found[person[record], section, entry].append(change)
    return dict(found)


def _contributor(change: RecordChange) -> Contributor:
    record = f"{change.authority}|{change.number}"
    return (record, change.source, change.item, change.epoch, change.seq)


def _weight(change: RecordChange) -> tuple[int, int, int, str, str, str]:
    """Who leads: the living, then the weightier result, then the later, never later than taken."""
    life = 0 if change.op == "delete" else 1 if change.status == "entered-in-error" else 2
    rank = RESULTS.index(change.status) + 1 if change.section == "results" and (
        change.status in RESULTS) else 0  # fmt: skip
    when = min(change.occurred_at, change.captured_at)
    record = f"{change.authority}|{change.number}"
    return (life, rank, when, record, change.source, change.item)
