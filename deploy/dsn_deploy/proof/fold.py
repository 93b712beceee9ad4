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

from dsn_deploy.proof.groups import Known, grouped
from dsn_schemas.records import Demographics, IdentityClaim, RecordChange
from dsn_streams.identity.engine import Engine
from dsn_streams.identity.matcher import Matcher

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
        if known is None or rank(change) > rank(known):
            best[key] = change
    return best


def rank(change: RecordChange) -> tuple[bool, int, int]:
    settled = change.section == "results" and (change.op == "delete" or change.status in SETTLED)
    return (settled, change.epoch, change.seq)


def people(changes: Iterable[RecordChange], matcher: Matcher | None = None) -> dict[str, str]:
    """Record key -> person id; compared by the shipped weights unless a matcher is given."""
    changes = list(changes)
    first: dict[str, int] = {}
    for change in changes:
        key = f"{change.authority}|{change.number}"
        first[key] = min(first.get(key, 1 << 62), change.captured_at)
    words: dict[str, dict[str, Demographics]] = defaultdict(dict)
    claims: dict[tuple[str, str, str], RecordChange] = {}
    for (record, source, section, _), change in standing_changes(changes).items():
        if section == "demographics" and isinstance(change.content, Demographics):
            if source != "steward":
                words[record][source] = change.content
        elif isinstance(change.content, IdentityClaim):
            other = f"{change.content.other_authority}|{change.content.other_number}"
            one, two = sorted((record, other))
            pair = (source, one, two)
            known = claims.get(pair)
            if known is None or (change.epoch, change.seq) > (known.epoch, known.seq):
                claims[pair] = change
    said: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (source, a, b), change in claims.items():
        if a != b and "|" not in (a, b):
            said[a, b][source] = change.content.kind  # type: ignore[union-attr]
    group = grouped(Known(words, said), matcher or Engine())
    return {
        name: person_of(min(group.get(name, {name}), key=lambda n: (first.get(n, 1 << 62), n)))
        for name in first
    }


def entries(
    changes: Iterable[RecordChange], matcher: Matcher | None = None
) -> dict[EntryKey, set[Contributor]]:
    """(person, section, entry) -> contributors as (record, source, item, epoch, seq)."""
    return {
        key: {_contributor(c) for c in found} for key, found in _grouped(changes, matcher).items()
    }


def leading_first(changes: Iterable[RecordChange]) -> dict[EntryKey, list[Contributor]]:
    """(person, section, entry) -> contributors, the one whose content is shown first."""
    return {
        key: [_contributor(c) for c in sorted(found, key=_weight, reverse=True)]
        for key, found in _grouped(changes, None).items()
    }


def _grouped(
    changes: Iterable[RecordChange], matcher: Matcher | None
) -> dict[EntryKey, list[RecordChange]]:
    changes = list(changes)
    person = people(changes, matcher)
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
