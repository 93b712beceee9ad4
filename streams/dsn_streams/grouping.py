"""Which records are one person: a pure function of what is known of a region of records.

Edges join records, bars keep two records apart; a join that would bring two barred records together
does not happen and becomes a question for a person. Edges are taken in one fixed order, so that the
groups do not depend on what arrived first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dsn_schemas.keys import person_id

#: A group larger than this is not one person but a number that many records share.
GROUP_RECORDS_MAX = 64


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A reason to hold two records for one person; the smallest rank is tried first."""

    rank: int
    #: Record keys, ``a < b``.
    a: str
    b: str
    #: Rule that made the edge.
    reason: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of a region, and the joins that a bar prevented."""

    #: Record key -> person id.
    person: Mapping[str, str]
    #: Record key -> rules that put it in its group, sorted.
    reasons: Mapping[str, tuple[str, ...]]
    #: (a, b, reason of the edge, reason of the bar) of prevented joins.
    blocked: frozenset[tuple[str, str, str, str]]


def group(
    first_captured_at: Mapping[str, int],
    edges: Iterable[Edge],
    barred: Callable[[str, str], str | None],
) -> Grouping:
    """Group the records of ``first_captured_at`` (ms by record key).

    ``barred`` gives the reason why two records are never one person, or ``None``. Records without
    an edge are people of their own. A person's id is the one its founding record would have alone:
    the record with the smallest (first captured_at, key).
    """
    member: dict[str, list[str]] = {key: [key] for key in first_captured_at}
    reasons: dict[str, set[str]] = {key: set() for key in first_captured_at}
    blocked: set[tuple[str, str, str, str]] = set()
    for edge in sorted(edges):
        one, two = member[edge.a], member[edge.b]
        if one is not two:
            bar = _bar(one, two, barred)
            if bar is not None:
                blocked.add((edge.a, edge.b, edge.reason, bar))
                continue
            one.extend(two)
            for key in two:
                member[key] = one
        reasons[edge.a].add(edge.reason)
        reasons[edge.b].add(edge.reason)
    person = {
        key: person_id(min(keys, key=lambda k: (first_captured_at[k], k)))
        for key, keys in member.items()
    }
    return Grouping(
        person, {key: tuple(sorted(found)) for key, found in reasons.items()}, frozenset(blocked)
    )


def _bar(
    one: Iterable[str], two: list[str], barred: Callable[[str, str], str | None]
) -> str | None:
    if len(two) > GROUP_RECORDS_MAX:
        return "group-too-large"
    keys = list(one)
    if len(keys) + len(two) > GROUP_RECORDS_MAX:
        return "group-too-large"
    found = (barred(a, b) for a in keys for b in two)
    return next((bar for bar in found if bar is not None), None)
