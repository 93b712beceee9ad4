"""What the demonstration must come to: which files belong to one person, and what is rejected.

Everybody's files come together: by the NAM, by name, birth date and home where a place has no NAM or
mistyped it, or by a merge (A40). One child stands there twice: HDM took his mother's card, which the
centre asks a steward about and never joins by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from dsn_deploy.demo.registrations import Registration

Record = tuple[str, str]

#: Whose chart to look at: three sources, a married name, contradictions, a correction.
EXAMPLE = "therese"

#: People whose files stay apart until a steward has answered: a child on his mother's card.
ASKED = frozenset(("nathan",))

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
        people=_grouped(known),
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


def _grouped(known: tuple[Registration, ...]) -> tuple[tuple[Record, ...], ...]:
    group: dict[tuple[str, ...], set[Record]] = {}
    for one in known:
        alone = one.key if one.person.key in ASKED else ()
        group.setdefault((one.person.key, *alone), set()).add(one.key)
    return tuple(sorted({tuple(sorted(records)) for records in group.values()}))
