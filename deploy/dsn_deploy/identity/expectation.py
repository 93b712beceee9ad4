"""How often records of one person, and of two, reach each level: expectation and maximisation.

After Fellegi and Sunter (1969) with Winkler's EM, as Splink does it, with what small sets need:

* lambda, the share of pairs that are one person, is on the scale of *all* pairs. With a prior among
  pairs that meet, EM learns "same name" as its match class.
* u is counted on random pairs, each less the likelihood that it is one person. Random pairs of a
  small set hold true matches at the rate of lambda; counted with them, no level could say more than
  -log2(lambda), and a number that one in nine million has would say 10 bits.
* What random pairs never show is not impossible: u is never below one pair in those looked at, nor
  below what strangers among *all* pairs that meet show. Of a number, the floor is one in the
  population that numbers are given to, for no small set can show less.
* m keeps the weight of a few imagined matches, mostly alike: a level that no match of a small set
  reached is rare, not worth minus infinity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from dsn_streams.matching.compare import explain
from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights

#: Random pairs that u is counted on; of a smaller list every pair.
RANDOM_PAIRS = 200_000
#: Turns of EM at most, and the change of lambda that ends it before.
TURNS_MAX = 50
TURNS_END = 1e-6
#: Matches that are imagined beside those found, and how alike they are: the levels between share the rest.
IMAGINED_MATCHES = 5.0
IMAGINED_SAME, IMAGINED_DIFFERS = 0.9, 0.04
#: Numbers that one office gives to one person or household: two people share one by chance once in
#: the population. A number has about 90 neighbours one typing error away (ten digits, nine others for
#: each), and half of 90 * 90 two away.
NEIGHBOURS = 90
CHANCES: Mapping[str, Mapping[str, float]] = {
    "nam": {"same": 1, "claimed": 1, "one-off": NEIGHBOURS * NEIGHBOURS / 2},
    "identifier": {"same": 1, "local": 1, "mixed": 1, "near": NEIGHBOURS},
    "phone": {"same": 1, "near": NEIGHBOURS},
    "email": {"same": 1, "near": NEIGHBOURS},
}

Vector = tuple[int, ...]
#: By field and level; level 0, missing, is always 0.
Table = list[list[float]]


@dataclass(frozen=True, slots=True)
class Learned:
    """What records without labels teach."""

    m: Table
    u: Table
    #: Share of all pairs that are one person.
    share: float
    #: Random pairs of which both have the field.
    known: Sequence[float]


def learn(
    features: Mapping[str, Features], met: Iterable[tuple[str, str]], base: Weights
) -> Learned:
    """m, u and lambda of a list; ``met`` are the pairs that can be one person."""
    together = _vectors(features, sorted(met), base)
    apart = _vectors(features, _random(sorted(features)), base)
    counting = _Strangers(together, apart, len(features), 2.0 ** (base.prior / UNITS_PER_BIT))
    pairs = len(features) * (len(features) - 1) / 2
    share = 1 / len(features)
    m = _matches({}, {})
    u = counting.shares({})
    for _ in range(TURNS_MAX):
        likely = {v: _likely(v, m, u, share) for v in {*together, *apart}}
        total = sum(times * likely[v] for v, times in together.items())
        before, share = share, max(total, 1.0) / pairs
        m = _matches(together, likely)
        u = counting.shares(likely)
        if abs(share - before) < TURNS_END * before:
            break
    return Learned(m, u, share, counting.known)


def _vectors(
    features: Mapping[str, Features], pairs: Iterable[tuple[str, str]], base: Weights
) -> Counter[Vector]:
    return Counter(explain(features[a], features[b], base)[0].levels for a, b in pairs)


def _random(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The same random pairs of the same list; all of them where they are few."""
    if len(names) * (len(names) - 1) // 2 <= RANDOM_PAIRS:
        return combinations(names, 2)
    random = Random(len(names))
    return (
        (names[a], names[b])
        for a, b in (random.sample(range(len(names)), 2) for _ in range(RANDOM_PAIRS))
    )


def _likely(vector: Vector, m: Table, u: Table, share: float) -> float:
    """How likely a pair with these levels is one person."""
    odds = share / (1 - share)
    for place, level in enumerate(vector):
        if level:
            odds *= m[place][level] / u[place][level]
    return odds / (1 + odds)


def _matches(together: Mapping[Vector, int], likely: Mapping[Vector, float]) -> Table:
    """m: shares among likely matches and a few imagined ones."""
    counts = []
    for field in FIELDS:
        between = len(LEVELS[field]) - 3
        rest = (1 - IMAGINED_SAME - IMAGINED_DIFFERS) / between if between else 0.0
        counts.append([0.0, IMAGINED_SAME, *([rest] * between), IMAGINED_DIFFERS])
        counts[-1] = [IMAGINED_MATCHES * one for one in counts[-1]]
    return [_shares(one) for one in _counted(together, likely, counts)]


class _Strangers:
    """u, by what is known of strangers at each turn."""

    def __init__(
        self,
        together: Mapping[Vector, int],
        apart: Mapping[Vector, int],
        records: int,
        people: float,
    ) -> None:
        self._together = together
        self._apart = apart
        #: Random pairs of which both have the field.
        self.known = [
            sum(times for vector, times in apart.items() if vector[place])
            for place in range(len(FIELDS))
        ]
        #: All pairs of the list for each random one.
        self._scale = records * (records - 1) / 2 / max(sum(apart.values()), 1)
        self._floors = [
            [_floor(field, level, known, people) for level in LEVELS[field]]
            for field, known in zip(FIELDS, self.known, strict=True)
        ]

    def shares(self, likely: Mapping[Vector, float]) -> Table:
        """Of random strangers; no less than of strangers that meet among all pairs, and no less than
        the floor."""
        empty = [[0.0] * len(LEVELS[field]) for field in FIELDS]
        unlike = {vector: 1 - likely.get(vector, 0.0) for vector in {*self._apart, *self._together}}
        random = [_shares(one) for one in _counted(self._apart, unlike, empty)]
        found = _counted(self._together, unlike, empty) if likely else empty
        return [
            [0.0, *map(max, random[place][1:], self._met(place, found[place]), floors[1:])]
            for place, floors in enumerate(self._floors)
        ]

    def _met(self, place: int, counts: Sequence[float]) -> list[float]:
        everybody = max(self.known[place] * self._scale, 1.0)
        return [count / everybody for count in counts[1:]]


def _floor(field: str, level: str, known: int, people: float) -> float:
    """The least u of a level."""
    chances = CHANCES.get(field, {}).get(level)
    return chances / people if chances else 1 / max(known, 1)


def _counted(vectors: Mapping[Vector, int], share: Mapping[Vector, float], start: Table) -> Table:
    """How many pairs reach each level, each counted by its share."""
    counts = [list(one) for one in start]
    for vector, times in vectors.items():
        for place, level in enumerate(vector):
            counts[place][level] += times * share[vector]
    return counts


def _shares(counts: Sequence[float]) -> list[float]:
    """Shares among the pairs that have the field."""
    known = sum(counts[1:])
    return [0.0, *(count / known if known else 0.0 for count in counts[1:])]
