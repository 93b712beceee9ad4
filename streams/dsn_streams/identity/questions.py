"""What a person has to look at: pairs too alike to ignore, and joins that something forbids.

One question for each two people, about the pair of their records that is most worth asking about:
five records here and four there are one question, not twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dsn_streams.grouping import MATCH, Blocked
from dsn_streams.identity.claims import APART, Said
from dsn_streams.identity.comparing import Comparing
from dsn_streams.identity.index import Index
from dsn_streams.identity.region import CLAIMED_APART, DECIDED_APART, Region

#: Kinds of questions, the most pressing first.
CONTRADICTION, BLOCKED, DOUBT = "contradiction", "blocked", "doubt"
#: A merge by a source that one of the two records does not belong to.
BEYOND_AUTHORITY = "claim-beyond-authority"
#: More records share a blocking key than are ever one person's: they are not compared because of
#: it, and a steward is asked once, about the first two.
CROWDED = "crowded-block"
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
    index: Index,
    region: Region,
    comparing: Comparing,
    keys: Iterable[str],
    blocked: Iterable[Blocked],
) -> dict[tuple[str, str], Asked]:
    """The questions that touch the people of ``keys``, by pair of records.

    ``keys`` are whole people, and their rows say which; rows of all that is alike, and of what
    hangs together with it, must be there.
    """
    rows = ((key, index.rows[key]) for key in keys)
    keys = [key for key, row in rows if row.alike or row.crowds or row.claims or row.named_by]
    decided = set(_decided(index, region, keys))
    people_numbers = _Numbers(index, region, comparing)
    best: dict[tuple[str, str], Asked] = {}
    found = (*_blocked(index, region, blocked), *_doubts(index, region, keys))
    for asked in (*found, *_proposed(index, region, keys), *_crowded(index, keys)):
        if asked.person_a == asked.person_b or not (asked.person_a and asked.person_b):
            continue  # one person by another way, or a record nobody has seen yet
        people = _pair(asked.person_a, asked.person_b)
        if people in decided:
            continue
        if asked.kind == DOUBT and (
            people_numbers.answer(asked) or comparing.answered(asked.a, asked.b)
        ):
            continue
        known = best.get(people)
        if known is None or asked.order < known.order:
            best[people] = asked
    return {(asked.a, asked.b): asked for asked in best.values()}


class _Numbers:
    """Whether health numbers have answered a doubt already.

    A record without a number that is alike another person's, of a person whose own number differs
    from theirs: a brother or a sister. Two records that both have a number are the gates' to judge.
    """

    def __init__(self, index: Index, region: Region, comparing: Comparing) -> None:
        self._index = index
        self._region = region
        self._numbers = comparing.numbers
        self._known: dict[str, frozenset[str]] = {}

    def answer(self, asked: Asked) -> bool:
        """True when the numbers of the two people say that they are two."""
        if self._numbers(asked.a) and self._numbers(asked.b):
            return False
        one, two = self._of_person(asked.a), self._of_person(asked.b)
        return bool(one and two) and not one & two

    def _of_person(self, key: str) -> frozenset[str]:
        person = self._index.row(key).person
        known = self._known.get(person)
        if known is None:
            members = [
                other
                for other in self._region.component(key)
                if self._index.row(other).person == person
            ]
            known = frozenset(number for other in members for number in self._numbers(other))
            self._known[person] = known
        return known


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


def _proposed(index: Index, region: Region, keys: Iterable[str]) -> Iterator[Asked]:
    """Merges of records that were not the source's to merge."""
    for key in keys:
        row = index.row(key)
        for other in row.claimed():
            if region.said(key, other) is Said.PROPOSED:
                a, b = _pair(key, other)
                people = {key: row.person, other: index.row(other).person}
                weight = row.alike.get(other, 0)
                yield Asked(a, b, BLOCKED, BEYOND_AUTHORITY, weight, people[a], people[b])


def _crowded(index: Index, keys: Iterable[str]) -> Iterator[Asked]:
    for key in keys:
        row = index.row(key)
        for other in row.crowds:
            a, b = _pair(key, other)
            people = {key: row.person, other: index.row(other).person}
            yield Asked(a, b, BLOCKED, CROWDED, 0, people[a], people[b])


def _pair(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)
