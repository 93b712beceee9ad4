"""What came of a run, small enough to be sent between processes and counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dsn_deploy.proof.evidence import Violation
from dsn_deploy.simulation.judge import judge
from dsn_deploy.simulation.plan import Plan
from dsn_deploy.simulation.world import World, lived

#: Invariants by the name of the count they go into.
COUNTED = {
    "lost": ("I1",),
    "doubled": ("I2", "I3"),
    "wrong_views": ("I4",),
    "wrong_reads": ("I5",),
    "other_violations": ("I6", "I7", "I8", "I10"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run."""

    seed: int
    acknowledged: int
    reads: int
    deaths: int
    violations: tuple[Violation, ...]
    #: What did not work -> seconds until it worked again, each time.
    recoveries: dict[str, list[float]]
    #: Points that were passed, for the table of crash points.
    died_at: Counter[str] = field(default_factory=Counter)
    #: Simulated seconds from the heal until everything had come to rest.
    drained_s: float = 0.0


def live(plan: Plan) -> Outcome:
    """Live through a plan and judge it; a world that breaks down has not come to rest."""
    try:
        with lived(plan) as world:
            return _outcome(plan, world, tuple(judge(world)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be told
        broken = Violation("I10", f"the run broke down: {type(error).__name__}: {error}")
        return Outcome(
            seed=plan.seed, acknowledged=0, reads=0, deaths=0, violations=(broken,), recoveries={}
        )


def _outcome(plan: Plan, world: World, violations: tuple[Violation, ...]) -> Outcome:
    recoveries: dict[str, list[float]] = {}
    died_at: Counter[str] = Counter()
    for actor in world.actors:
        for why, seconds in actor.recoveries:
            recoveries.setdefault(why, []).append(seconds)
        died_at.update(actor.died_at)
    noticed = [at for edge in world.edges for at in edge.noticed_at]
    noticed += world.receipts.noticed_at
    for lost in world.lost_at:
        if after := [at - lost for at in noticed if at >= lost]:
            recoveries.setdefault("loss noticed", []).append(min(after))
    return Outcome(
        seed=plan.seed,
        acknowledged=sum(len(edge.acknowledged) for edge in world.edges),
        reads=sum(len(reader.reads) for reader in world.readers),
        deaths=sum(actor.deaths for actor in world.actors),
        violations=violations,
        recoveries=recoveries,
        died_at=died_at,
        drained_s=world.rested_at - world.healed_at,
    )


def percentile(values: Sequence[float], part: float) -> float:
    """The value that ``part`` of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0
