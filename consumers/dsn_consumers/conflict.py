"""Is a change that comes under a number already taken the same change again? Pure.

A resend repeats bytes, and is dropped. Other bytes under a taken number come from an outbox that was
restored or forged: the first that was read keeps the number, and the other is set aside whole, or it
would be lost without a word.
"""

from __future__ import annotations

from typing import NamedTuple


class Number(NamedTuple):
    """A number of a source."""

    source: str
    epoch: int
    seq: int


class Stated(NamedTuple):
    """What was read under a number."""

    #: SHA-256 of the journal record.
    content_digest: bytes
    #: Schema it was written with; None where that was not kept.
    schema_id: int | None
    #: Record item.
    item_digest: bytes
    section: str
    op: str
    #: Edge clock, microseconds: given once, when the change was numbered.
    captured_us: int


def is_repeat(again: Stated, first: Stated) -> bool:
    """Whether ``again`` repeats ``first``.

    An edge that was upgraded sends what it has in the new version of the schema: then bytes differ
    though nothing else does, and the item, the operation and the instant it was taken decide.
    """
    if again.content_digest == first.content_digest:
        return True
    if again.schema_id == first.schema_id:
        return False
    return again[2:] == first[2:]
