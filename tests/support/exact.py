"""A matcher that compares the health number alone: what a naive fold can be written for.

A number counts when it is valid and agrees with the record's own birth date. Two records with the
same one are the same person; with two different ones they are never joined.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsn_schemas.nam import verified
from dsn_schemas.records import Demographics
from dsn_streams.identity.matcher import Verdict

#: One in nine million: the number is as rare as there are people.
_WEIGHT = 23 * 256


class ExactNumber:
    """A ``Matcher``."""

    version = "exact-nam-1"
    block_records_max = 64

    def features(self, demographics: Demographics) -> bytes:
        """The number."""
        return (verified(demographics) or "").encode()

    def keys(self, features: bytes) -> Sequence[bytes]:
        """The number."""
        return (features,)

    def compare(self, a: bytes, b: bytes) -> Verdict:
        """Same, or barred."""
        if a == b:
            return Verdict("same", _WEIGHT, ("nam:same",))
        return Verdict("different", 0, ("nam:differs",), (), "two-valid-nams")

    explain = compare

    def numbers(self, features: bytes) -> Sequence[str]:
        """The number."""
        return (features.decode(),)
