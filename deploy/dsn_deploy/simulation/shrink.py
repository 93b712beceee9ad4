"""Makes a failing run smaller: fewer faults and fewer messages, as long as it fails the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from dsn_deploy.simulation.outcome import live
from dsn_deploy.simulation.plan import Plan

#: Runs that may be spent on making one smaller.
RUNS_MAX = 300

Part = TypeVar("Part")


def shrunk(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest plan found that still fails."""
    left = [RUNS_MAX]

    def still(candidate: Plan) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(candidate)

    while True:
        smaller = _less_said(_fewer_faults(plan, still), still)
        if smaller == plan or left[0] <= 0:
            return smaller
        plan = smaller


def _fewer_faults(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    kept = _fewer(plan.faults, lambda faults: still(plan.without(faults=faults)))
    return plan.without(faults=kept)


def _less_said(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    kept = _fewer(plan.said, lambda said: still(plan.without(said=said)))
    return plan.without(said=kept)


def fails_alike(plan: Plan) -> Callable[[Plan], bool]:
    """Whether another plan violates one of the invariants that this one does."""
    ours = {violation.invariant for violation in live(plan).violations}
    return lambda other: bool(ours & {found.invariant for found in live(other).violations})


def _fewer(parts: tuple[Part, ...], still: Callable[[tuple[Part, ...]], bool]) -> tuple[Part, ...]:
    """Delta debugging: take away halves, then quarters, down to single ones."""
    size = max(1, len(parts) // 2)
    while parts:
        removed = False
        at = 0
        while at < len(parts):
            kept = (*parts[:at], *parts[at + size :])
            if still(kept):
                parts, removed = kept, True
            else:
                at += size
        if size == 1 and not removed:
            break
        size = max(1, size // 2)
    return parts


def told(plan: Plan, violations: Sequence[object]) -> list[str]:
    """The history in lines, for a person."""
    size = f"{len(plan.said)} messages, {len(plan.faults)} faults"
    return [
        f"seed {plan.seed}, partitions {plan.partitions}, workers {plan.workers}: {size}",
        *(f"  said   {said}" for said in plan.said),
        *(f"  fault  {fault}" for fault in plan.faults),
        *(f"  wrong  {violation}" for violation in violations),
    ]
