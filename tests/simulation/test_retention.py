"""Changes are deleted from the journal before the streams, the audit or both have read them.

A retention shorter than an outage does that, or an operator. Their outboxes have them: what is missing
shows by its numbers, is asked for, and comes again.
"""

from __future__ import annotations

from typing import Any

from dsn_deploy.simulation.campaign import quiet
from dsn_deploy.simulation.judge import judge
from dsn_deploy.simulation.outcome import lived
from dsn_deploy.simulation.plan import Fault, plan_of
from dsn_deploy.simulation.tables import Overlay, holes

RUNS = 12


def test_what_was_deleted_before_it_was_read_comes_again() -> None:
    """Nothing is lost, nothing doubled; gaps were noticed, asked for and filled."""
    quiet()
    gaps: list[dict[str, Any]] = []
    for seed in range(RUNS):
        fault = Fault(4.0 + seed % 5 * 0.7, "retention", 0, 0.5)
        with lived(plan_of(seed).without(faults=(fault,))) as world:
            assert judge(world) == [], seed
            assert not holes(Overlay(world.database.tables)), seed
            gaps += world.database.tables["gaps"].values()

    assert any(gap["asked"] for gap in gaps)
