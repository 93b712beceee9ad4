"""Which faults a round has, on whom, when and for how long: all of it from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from dsn_deploy.faults.kinds.kind import Kind

#: A round's faults begin within this time, s, so that they overlap.
BEGIN_S = 3.0
#: How many faults a round has, each number as often as it stands here.
COUNTS = (1, 1, 2, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One fault of a round."""

    kind: str
    target: str
    #: Seconds after the round's beginning.
    at_s: float
    #: How long it lasts.
    seconds: float


def plan(seed: int, number: int, kinds: Sequence[Kind]) -> list[Planned]:
    """The faults of a round, in the order they begin; the same for the same arguments.

    Raises ``ValueError`` when there is no kind to choose from.
    """
    if not kinds:
        raise ValueError("no kind of fault is left to choose from")
    chance = random.Random(f"{seed}/{number}")
    wanted = chance.choice(COUNTS)
    touched: set[str] = set()
    found: list[Planned] = []
    left = list(kinds)
    while left and len(found) < wanted:
        kind = chance.choices(left, [one.weight for one in left])[0]
        touched.update(kind.touches)
        left = [one for one in left if not touched & set(one.touches)]
        planned = Planned(
            kind=kind.name,
            target=chance.choice(kind.targets),
            at_s=round(chance.uniform(0, BEGIN_S), 2),
            seconds=round(chance.uniform(*kind.seconds), 2),
        )
        found.append(planned)
    return sorted(found, key=lambda one: one.at_s)
