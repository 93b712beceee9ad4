"""``dsn simulate``: the whole path under faults, thousands of times, from one seed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import FAILED

if TYPE_CHECKING:
    from dsn_deploy.simulation.campaign import Sum


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    runs: Annotated[int, typer.Option(min=1, help="How many runs.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the first run; others follow.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at once.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line at the end.")] = False,
) -> None:
    """Production code over a simulated broker, store, clock and network that fail. Exit code 1
    when a run lost, doubled or showed anything wrong: its seed is printed, and its smallest
    history."""
    from dsn_deploy.simulation.campaign import campaign, quiet
    from dsn_deploy.simulation.outcome import live
    from dsn_deploy.simulation.plan import plan_of
    from dsn_deploy.simulation.shrink import fails_alike, shrunk, told

    quiet()
    total = campaign(runs, seed, min(jobs, runs), _Progress().said)
    if total.failing:
        plan = plan_of(min(total.failing))
        smallest = shrunk(plan, fails_alike(plan))
        typer.echo("\n".join(told(smallest, live(smallest).violations)))
        typer.echo(f"again: dsn simulate --runs 1 --seed {plan.seed}", err=True)
    show(total, as_json=as_json)
    if total.failing:
        raise typer.Exit(FAILED)


def show(total: Sum, *, as_json: bool) -> None:
    """The figures."""
    figures = total.figures()
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:18} {value}")


class _Progress:
    """A line for every failing run, and one every thousand runs."""

    def __init__(self) -> None:
        self._failing = 0

    def said(self, total: Sum) -> None:
        for seed in total.failing[self._failing :]:
            typer.echo(f"seed {seed} fails", err=True)
        self._failing = len(total.failing)
        if total.runs % 1_000 == 0:
            typer.echo(
                f"{total.runs} runs, {len(total.failing)} failing, {total.seconds:.0f} s", err=True
            )
