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
SETTLED = {"final", "amended", "corrected", "appended", "cancelled", "entered-in-error"}


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
            pair = (source, *sorted((record, other)))
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
    for found in by_nam.values():
        found.sort()
        edges += [(1, a, b) for a, b in pairwise(found)]
    names = set(first) | {name for _, a, b in edges for name in (a, b)}
    group = {name: {name} for name in names}
    for _, a, b in sorted(edges):
        one, two = group[a], group[b]
        if one is two:
            continue
        if any(
            (nams[x] and nams[y] and not nams[x] & nams[y]) or tuple(sorted((x, y))) in parts
            for x in one
            for y in two
        ):
            continue
        one |= two
        for name in two:
            group[name] = one
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
) -> dict[tuple[str, str, str], set[tuple[str, str, str, int, int]]]:
    """(person, section, entry) -> contributors as (record, source, item, epoch, seq)."""
    changes = list(changes)
    person = people(changes)
    found: dict[tuple[str, str, str], set[tuple[str, str, str, int, int]]] = defaultdict(set)
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
            entry = "#" + base64.b32encode(digest).decode().lower()
        found[person[record], section, entry].add((record, source, item, change.epoch, change.seq))
    return dict(found)
