"""What the demonstration must come to: which files belong to one person, and what is rejected.

Two rules decide, and no others: the same valid NAM with the same birth date, and a merge (A40)
within a source. So some people still stand there twice: a visitor without a NAM, a mistyped NAM, a
swapped birth date. That is the honest outcome for rules this strict.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from dsn_deploy.demo.registrations import Registration
from dsn_schemas import nam

Record = tuple[str, str]

#: Whose chart to look at: three sources, a married name, contradictions, a correction.
EXAMPLE = "therese"

#: Messages that cannot become changes, by source.
REJECTED = {"chul-adt": 1, "hdm-adt": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The outcome that the demonstration checks."""

    #: Each person's records (authority, number), sorted.
    people: tuple[tuple[Record, ...], ...]
    #: Surviving and ended record of every merge.
    merges: tuple[tuple[Record, Record], ...]
    #: Messages that end in quarantine, by source.
    rejected: dict[str, int]
    #: NAM of the person to look up.
    example: str


def truth(known: tuple[Registration, ...]) -> Truth:
    """What these files come to."""
    merges = tuple(((one.place, one.merged_into), one.key) for one in known if one.merged_into)
    return Truth(
        people=_grouped(known, merges),
        merges=merges,
        rejected=REJECTED,
        example=next(one.nam for one in known if one.person.key == EXAMPLE),
    )


def to_json(outcome: Truth) -> str:
    """As text, one person a line."""
    people = ",\n".join(f"  {json.dumps(records)}" for records in outcome.people)
    merges = ",\n".join(f"  {json.dumps(pair)}" for pair in outcome.merges)
    return (
        f'{{\n "example": {json.dumps(outcome.example)},\n'
        f' "rejected": {json.dumps(outcome.rejected)},\n'
        f' "merges": [\n{merges}\n ],\n "people": [\n{people}\n ]\n}}\n'
    )


def from_json(text: str) -> Truth:
    """The outcome in ``text``, as ``to_json`` wrote it."""
    raw = json.loads(text)
    return Truth(
        people=tuple(tuple((a, n) for a, n in records) for records in raw["people"]),
        merges=tuple(((a, n), (b, m)) for (a, n), (b, m) in raw["merges"]),
        rejected=raw["rejected"],
        example=raw["example"],
    )


def _grouped(
    known: tuple[Registration, ...], merges: tuple[tuple[Record, Record], ...]
) -> tuple[tuple[Record, ...], ...]:
    group: dict[Record, set[Record]] = {one.key: {one.key} for one in known}

    def join(a: Record, b: Record) -> None:
        if group[a] is not group[b]:
            both = group[a] | group[b]
            for record in both:
                group[record] = both

    carriers: dict[tuple[str, str], Record] = {}
    for one in known:
        if nam.is_valid(one.nam, one.born):
            join(one.key, carriers.setdefault((one.nam, one.born.isoformat()), one.key))
    for survivor, ended in merges:
        join(survivor, ended)
    return tuple(sorted({tuple(sorted(records)) for records in group.values()}))
