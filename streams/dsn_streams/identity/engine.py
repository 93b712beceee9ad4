"""The matching engine as the stage uses it: features as bytes, comparisons as verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from dsn_streams.identity.matcher import Verdict
from dsn_streams.matching.blocking import BLOCK_RECORDS_MAX, keys_of
from dsn_streams.matching.compare import Comparison, compare, explain
from dsn_streams.matching.features import Features, features_of
from dsn_streams.matching.gates import NAMED_PARENT
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.person import Person
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights, load

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Features)


@lru_cache(maxsize=1 << 15)
def _decode(features: bytes) -> Features:
    return _decoder.decode(features)


class Engine:
    """A ``Matcher``."""

    block_records_max = BLOCK_RECORDS_MAX

    def __init__(self, weights: Weights | None = None) -> None:
        """``weights`` are the shipped ones unless given."""
        self._weights = weights or load()
        self.version = self._weights.version

    def features(self, demographics: Person) -> bytes:
        """See ``Matcher``."""
        return _encode(features_of(demographics, self._weights))

    def keys(self, features: bytes) -> Sequence[bytes]:
        """See ``Matcher``."""
        return keys_of(_decode(features))

    def compare(self, a: bytes, b: bytes) -> Verdict:
        """See ``Matcher``."""
        return _verdict(compare(_decode(a), _decode(b), self._weights))

    def explain(self, a: bytes, b: bytes) -> Verdict:
        """See ``Matcher``: ``field:level`` and its bits."""
        found, bits = explain(_decode(a), _decode(b), self._weights)
        levels = tuple(
            f"{field}:{LEVELS[field][level]} {one / UNITS_PER_BIT:+.1f}"
            for field, level, one in zip(FIELDS, found.levels, bits, strict=True)
            if level
        )
        return Verdict(found.outcome, found.weight, levels, found.reasons[:1], found.barred)

    def numbers(self, features: bytes) -> Sequence[str]:
        """See ``Matcher``."""
        return _decode(features).trusted


def _verdict(found: Comparison) -> Verdict:
    rule, levels = found.reasons[:1], found.reasons[1:]
    answered = rule == (NAMED_PARENT,)
    return Verdict(found.outcome, found.weight, levels, rule, found.barred, answered)
