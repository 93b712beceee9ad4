"""Compares records by their rows: every word of the one with every word of the other."""

from __future__ import annotations

from dsn_streams.identity.index import Index
from dsn_streams.identity.matcher import Matcher, Verdict

_RANK = {"different": 0, "review": 1, "same": 2}
_NOTHING = Verdict("different", 0)


class Comparing:
    """Comparisons of one turn, each made once; rows must not change any more."""

    def __init__(self, matcher: Matcher, index: Index) -> None:
        self._matcher = matcher
        self._index = index
        self._known: dict[tuple[str, str], Verdict] = {}
        self._features: dict[str, tuple[bytes, ...]] = {}

    @property
    def version(self) -> str:
        """Version of the weights."""
        return self._matcher.version

    def verdict(self, a: str, b: str) -> Verdict:
        """What the words of two records say, in sum; ``a < b``."""
        known = self._known.get((a, b))
        if known is None:
            ones, twos = self._said(a), self._said(b)
            compare = self._matcher.compare
            if len(ones) == 1 and len(twos) == 1:
                known = compare(ones[0], twos[0])
                if known.barred is not None:
                    known = in_sum([known])
            else:
                known = in_sum([compare(x, y) for x in ones for y in twos])
            self._known[a, b] = known
        return known

    def barred(self, a: str, b: str) -> str | None:
        """Why two records are never joined automatically; what joins them bars nothing."""
        if b in self._index.row(a).same:
            return None
        return self.verdict(a, b).barred if a < b else self.verdict(b, a).barred

    def answered(self, a: str, b: str) -> bool:
        """The two records say themselves what a person would be asked about them; ``a < b``."""
        return self.verdict(a, b).answered

    def explained(self, a: str, b: str) -> Verdict:
        """The same for people: with what each level weighs."""
        return in_sum([self._matcher.explain(x, y) for x, y in self._pairs(a, b)])

    def numbers(self, key: str) -> frozenset[str]:
        """Valid health numbers of a record."""
        found = self._said(key)
        return frozenset(number for one in found for number in self._matcher.numbers(one))

    def _pairs(self, a: str, b: str) -> list[tuple[bytes, bytes]]:
        return [(x, y) for x in self._said(a) for y in self._said(b)]

    def _said(self, key: str) -> tuple[bytes, ...]:
        found = self._features.get(key)
        if found is None:
            found = self._features[key] = self._index.row(key).features()
        return found


def in_sum(found: list[Verdict]) -> Verdict:
    """One verdict for two records whose sources said several things.

    The best agreement counts: one word may be older than a correction. Without an agreement, a bar
    between any two words is a bar.
    """
    if len(found) == 1 and (found[0].barred is None or found[0].outcome != "same"):
        return found[0]
    found.sort(key=lambda one: (_RANK[one.outcome], one.weight, one.levels))
    if not found:
        return _NOTHING
    best = found[-1]
    if best.outcome == "same" and best.barred is None:
        return best
    barred = best.barred or min((one.barred for one in found if one.barred), default=None)
    outcome = "review" if best.outcome == "same" else best.outcome
    return Verdict(outcome, best.weight, best.levels, best.reasons, barred, best.answered)
