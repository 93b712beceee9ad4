"""One row of each table of the store, in the order of its columns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from dsn_consumers.copybinary import (
    FALSE,
    NULL,
    TRUE,
    blob,
    document,
    instant,
    int4,
    int4s,
    int8,
    int8s,
    iso,
    new_texts,
    row,
    text,
    texts,
)
from dsn_consumers.intake import Read
from dsn_consumers.search import Term
from dsn_schemas.decisions import overridden_field
from dsn_schemas.keys import SEPARATOR, person_id, record_key, split_record_key
from dsn_schemas.records import (
    IdentityClaim,
    QuarantinedChange,
    QuarantineEnd,
    RecordChange,
    RecordLink,
    ReviewPair,
    ViewBarrier,
)

_NOBODY, _NOTHING = texts(()), document(())


def entry_digest(section: str, entry: str) -> bytes:
    """Key of an entry within its person: sixteen bytes, a UUID."""
    return hashlib.sha256(f"{section}{SEPARATOR}{entry}".encode()).digest()[:16]


def entry_row(
    digest: bytes,
    entry: str,
    fields: dict[str, Any],
    content: tuple[str, dict[str, object]] | None,
    records: tuple[str, ...],
    sources: tuple[str, ...],
    read: Read,
) -> bytes:
    """A row of ``entries``, from the fields of a ``ViewEntry`` before its content.

    Raises ``ValueError`` when a disputed value is no JSON.
    """
    contributors: list[dict[str, Any]] = fields["contributors"]
    epochs = tuple([c["epoch"] for c in contributors])
    seqs = [c["seq"] for c in contributors]
    for contributor in contributors:
        contributor["occurred_at"] = iso(contributor["occurred_at"])
        contributor["captured_at"] = iso(contributor["captured_at"])
    provenance, disagreements = fields["provenance"], fields["disagreements"]
    return row(
        text(fields["person"]),
        blob(digest),
        text(fields["section"]),
        text(entry),
        text(fields["status"]),
        texts(tuple(fields["conflicts"])),
        instant(fields["as_of"]),
        text("" if content is None else content[0]),
        NULL if content is None else document(content[1]),
        document(contributors),
        document(provenance) if provenance else _NOTHING,
        document([_with_value(one) for one in disagreements]) if disagreements else _NOTHING,
        texts(tuple(dict.fromkeys(records))),
        texts(sources),
        int4s(epochs),
        int8s(seqs),
        FALSE,
        int4(read.partition),
        int8(read.offset),
    )


def gone_row(person: str, digest: bytes, section: str, entry: str, read: Read) -> bytes:
    """A row of ``entries`` for a key the view no longer has."""
    return row(
        *(text(person), blob(digest), text(section), text(entry), text(""), _NOBODY),
        *(instant(0), text(""), NULL, _NOTHING, _NOTHING, _NOTHING),
        *(_NOBODY, _NOBODY, int4s(()), int8s(()), TRUE, int4(read.partition), int8(read.offset)),
    )


def terms_row(person: str, digest: bytes, found: Sequence[Term], read: Read) -> bytes:
    """A row of ``staged_terms``: all that a person is looked up by from now on."""
    kinds, terms = tuple(kind for kind, _ in found), [term for _, term in found]
    return row(text(person), blob(digest), int8(read.offset), texts(kinds), new_texts(terms))


def link_row(link: RecordLink | None, key: str, read: Read) -> bytes:
    """A row of ``links``; a link withdrawn (``None``) leaves the record with nobody."""
    if link is None:
        authority, number = split_record_key(key)
        link = RecordLink(authority=authority, number=number, person="", version=0)
    return row(
        text(person_id(record_key(link.authority, link.number))),
        text(link.authority),
        text(link.number),
        text(link.person),
        int8(link.version),
        text(link.previous),
        texts(link.reasons),
        int4(read.partition),
        int8(read.offset),
        _evidence(link),
    )


def move_row(link: RecordLink, read: Read) -> bytes:
    """A row of ``staged_moves``: the record left a person for another."""
    return row(
        text(person_id(record_key(link.authority, link.number))),
        int8(link.version),
        text(link.person),
        text(link.previous),
        texts(link.reasons),
        _evidence(link),
        instant(read.at),
        instant(read.at),
    )


def review_row(review: ReviewPair, read: Read) -> bytes:
    """A row of ``reviews``."""
    return row(
        text(person_id(record_key(review.authority_a, review.number_a))),
        text(person_id(record_key(review.authority_b, review.number_b))),
        text(review.authority_a),
        text(review.number_a),
        text(review.authority_b),
        text(review.number_b),
        text(review.kind),
        texts(review.reasons),
        int8(review.weight),
        new_texts(review.levels),
        text(review.weights),
        instant(review.opened_at),
        TRUE if review.open else FALSE,
        int4(read.partition),
        int8(read.offset),
    )


def decision_row(change: RecordChange, read: Read) -> bytes:
    """A row of ``decisions``: a claim of a steward, or the value of an override."""
    claim = change.content if isinstance(change.content, IdentityClaim) else IdentityClaim()
    named = bool(claim.other_authority and claim.other_number)
    other = person_id(record_key(claim.other_authority, claim.other_number)) if named else ""
    return row(
        int4(change.epoch),
        int8(change.seq),
        text(change.section),
        text(claim.kind),
        text(overridden_field(change.item)),
        text(person_id(record_key(change.authority, change.number))),
        text(change.authority),
        text(change.number),
        text(other),
        text(claim.other_authority),
        text(claim.other_number),
        text(claim.actor.name if claim.actor else ""),
        text(claim.reason),
        instant(change.captured_at),
        int4(read.partition),
    )


def _evidence(link: RecordLink) -> bytes:
    return document(msgspec.to_builtins(link.evidence)) if link.evidence else _NOTHING


def barrier_row(barrier: ViewBarrier, read: Read) -> bytes:
    """A row of ``barriers``."""
    return row(
        int4(read.partition),
        text(barrier.topic),
        int4(barrier.partition),
        text(barrier.source),
        int4(barrier.epoch),
        int8(barrier.position),
        int8(barrier.seq),
        instant(barrier.as_of) if barrier.as_of else NULL,
        int8(read.offset),
    )


def quarantine_end_row(end: QuarantineEnd) -> bytes:
    """A row of ``quarantine_ends``."""
    return row(
        text(end.topic),
        int4(end.partition),
        int8(end.offset),
        text(end.source),
        text(end.item),
        int4(end.epoch),
        int8(end.seq),
        instant(end.captured_at),
    )


def quarantine_row(change: QuarantinedChange, read: Read) -> bytes:
    """A row of ``quarantine``."""
    return row(
        text(change.topic),
        int4(change.partition),
        int8(change.offset),
        text(change.source),
        int4(change.epoch),
        int8(change.seq),
        text(change.stage),
        text(change.reason),
        text(change.detail),
        instant(change.captured_at),
        blob(change.payload),
        text(change.item),
        int8(read.offset),
    )


def _with_value(disagreement: dict[str, Any]) -> dict[str, Any]:
    # Read here: PostgreSQL would quote what it cannot read in its error.
    return disagreement | {"value": msgspec.json.decode(disagreement["value"])}
