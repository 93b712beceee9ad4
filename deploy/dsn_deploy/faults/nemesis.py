"""Does to the world what was planned, in time, and undoes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from dsn_deploy.faults.kinds import BY_NAME
from dsn_deploy.faults.schedule import Planned
from dsn_deploy.faults.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault that was."""

    planned: Planned
    #: Wall clock, s.
    began: float
    #: When it was undone, or struck if it was a blow.
    healed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    at_s: float
    ends: bool
    planned: Planned


def strike(world: World, faults: Sequence[Planned]) -> list[Struck]:
    """Begin and end every fault of a round; returns when all are undone.

    Whatever happens, each fault that was begun is ended.
    """
    steps = [_Step(at_s=one.at_s, ends=False, planned=one) for one in faults]
    steps += [_Step(at_s=one.at_s + one.seconds, ends=True, planned=one) for one in faults]
    began_at = time.monotonic()
    running: dict[Planned, float] = {}
    struck = []
    try:
        for step in sorted(steps, key=lambda step: (step.at_s, step.ends)):
            time.sleep(max(0.0, began_at + step.at_s - time.monotonic()))
            kind = BY_NAME[step.planned.kind]
            if not step.ends:
                running[step.planned] = time.time()
                kind.begin(world, step.planned.target)
                continue
            kind.end(world, step.planned.target)
            began = running.pop(step.planned)
            healed = time.time() if kind.seconds[1] else began
            struck.append(Struck(planned=step.planned, began=began, healed=healed))
    finally:
        for planned in running:
            BY_NAME[planned.kind].end(world, planned.target)
    return struck
