"""Many runs, over every core, and what they add up to."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from dsn_deploy.simulation.outcome import COUNTED, Outcome, live, percentile
from dsn_deploy.simulation.plan import plan_of
from dsn_schemas.garbage import collect_seldom

#: Failing seeds that are told.
FAILING_MAX = 20


@dataclass(slots=True)
class Sum:
    """The figures of a campaign."""

    seed: int
    runs: int = 0
    acknowledged: int = 0
    reads: int = 0
    deaths: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    failing: list[int] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    died_at: Counter[str] = field(default_factory=Counter)
    drained_s_max: float = 0.0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """One more run."""
        self.runs += 1
        self.acknowledged += outcome.acknowledged
        self.reads += outcome.reads
        self.deaths += outcome.deaths
        self.violations.update(violation.invariant for violation in outcome.violations)
        self.died_at.update(outcome.died_at)
        self.drained_s_max = max(self.drained_s_max, outcome.drained_s)
        if outcome.violations:
            self.failing.append(outcome.seed)
        for kind, times in outcome.recoveries.items():
            self.recoveries.setdefault(kind, []).extend(times)

    def figures(self) -> dict[str, object]:
        """For ``--json``."""
        counts = {
            name: sum(self.violations[one] for one in invariants)
            for name, invariants in COUNTED.items()
        }
        return {
            "runs": self.runs,
            "seed": self.seed,
            "acknowledged": self.acknowledged,
            **counts,
            "reads": self.reads,
            "deaths": self.deaths,
            "failing_seeds": self.failing[:FAILING_MAX],
            "failing": len(self.failing),
            "recovery_s_max": {k: round(max(v), 2) for k, v in self.recoveries.items() if v},
            "recovery_s_p99": {
                k: round(percentile(v, 0.99), 2) for k, v in self.recoveries.items() if v
            },
            "drained_s_max": round(self.drained_s_max, 2),
            "seconds": round(self.seconds, 1),
            "runs_per_s": round(self.runs / self.seconds, 1) if self.seconds else 0.0,
        }


def campaign(runs: int, seed: int, jobs: int, said: Callable[[Sum], None]) -> Sum:
    """Run the seeds ``seed`` to ``seed + runs - 1``; ``said`` hears of the progress."""
    total, began = Sum(seed), time.monotonic()
    for outcome in _outcomes(runs, seed, jobs):
        total.add(outcome)
        total.seconds = time.monotonic() - began
        said(total)
    return total


def run_seed(seed: int) -> Outcome:
    """The run of a seed."""
    return live(plan_of(seed))


def quiet() -> None:
    """The services' own logs would be one line a crash. Looking for garbage is a quarter of a run."""
    collect_seldom()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _outcomes(runs: int, seed: int, jobs: int) -> Iterator[Outcome]:
    seeds = range(seed, seed + runs)
    if jobs == 1:
        quiet()
        yield from map(run_seed, seeds)
        return
    # Spawned: librdkafka, which the stages import, does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=quiet) as pool:
        yield from pool.imap_unordered(run_seed, seeds, chunksize=8)
