"""A short selection of what ``dsn simulate`` does by the thousand."""

from __future__ import annotations

import json

import pytest
from simulation.mutants import MUTANTS, Mutant, look_for
from typer.testing import CliRunner

from dsn_deploy.cli import application
from dsn_deploy.simulation.campaign import campaign, quiet, run_seed
from dsn_deploy.simulation.outcome import live
from dsn_deploy.simulation.plan import plan_of
from dsn_deploy.simulation.shrink import shrunk, told

#: Of ``make test``: some 0.1 s each.
RUNS = 40

#: Found within few runs, one of each part of the path.
QUICK = {
    "new-number-on-retry",
    "state-before-commit",
    "late-not-forwarded",
    "audit-outside-transaction",
    "stale-replica-unlabelled",
}


def test_nothing_is_lost_doubled_or_shown_wrongly() -> None:
    """A selection of seeds: every invariant holds in each of them, whatever went wrong."""
    quiet()
    total = campaign(RUNS, 7_000, 1, lambda _: None)

    assert total.violations == {}, total.failing
    assert total.runs == RUNS
    assert total.acknowledged > 10 * RUNS
    assert total.reads > 10 * RUNS
    assert total.deaths > RUNS // 2


def test_a_seed_is_a_run() -> None:
    """The same seed is the same run, to the last read and recovery."""
    quiet()

    assert run_seed(7_003) == run_seed(7_003)


def test_a_loss_in_the_journal_is_noticed_within_a_minute() -> None:
    """By the edge that had been told that it is safe, or by the hole in the numbers."""
    quiet()

    noticed: list[float] = []
    for seed in range(7_080, 7_140):
        noticed += run_seed(seed).recoveries.get("loss noticed", ())
        if len(noticed) >= 2:
            break

    assert len(noticed) >= 2
    assert 0 < max(noticed) <= 60


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.name in QUICK], ids=lambda m: m.name)
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    """The checks can fail: each of these is found within a few runs (all: ``make mutants``)."""
    quiet()

    assert look_for(mutant, runs_max=60).runs


def test_a_failing_run_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a failing run still fails, and nothing can be left out of it any more."""
    quiet()
    mutant = next(m for m in MUTANTS if m.name == "new-number-on-retry")
    mutant.plant(monkeypatch)
    plans = (plan_of(seed) for seed in range(7_001, 7_031))
    plan = next(plan for plan in plans if live(plan).violations)

    smallest = shrunk(plan, lambda other: bool(live(other).violations))

    violations = live(smallest).violations
    assert violations
    assert len(smallest.said) < len(plan.said)
    for at in range(len(smallest.said)):
        less = smallest.without(said=(*smallest.said[:at], *smallest.said[at + 1 :]))
        assert not live(less).violations
    for at in range(len(smallest.faults)):
        less = smallest.without(faults=(*smallest.faults[:at], *smallest.faults[at + 1 :]))
        assert not live(less).violations
    assert any("wrong" in line for line in told(smallest, violations))


def test_the_command_ends_with_one_json_line() -> None:
    """The last line of stdout is the figures, and the exit code says that nothing was wrong."""
    asked = ["simulate", "--runs", "3", "--seed", "7100", "--jobs", "1", "--json"]

    result = CliRunner().invoke(application(), asked)

    figures = json.loads(result.stdout.splitlines()[-1])
    assert result.exit_code == 0
    assert (figures["runs"], figures["seed"]) == (3, 7100)
    assert [figures[n] for n in ("lost", "doubled", "wrong_views", "wrong_reads")] == [0, 0, 0, 0]
    assert figures["acknowledged"] > 0
