"""What a person has to look at: pairs too alike to ignore, and joins that something forbids.

One question for each two people, about the pair of their records that is most worth asking about:
five records here and four there are one question, not twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dsn_streams.grouping import MATCH, Blocked
from dsn_streams.identity.claims import APART, Said
from dsn_streams.identity.index import Index
from dsn_streams.identity.region import CLAIMED_APART, DECIDED_APART, Region

#: Kinds of questions, the most pressing first.
CONTRADICTION, BLOCKED, DOUBT = "contradiction", "blocked", "doubt"
_PRESSING = {CONTRADICTION: 0, BLOCKED: 1, DOUBT: 2}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about two records, ``a < b``."""

    a: str
    b: str
    kind: str
    #: What forbids the join; empty for a doubt.
    bar: str
    weight: int
    #: Persons of the two, in their order.
    person_a: str
    person_b: str

    @property
    def order(self) -> tuple[int, int, str, str]:
        """The smallest is asked."""
        return (_PRESSING[self.kind], -self.weight, self.a, self.b)


def questions(
    index: Index, region: Region, keys: Iterable[str], blocked: Iterable[Blocked]
) -> dict[tuple[str, str], Asked]:
    """The questions that touch the people of ``keys``, by pair of records.

    ``keys`` are whole people, and their rows say which; rows of all that is alike must be there.
    """
    keys = list(keys)
    decided = set(_decided(index, region, keys))
    best: dict[tuple[str, str], Asked] = {}
    for asked in (*_blocked(index, region, blocked), *_doubts(index, region, keys)):
        if asked.person_a == asked.person_b or not (asked.person_a and asked.person_b):
            continue  # one person by another way, or a record nobody has seen yet
        people = _pair(asked.person_a, asked.person_b)
        if people in decided:
            continue
        known = best.get(people)
        if known is None or asked.order < known.order:
            best[people] = asked
    return {(asked.a, asked.b): asked for asked in best.values()}


def _decided(index: Index, region: Region, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of people that a steward keeps apart: there is nothing left to ask."""
    for key in keys:
        row = index.row(key)
        for other in row.claimed():
            if region.said(key, other) is Said.DECIDED_APART:
                yield _pair(row.person, index.row(other).person)


def _blocked(index: Index, region: Region, blocked: Iterable[Blocked]) -> Iterator[Asked]:
    for one in blocked:
        a, b = one.edge.a, one.edge.b
        if one.bar == DECIDED_APART and region.said(a, b) is Said.DECIDED_APART:
            continue
        kind = BLOCKED
        if one.edge.rank != MATCH and one.bar == CLAIMED_APART:
            kind = CONTRADICTION
        people = index.row(a).person, index.row(b).person
        yield Asked(a, b, kind, one.bar, -one.edge.cost, *people)


def _doubts(index: Index, region: Region, keys: Iterable[str]) -> Iterator[Asked]:
    for key in keys:
        row = index.row(key)
        for other, weight in row.alike.items():
            if region.said(key, other) in APART:
                continue
            a, b = _pair(key, other)
            people: Mapping[str, str] = {key: row.person, other: index.row(other).person}
            yield Asked(a, b, DOUBT, "", weight, people[a], people[b])


def _pair(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)
