"""``dsn faults``: break real processes on purpose, and check that nothing was lost."""

from __future__ import annotations

from typing import Annotated

import typer

from dsn_deploy.interrupting import until_asked


def register(app: typer.Typer) -> None:
    app.command()(faults)


def faults(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of one to three faults.")] = 50,
    seed: Annotated[int, typer.Option(help="Decides everything that is drawn.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, help="Messages/s of each hospital.")] = 12.0,
    first: Annotated[int, typer.Option(min=1, help="Number of the first round.")] = 1,
    kinds: Annotated[str, typer.Option(help="Only these kinds, with commas between.")] = "",
    keep: Annotated[bool, typer.Option(help="Keep the folder with every log.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line at the end.")] = False,
) -> None:
    """Break a whole system of its own, round after round, and check every promise.

    Three brokers, registry, PostgreSQL, two edges, two stream workers and the consumers run on
    loopback while hospitals send and somebody reads. Exit code 0: nothing lost, doubled or wrong.
    """
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.errors import FAILED
    from dsn_deploy.faults.kinds import BY_NAME
    from dsn_deploy.faults.run import Asked, Failed, run

    chosen = tuple(name for name in kinds.split(",") if name)
    unknown = set(chosen) - BY_NAME.keys()
    if unknown:
        raise typer.BadParameter(f"no kind {', '.join(sorted(unknown))}; {', '.join(BY_NAME)}")
    asked = Asked(rounds=rounds, seed=seed, rate=rate, first=first, kinds=chosen, keep=keep)
    try:
        with until_asked():
            tally = run(asked, Progress().say)
    except Failed as failed:
        show(failed.tally.figures(), as_json=as_json)
        raise typer.Exit(FAILED) from None
    show(tally.figures(), as_json=as_json)
