"""How the stage compares two records: the seam between the stage and the matching engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from dsn_streams.matching.person import Person

Outcome = Literal["same", "review", "different"]


class Verdict(msgspec.Struct, frozen=True):
    """What a comparison of two records says."""

    outcome: Outcome
    #: 1/256 bit, so that sums do not depend on their order.
    weight: int
    #: The comparison vector, ``field:level``.
    levels: tuple[str, ...] = ()
    #: Gates that spoke.
    reasons: tuple[str, ...] = ()
    #: Why the two are never joined automatically, whatever joins others with them; or nothing.
    barred: str | None = None
    #: A review without a question: a record says itself that the other is somebody else's.
    answered: bool = False


class Matcher(Protocol):
    """Compares what two records say of their people. Pure: the same answer for ever."""

    #: Version of the weights; the state of a stage is of one version.
    version: str
    #: A blocking key that more records than this share brings nobody together.
    block_records_max: int

    def features(self, demographics: Person) -> bytes:
        """What of the demographics is compared, encoded; empty when there is nothing."""

    def keys(self, features: bytes) -> Sequence[bytes]:
        """Blocking keys: two records that share none are never compared."""

    def compare(self, a: bytes, b: bytes) -> Verdict:
        """Compare two encoded features; the order of the two does not matter."""

    def explain(self, a: bytes, b: bytes) -> Verdict:
        """``compare`` for people: every field looked at, each level with what it weighs."""

    def numbers(self, features: bytes) -> Sequence[str]:
        """Valid health numbers in the features."""
