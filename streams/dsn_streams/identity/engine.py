"""The matching engine as the stage uses it: features as bytes, comparisons as verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dsn_streams.identity.matcher import Verdict
from dsn_streams.matching.blocking import BLOCK_RECORDS_MAX, keys_of
from dsn_streams.matching.compare import compare, explain
from dsn_streams.matching.features import Features, features_of
from dsn_streams.matching.gates import NAMED_PARENT
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.person import Person
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights, load

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Features)


#: Features that are kept decoded: those of a few turns and of whom they meet.
_DECODED_MAX = 1 << 15


class Engine:
    """A ``Matcher``."""

    block_records_max = BLOCK_RECORDS_MAX

    def __init__(self, weights: Weights | None = None) -> None:
        """``weights`` are the shipped ones unless given."""
        self._weights = weights or load()
        self.version = self._weights.version
        self._decoded: dict[bytes, Features] = {}

    def features(self, demographics: Person) -> bytes:
        """See ``Matcher``."""
        found = features_of(demographics, self._weights)
        data = _encode(found)
        self._keep(data, found)
        return data

    def keys(self, features: bytes) -> Sequence[bytes]:
        """See ``Matcher``."""
        return keys_of(self._decode(features))

    def compare(self, a: bytes, b: bytes) -> Verdict:
        """See ``Matcher``."""
        known = self._decoded
        one, two = known.get(a) or self._decode(a), known.get(b) or self._decode(b)
        found = compare(one, two, self._weights)
        rule = found.rule
        return Verdict(
            found.outcome, found.weight, found.vector, (rule,), found.barred, rule == NAMED_PARENT
        )

    def explain(self, a: bytes, b: bytes) -> Verdict:
        """See ``Matcher``: ``field:level`` and its bits."""
        found, bits = explain(self._decode(a), self._decode(b), self._weights)
        levels = tuple(
            f"{field}:{LEVELS[field][level]} {one / UNITS_PER_BIT:+.1f}"
            for field, level, one in zip(FIELDS, found.levels, bits, strict=True)
            if level
        )
        return Verdict(found.outcome, found.weight, levels, (found.rule,), found.barred)

    def numbers(self, features: bytes) -> Sequence[str]:
        """See ``Matcher``."""
        return self._decode(features).trusted

    def _decode(self, data: bytes) -> Features:
        known = self._decoded.get(data)
        if known is None:
            known = _decoder.decode(data)
            self._keep(data, known)
        return known

    def _keep(self, data: bytes, found: Features) -> None:
        if len(self._decoded) >= _DECODED_MAX:
            self._decoded.clear()
        self._decoded[data] = found
