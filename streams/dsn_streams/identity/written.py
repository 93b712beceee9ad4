"""What identify writes: links and review pairs, each with what led to it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from dsn_schemas.keys import split_record_key
from dsn_schemas.records import ReviewPair
from dsn_streams.grouping import DECISION, MATCH, Edge
from dsn_streams.identity.claims import kinds
from dsn_streams.identity.comparing import Comparing
from dsn_streams.identity.index import Index
from dsn_streams.identity.questions import Asked
from dsn_streams.identity.rows import RecordRow

#: Pieces of evidence that a link carries, the strongest first; a record of a large group has more.
EVIDENCE_MAX = 3
_RULES = {DECISION: "decision", MATCH: "match"}


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """As ``records.Evidence``, made in a fifth of the time: a link has up to three."""

    authority: str
    number: str
    rule: str
    weight: int
    levels: tuple[str, ...]
    reasons: tuple[str, ...]
    weights: str


class RecordLink(msgspec.Struct, frozen=True, gc=False):
    """As ``records.RecordLink``, and written under its name."""

    authority: str
    number: str
    person: str
    version: int
    previous: str
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def link_of(
    index: Index, comparing: Comparing, key: str, before: str, edges: Sequence[Edge]
) -> RecordLink:
    """The link of a record whose row says its person and version."""
    row = index.row(key)
    evidence = [_evidence(index, comparing, key, edge) for edge in edges[:EVIDENCE_MAX]]
    rules = tuple(sorted({_rule(edge) for edge in edges})) or ("own",)
    authority, number = split_record_key(key)
    return RecordLink(
        authority=authority,
        number=number,
        person=row.person,
        version=row.version,
        previous=before,
        reasons=rules,
        evidence=tuple(evidence),
    )


def review_of(comparing: Comparing, pair: tuple[str, str], asked: Asked | None) -> ReviewPair:
    """The review pair, open with what is asked, or settled; when it was opened is not said yet."""
    (authority_a, number_a), (authority_b, number_b) = map(split_record_key, pair)
    if asked is None:
        return ReviewPair(
            authority_a=authority_a,
            number_a=number_a,
            authority_b=authority_b,
            number_b=number_b,
            opened_at=0,
            open=False,
        )
    verdict = comparing.explained(*pair)
    reasons = [asked.bar, *verdict.reasons] if asked.bar else list(verdict.reasons)
    return ReviewPair(
        authority_a=authority_a,
        number_a=number_a,
        authority_b=authority_b,
        number_b=number_b,
        reasons=tuple(dict.fromkeys(reasons)),
        opened_at=0,
        open=True,
        weight=verdict.weight,
        levels=verdict.levels,
        weights=comparing.version,
        kind=asked.kind,
        person_a=asked.person_a,
        person_b=asked.person_b,
    )


def digest(review: ReviewPair) -> str:
    """What is asked, in short: a question that says something else is written again."""
    return blake2b(repr(review).encode(), digest_size=6).hexdigest()


def _rule(edge: Edge) -> str:
    return _RULES.get(edge.rank, "claim")


def _evidence(index: Index, comparing: Comparing, key: str, edge: Edge) -> Evidence:
    other = edge.b if edge.a == key else edge.a
    authority, number = split_record_key(other)
    if edge.rank == MATCH:
        verdict = comparing.verdict(edge.a, edge.b)
        return Evidence(
            authority=authority,
            number=number,
            rule="match",
            weight=verdict.weight,
            levels=verdict.levels,
            reasons=verdict.reasons,
            weights=comparing.version,
        )
    return Evidence(
        authority=authority,
        number=number,
        rule=_rule(edge),
        weight=0,
        levels=(),
        reasons=tuple(_who_said(key, index.row(key), other, index.row(other))),
        weights="",
    )


def _who_said(a: str, one: RecordRow, b: str, two: RecordRow) -> list[str]:
    return [f"{kind} ({source})" for source, kind in sorted(kinds(a, one, b, two).items()) if kind]
