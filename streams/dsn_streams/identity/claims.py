"""What people said about two records: which claim stands, and what it means for the two.

Of each source the last word on a pair counts, from whichever end it was said. A steward's word
outweighs the sources'. Among sources a parting outweighs a joining: that two records are two people
is the safer mistake, and the contradiction is put before a steward.
"""

from __future__ import annotations

from enum import Enum

from dsn_schemas.decisions import JOINING, PARTING, PROPOSAL, STEWARD
from dsn_schemas.keys import record_key
from dsn_schemas.records import IdentityClaim
from dsn_schemas.wire import decode_content
from dsn_streams.identity.requests import IdentityRequest
from dsn_streams.identity.rows import Claim, RecordRow


class Said(Enum):
    """What people said of a pair, in sum."""

    NOTHING = "nothing"
    #: A source joins them.
    JOINED = "joined"
    #: A source parts them, and none joins them.
    PARTED = "parted"
    #: A source would join them, but one of the two is not its own.
    PROPOSED = "proposed"
    #: One source joins them and another parts them.
    CONTRADICTED = "contradicted"
    #: A steward joined them, or held them apart.
    DECIDED_SAME = "decided-same"
    DECIDED_APART = "decided-apart"


#: Pairs with these are joined, unless something bars it; the others' records are kept apart.
EDGES = frozenset((Said.JOINED, Said.CONTRADICTED, Said.DECIDED_SAME))
APART = frozenset((Said.PARTED, Said.CONTRADICTED, Said.DECIDED_APART))
DECIDED = frozenset((Said.DECIDED_SAME, Said.DECIDED_APART))


def claim_of(key: str, request: IdentityRequest, content: bytes) -> Claim:
    """What a request makes of its claim item. A claim about the record itself says nothing."""
    claim = decode_content(content)
    other, kind = "", ""
    if request.op == "upsert" and isinstance(claim, IdentityClaim):
        kind = claim.kind
        if claim.other_authority and claim.other_number:
            other = record_key(claim.other_authority, claim.other_number)
    if other == key:
        other = ""
    return Claim(request.source, request.epoch, request.seq, kind, other)


def kinds(a: str, one: RecordRow, b: str, two: RecordRow) -> dict[str, str]:
    """The kind of what each source last claimed of a pair."""
    last: dict[str, Claim] = {}
    for row, other in ((one, b), (two, a)):
        for claim in row.claims.values():
            if claim.other != other:
                continue
            known = last.get(claim.source)
            if known is None or (known.epoch, known.seq) < (claim.epoch, claim.seq):
                last[claim.source] = claim
    return {source: claim.kind for source, claim in last.items()}


def said(a: str, one: RecordRow, b: str, two: RecordRow) -> Said:
    """What people said of a pair."""
    if not (one.claims or two.claims):
        return Said.NOTHING
    found = kinds(a, one, b, two)
    decision = found.pop(STEWARD, "")
    if decision in JOINING:
        return Said.DECIDED_SAME
    if decision in PARTING:
        return Said.DECIDED_APART
    joined = not JOINING.isdisjoint(found.values())
    if not PARTING.isdisjoint(found.values()):
        return Said.CONTRADICTED if joined else Said.PARTED
    if joined:
        return Said.JOINED
    return Said.PROPOSED if PROPOSAL in found.values() else Said.NOTHING
