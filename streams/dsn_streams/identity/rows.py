"""What is known of a record: the row of the identify stage, and how it is stored."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache
from hashlib import blake2b

import msgspec

#: A record somebody named in a claim before it was ever seen.
NEVER = (1 << 62) - 1


class Word(msgspec.Struct, array_like=True, frozen=True):
    """What one source last said of a record's person."""

    epoch: int
    seq: int
    #: What is compared, as the matcher encodes it; empty after a delete.
    features: bytes


class Claim(msgspec.Struct, array_like=True, frozen=True):
    """What stands of one claim item: a correction may name another record than before."""

    source: str
    epoch: int
    seq: int
    #: Empty when withdrawn.
    kind: str
    #: Record key of the other record; empty when withdrawn.
    other: str


class Question(msgspec.Struct, array_like=True, frozen=True):
    """An open review pair."""

    #: Milliseconds since 1970 UTC.
    opened_at: int
    #: Digest of what was asked: another question of the same pair is written again.
    asked: str


class RecordRow(msgspec.Struct, array_like=True):
    """What is known of a record."""

    #: Its key.
    key: str
    #: Milliseconds since 1970 UTC.
    first_captured_at: int = NEVER
    #: Person id of the newest link, empty before the first.
    person: str = ""
    #: Version of the newest link.
    version: int = 0
    #: By source.
    words: dict[str, Word] = msgspec.field(default_factory=dict)
    #: Claims made on this record, by source and item.
    claims: dict[str, Claim] = msgspec.field(default_factory=dict)
    #: Record keys whose claims name this record.
    named_by: list[str] = msgspec.field(default_factory=list)
    #: Weight of the comparison with each record that is the same person by it; kept at both ends.
    same: dict[str, int] = msgspec.field(default_factory=dict)
    #: Weight of the comparison with each record that a person should look at; kept at both ends.
    alike: dict[str, int] = msgspec.field(default_factory=dict)
    #: Open review pairs by the other record key; kept at both ends.
    questions: dict[str, Question] = msgspec.field(default_factory=dict)
    #: Record keys that are, with this one, the first two of a crowded block, and of how many.
    crowds: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def seen(self) -> bool:
        """The record itself was put forward, not only named by a claim."""
        return self.first_captured_at < NEVER

    def features(self) -> tuple[bytes, ...]:
        """What its sources say, each different thing once, in one order."""
        if len(self.words) == 1:
            (word,) = self.words.values()
            return (word.features,) if word.features else ()
        return tuple(sorted({word.features for word in self.words.values() if word.features}))

    def claimed(self) -> AbstractSet[str]:
        """Record keys that share a claim with this one, from either end."""
        if not self.claims and not self.named_by:
            return _NOBODY
        return {claim.other for claim in self.claims.values() if claim.other} | set(self.named_by)


encode = msgspec.msgpack.Encoder().encode
decode_record = msgspec.msgpack.Decoder(RecordRow).decode
_NOBODY: frozenset[str] = frozenset()

#: Bytes of a record's name in postings, instead of a key of any length. Two of 40 M records share
#: one with a probability of 1 in 20,000; the stage stops when it finds that.
REF_BYTES = 8


@lru_cache(maxsize=1 << 16)
def ref_of(key: str) -> bytes:
    """The short name of a record."""
    return blake2b(key.encode(), digest_size=REF_BYTES).digest()
