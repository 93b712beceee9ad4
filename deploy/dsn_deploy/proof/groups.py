"""Which records are one person, the naive way: everything at once, from the specification.

The comparison of two records is the matching engine's (its own tests judge it); which comparisons
are made, what stands above them and how groups come about is written here a second time. Written
for hundreds of records, and for components of at most 64.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from dsn_schemas.records import Demographics
from dsn_streams.identity.matcher import Matcher, Verdict

#: A key that more records than this share brings nobody together.
BLOCK_RECORDS_MAX = 64
JOIN = {"merge", "link"}
PART = {"unlink", "not-same"}

Pair = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """What is known of all records."""

    #: Record -> source -> what it last said.
    words: Mapping[str, Mapping[str, Demographics]]
    #: Two records in order -> source -> kind of its last claim about them.
    said: Mapping[Pair, Mapping[str, str]]


def grouped(known: Known, matcher: Matcher) -> dict[str, set[str]]:
    """Record -> the records of its person. Records named in claims only are among them."""
    features = {
        record: sorted({matcher.features(word) for word in words.values()} - {b""})
        for record, words in known.words.items()
    }
    verdicts = _verdicts(features, matcher)
    edges: list[tuple[int, int, str, str]] = []
    apart: set[Pair] = set()
    decided: list[Pair] = []
    for pair, kinds in known.said.items():
        sources = {kind for source, kind in kinds.items() if source != "steward"}
        decision = kinds.get("steward", "")
        if decision in JOIN:
            edges.append((0, 0, *pair))
            decided.append(pair)
        elif decision in PART:
            apart.add(pair)
        else:
            if sources & PART:
                apart.add(pair)
            if sources & JOIN:
                edges.append((1, 0, *pair))
    for pair, verdict in verdicts.items():
        if verdict.outcome == "same":
            edges.append((2, -verdict.weight, *pair))
    names = set(features) | {name for pair in known.said for name in pair}
    bars = _Bars(names, [edge[2:] for edge in edges], decided, features, matcher)
    group = {name: {name} for name in names}
    for rank, _, a, b in sorted(edges):
        ours, theirs = group[a], group[b]
        if ours is theirs:
            continue
        cross = [(min(x, y), max(x, y)) for x in ours for y in theirs]
        if any(pair in apart or (rank and bars.between(pair)) for pair in cross):
            continue
        ours |= theirs
        for name in theirs:
            group[name] = ours
    return group


def _verdicts(features: Mapping[str, list[bytes]], matcher: Matcher) -> dict[Pair, Verdict]:
    """Of every two records that share a key which not too many share."""
    blocks: dict[bytes, set[str]] = defaultdict(set)
    for record, found in features.items():
        for one in found:
            for key in matcher.keys(one):
                blocks[key].add(record)
    small = [block for block in blocks.values() if len(block) <= BLOCK_RECORDS_MAX]
    pairs = {pair for block in small for pair in combinations(sorted(block), 2)}
    return {(a, b): _verdict(features[a], features[b], matcher) for a, b in pairs}


def _verdict(ones: list[bytes], twos: list[bytes], matcher: Matcher) -> Verdict:
    """The best agreement of any two words; without one, any bar between two words is a bar."""
    found = [matcher.compare(x, y) for x in ones for y in twos]
    agreed = [one for one in found if one.outcome == "same" and one.barred is None]
    if agreed:
        return max(agreed, key=lambda one: (one.weight, one.levels))
    barred = [one.barred for one in found if one.barred]
    return Verdict("different", 0, barred=min(barred, default=None))


class _Bars:
    """What keeps two records apart that no person spoke of.

    A steward who joins two records says that their numbers are one person's, wherever these stand
    among the records that hang together with them.
    """

    def __init__(
        self,
        names: set[str],
        edges: list[Pair],
        decided: list[Pair],
        features: Mapping[str, list[bytes]],
        matcher: Matcher,
    ) -> None:
        self._near = _together(names, edges)
        self._person = _together(names, decided)
        self._decided = decided
        self._features = features
        self._matcher = matcher

    def between(self, pair: Pair) -> bool:
        a, b = pair
        ones, twos = self._features.get(a, []), self._features.get(b, [])
        if self._person[a] == self._person[b] or not _verdict(ones, twos, self._matcher).barred:
            return False
        one, two = self._numbers(a), self._numbers(b)
        alike = self._alike(self._near[a]) if self._near[a] == self._near[b] else {}
        if one & two or not alike:
            return True
        return not {alike.get(n, n) for n in one} & {alike.get(n, n) for n in two}

    def _numbers(self, record: str) -> set[str]:
        return {n for one in self._features.get(record, []) for n in self._matcher.numbers(one)}

    def _alike(self, near: str) -> dict[str, str]:
        """Number -> a name for the person who has it, of the records that hang together."""
        people: dict[str, set[str]] = defaultdict(set)
        for a, b in self._decided:
            if self._near[a] == near:
                people[self._person[a]] |= self._numbers(a) | self._numbers(b)
        pairs = [pair for found in people.values() for pair in combinations(sorted(found), 2)]
        return _together({n for found in people.values() for n in found}, pairs)


def _together(names: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """Name -> the smallest name that it hangs together with."""
    group = {name: {name} for name in names}
    for a, b in pairs:
        if group[a] is not group[b]:
            group[a] |= group[b]
            for name in group[b]:
                group[name] = group[a]
    return {name: min(found) for name, found in group.items()}
