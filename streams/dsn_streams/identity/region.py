"""The records that hang together with those that changed, and what joins and parts them.

The groups outside of it cannot change: joining needs an edge, and bars are between two records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from dsn_schemas.keys import person_id
from dsn_streams.grouping import (
    CLAIM,
    DECISION,
    GROUP_RECORDS_MAX,
    MATCH,
    Edge,
    Grouping,
    components,
    group,
)
from dsn_streams.identity.claims import APART, DECIDED, EDGES, Said, said
from dsn_streams.identity.comparing import Comparing
from dsn_streams.identity.index import Index
from dsn_streams.identity.rows import RecordRow

#: Bars that people put up, and their names in reasons.
DECIDED_APART = "decided-apart"
CLAIMED_APART = "not-same"


class Region:
    """Finds and groups the records around some seeds. Rows must not change any more."""

    def __init__(self, index: Index, comparing: Comparing) -> None:
        self._index = index
        self._comparing = comparing

    def components(self, seeds: Iterable[str]) -> Iterator[list[str]]:
        """The components around the seeds, each sorted, in the order of their first records."""
        found: set[str] = set()
        for seed in sorted(seeds):
            if seed in found:
                continue
            component = self.component(seed)
            found |= component
            yield sorted(component)

    def said(self, a: str, b: str) -> Said:
        """What people said of a pair."""
        return said(a, self._index.row(a), b, self._index.row(b))

    def grouped(self, component: list[str]) -> Grouping:
        """The groups of a component."""
        if len(component) == 1:
            return Grouping({key: person_id(key) for key in component}, {}, ())
        rows = {key: self._index.rows[key] for key in component}
        first = {key: row.first_captured_at for key, row in rows.items()}
        if len(component) <= GROUP_RECORDS_MAX and _all_alike(rows.values()):
            return self._one_person(rows, first)
        edges = [edge for key in component for edge in self._edges(key)]
        return group(first, edges, _Bars(self, self._comparing, component, edges).barred)

    def component(self, seed: str) -> set[str]:
        """Every record that hangs together with this one."""
        rows = self._index.rows
        row = rows[seed]
        found = {seed, *row.same}
        if len(found) == 1 and not (row.claims or row.named_by):
            return found
        near = [rows[key] for key in found]
        if _all_alike(near) and all(one.same.keys() < found for one in near):
            return found
        found, waiting = {seed}, [seed]
        while waiting:
            for other in self._neighbours(waiting.pop()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    def _neighbours(self, key: str) -> Iterator[str]:
        row = self._index.row(key)
        yield from row.same
        for other in row.claimed():
            if self.said(key, other) in EDGES:
                yield other

    def _edges(self, key: str) -> Iterator[Edge]:
        """The edges from this record to greater ones."""
        row = self._index.row(key)
        for other, weight in row.same.items():
            if key < other:
                yield Edge(MATCH, -weight, key, other)
        for other in row.claimed():
            if key < other and (what := self.said(key, other)) in EDGES:
                yield Edge(DECISION if what in DECIDED else CLAIM, 0, key, other)

    def _one_person(self, rows: Mapping[str, RecordRow], first: Mapping[str, int]) -> Grouping:
        """What `group` says of records of which any two are alike: nothing bars anything.

        Edges are told only of records whose person is another than before. 19 of 20 regions with an
        edge are of this kind.
        """
        person = person_id(min(first, key=lambda key: (first[key], key)))
        edges = {
            key: sorted(
                Edge(MATCH, -weight, *_pair(key, other)) for other, weight in row.same.items()
            )
            for key, row in rows.items()
            if row.person != person
        }
        return Grouping(dict.fromkeys(rows, person), edges, ())


def _all_alike(rows: Collection[RecordRow]) -> bool:
    """Each of these records has as many as there are others that are the same by comparison, and
    nobody claims anything of any of them."""
    others = len(rows) - 1
    for row in rows:
        if len(row.same) != others or row.claims or row.named_by:
            return False
    return True


def _pair(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)


class _Bars:
    """Why two records of a component are never one person.

    A steward who joins two records also says that their numbers are one person's: between these
    numbers there is no bar any more, nor between the records joined.
    """

    def __init__(
        self, region: Region, comparing: Comparing, component: list[str], edges: Iterable[Edge]
    ) -> None:
        self._region = region
        self._comparing = comparing
        decided = [edge for edge in edges if edge.rank == DECISION]
        self._joined: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        if decided:
            self._know(component, decided)

    def barred(self, a: str, b: str, decided: bool) -> str | None:
        """See ``grouping.Barred``."""
        what = self._region.said(a, b)
        if what in APART:
            return DECIDED_APART if what is Said.DECIDED_APART else CLAIMED_APART
        if decided or what is Said.DECIDED_SAME:
            return None
        bar = self._comparing.barred(a, b)
        return None if bar is None or self._waived(a, b) else bar

    def _know(self, component: list[str], decided: list[Edge]) -> None:
        for number, joined in enumerate(components(component, decided)):
            if len(joined) > 1:
                self._joined.update(dict.fromkeys(joined, number))
        keys = sorted(self._joined)
        numbers = {key: sorted(self._comparing.numbers(key)) for key in keys}
        by_person: dict[int, set[str]] = {}
        for key in keys:
            by_person.setdefault(self._joined[key], set()).update(numbers[key])
        pairs = [
            Edge(DECISION, 0, min(found), number)
            for found in by_person.values()
            for number in found
            if number != min(found)
        ]
        every = sorted({number for found in by_person.values() for number in found})
        for which, alike in enumerate(components(every, pairs)):
            self._numbers.update(dict.fromkeys(alike, which))

    def _waived(self, a: str, b: str) -> bool:
        if not self._joined:
            return False
        if a in self._joined and self._joined[a] == self._joined.get(b):
            return True
        one, two = self._comparing.numbers(a), self._comparing.numbers(b)
        if one & two:
            return False  # not their numbers are what keeps them apart
        same = {self._numbers[number] for number in one if number in self._numbers}
        return any(self._numbers.get(number) in same for number in two)
