"""Which records are one person: a pure function of what is known of a region of records.

Edges join records, bars keep two records apart; a join that would bring two barred records together
does not happen and becomes a question for a person. Edges are taken in one fixed order, so that the
groups do not depend on what arrived first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from dsn_schemas.keys import person_id

#: A group larger than this is not one person but a number that many records share.
GROUP_RECORDS_MAX = 64
#: By how much (1/256 bit) the threshold rises, in a component that is too large, until it is not.
CUT_STEP = 2 * 256
TOO_LARGE = "component-too-large"

#: Ranks of edges: the decision of a steward, the claim of a source, a comparison.
DECISION, CLAIM, MATCH = 0, 1, 2

#: Why two records are never one person, or ``None``. The flag says that a steward joins them:
#: only what a person said then stands in the way.
Barred = Callable[[str, str, bool], str | None]


class Edge(msgspec.Struct, frozen=True, order=True):
    """A reason to hold two records for one person; the smallest is tried first."""

    rank: int
    #: The weight (1/256 bit) with its sign changed: the heaviest comes first. 0 unless a match.
    cost: int
    #: Record keys, ``a < b``.
    a: str
    b: str


class Blocked(msgspec.Struct, frozen=True):
    """A join that did not happen, and the bar that prevented it."""

    edge: Edge
    bar: str


class Grouping(msgspec.Struct, frozen=True):
    """The groups of a region, and the joins that a bar prevented."""

    #: Record key -> person id.
    person: Mapping[str, str]
    #: Record key -> edges of its group that end at it, in their order.
    edges: Mapping[str, Sequence[Edge]]
    blocked: Sequence[Blocked]


@dataclass(slots=True)
class _Groups:
    """Groups while they grow."""

    member: dict[str, list[str]]
    edges: dict[str, list[Edge]] = field(default_factory=dict)
    blocked: list[Blocked] = field(default_factory=list)


def group(first_captured_at: Mapping[str, int], edges: Iterable[Edge], barred: Barred) -> Grouping:
    """Group the records of ``first_captured_at`` (ms by record key).

    Records without an edge are people of their own. A person's id is the one its founding record
    would have alone: the record with the smallest (first captured_at, key).
    """
    if len(first_captured_at) == 1:
        return Grouping({key: person_id(key) for key in first_captured_at}, {}, ())
    groups = _Groups({key: [key] for key in first_captured_at})
    kept, cut = _cut(first_captured_at, sorted(edges))
    for edge in kept:
        bar = _join(groups, edge, barred)
        if bar is not None:
            groups.blocked.append(Blocked(edge, bar))
            continue
        groups.edges.setdefault(edge.a, []).append(edge)
        groups.edges.setdefault(edge.b, []).append(edge)
    _question_cuts(groups, cut)
    person: dict[str, str] = {}
    for key in first_captured_at:
        if key not in person:
            keys = groups.member[key]
            found = person_id(min(keys, key=lambda k: (first_captured_at[k], k)))
            person.update(dict.fromkeys(keys, found))
    return Grouping(person, groups.edges, groups.blocked)


def _join(groups: _Groups, edge: Edge, barred: Barred) -> str | None:
    """Make one group of two; the bar that forbids it, if any."""
    one, two = groups.member[edge.a], groups.member[edge.b]
    if one is two:
        return None
    if len(one) + len(two) > GROUP_RECORDS_MAX:
        return TOO_LARGE
    decided = edge.rank == DECISION
    for a in one:
        for b in two:
            bar = barred(a, b, decided)
            if bar is not None:
                return bar
    one.extend(two)
    for key in two:
        groups.member[key] = one
    return None


def _cut(keys: Mapping[str, int], edges: list[Edge]) -> tuple[list[Edge], list[Edge]]:
    """The edges, less the lightest ones of components that are too large.

    Inside such a component the threshold rises step by step until no piece is too large; what
    people said is never cut (a group of it that is too large is refused at its last join).
    """
    if len(keys) <= GROUP_RECORDS_MAX:
        return edges, []
    kept: list[Edge] = []
    cut: list[Edge] = []
    for component in components(keys, edges):
        inside = [edge for edge in edges if edge.a in component]
        if len(component) > GROUP_RECORDS_MAX:
            inside, light = _risen(component, inside)
            cut.extend(light)
        kept.extend(inside)
    return sorted(kept), sorted(cut)


def _risen(component: set[str], edges: list[Edge]) -> tuple[list[Edge], list[Edge]]:
    """The edges above the first threshold that leaves no piece too large, and the others."""
    weights = [-edge.cost for edge in edges if edge.rank == MATCH]
    threshold = min(weights, default=0)
    while True:
        threshold += CUT_STEP
        kept = [edge for edge in edges if edge.rank != MATCH or -edge.cost >= threshold]
        large = any(len(one) > GROUP_RECORDS_MAX for one in components(component, kept))
        if not large or threshold > max(weights, default=0):
            return kept, sorted(set(edges) - set(kept))


def _question_cuts(groups: _Groups, cut: Iterable[Edge]) -> None:
    """Ask about the heaviest cut edge between each two groups, not about each of thousands."""
    asked: set[frozenset[int]] = set()
    for edge in cut:
        pair = frozenset((id(groups.member[edge.a]), id(groups.member[edge.b])))
        if len(pair) == 2 and pair not in asked:
            asked.add(pair)
            groups.blocked.append(Blocked(edge, TOO_LARGE))


def components(keys: Iterable[str], edges: Iterable[Edge]) -> list[set[str]]:
    """Sets of records that hang together over edges; a record without one is a set of its own."""
    member: dict[str, set[str]] = {key: {key} for key in keys}
    for edge in edges:
        one, two = member[edge.a], member[edge.b]
        if one is two:
            continue
        if len(one) < len(two):
            one, two = two, one
        one |= two
        for key in two:
            member[key] = one
    return list({id(found): found for found in member.values()}.values())
