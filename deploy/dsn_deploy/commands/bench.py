"""``dsn bench``: measure this version on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from dsn_deploy.interrupting import until_asked

Json = Annotated[bool, typer.Option("--json", help="One JSON line at the end.")]


def register(app: typer.Typer) -> None:
    bench = typer.Typer(help="Measure this version on this machine.", no_args_is_help=True)
    bench.command("end-to-end")(end_to_end)
    bench.command("identity")(identity)
    bench.command("partition")(partition)
    bench.command("rebuild")(rebuild)
    bench.command("scale")(scale)
    bench.command("stream")(stream)
    app.add_typer(bench, name="bench")


def end_to_end(
    people: Annotated[int, typer.Option(min=1, help="People, known to both sources.")] = 10_000,
    changes: Annotated[int, typer.Option(min=2, help="Taken as fast as possible.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, help="Changes/s while latency is measured.")] = 500,
    seconds: Annotated[int, typer.Option(min=1, help="How long latency is measured.")] = 30,
    messages_rate: Annotated[int, typer.Option(min=1, help="Messages/s over MLLP.")] = 300,
    messages_seconds: Annotated[int, typer.Option(min=1, help="How long over MLLP.")] = 10,
    partitions: Annotated[int, typer.Option(min=1, max=256, help="Of every topic: lanes.")] = 1,
    as_json: Json = False,
) -> None:
    """The whole path, on servers and services of its own: changes/s, CPU, memory, latency."""
    from dsn_deploy.bench.end_to_end import Asked, run
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.errors import FAILED

    asked = Asked(
        people=people,
        changes=changes,
        rate=rate,
        seconds=seconds,
        messages_rate=messages_rate,
        messages_seconds=messages_seconds,
        partitions=partitions,
    )
    with until_asked():
        measured = run(asked, Progress().say)
    show(measured.figures(), as_json=as_json)
    if not measured.balanced:
        typer.echo("dsn: the ledger does not balance", err=True)
        raise typer.Exit(FAILED)


def identity(
    people: Annotated[int, typer.Option(min=1, help="People of the synthetic Quebec.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed is another population.")] = 1,
    turn_records: Annotated[int, typer.Option(min=1, help="Records registered at once.")] = 1_000,
    as_json: Json = False,
) -> None:
    """Who is who: registrations/s on one core with state on disk, and errors against the truth."""
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.bench.identity import Asked, run
    from dsn_schemas.garbage import collect_seldom

    collect_seldom()  # as every service does
    asked = Asked(people=people, seed=seed, turn_records=turn_records)
    show(run(asked, Progress().say).figures(), as_json=as_json)


def stream(
    changes: Annotated[int, typer.Option(min=1, help="Changes that are merged.")] = 1_000_000,
    people: Annotated[int, typer.Option(min=1, help="People they speak of.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Another seed is another load.")] = 1,
    as_json: Json = False,
) -> None:
    """The merge stage alone, durable as in production: changes/s, CPU by part, restore rate."""
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.bench.stream import Asked, run
    from dsn_schemas.garbage import collect_seldom

    collect_seldom()  # as every service does
    with until_asked():
        figures = run(Asked(changes=changes, people=people, seed=seed), Progress().say)
    show(figures, as_json=as_json)


def partition(
    seconds: Annotated[int, typer.Option(min=1, help="How long one of two is cut off.")] = 60,
    rate: Annotated[int, typer.Option(min=20, help="Changes/s, of each establishment.")] = 100,
    before: Annotated[int, typer.Option(min=1, help="Seconds watched before the cut.")] = 20,
    as_json: Json = False,
) -> None:
    """An establishment is cut off from Kafka and comes back: how fast it drains, what others feel."""
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.bench.partition import Asked, run
    from dsn_deploy.errors import FAILED

    with until_asked():
        asked = Asked(seconds=seconds, rate=rate, before_s=before)
        figures, balanced = run(asked, Progress().say)
    show(figures, as_json=as_json)
    if not balanced:
        typer.echo("dsn: the ledger does not balance", err=True)
        raise typer.Exit(FAILED)


def rebuild(
    people: Annotated[int, typer.Option(min=1, help="People, known to both sources.")] = 10_000,
    changes: Annotated[int, typer.Option(min=2, help="In the journal.")] = 100_000,
    partitions: Annotated[int, typer.Option(min=1, max=256, help="Of every topic: lanes.")] = 1,
    as_json: Json = False,
) -> None:
    """Everything from offset 0 of the journal again, beside what serves: changes/s, CPU."""
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.bench.rebuild import Asked, run
    from dsn_deploy.errors import FAILED

    with until_asked():
        asked = Asked(people=people, changes=changes, partitions=partitions)
        measured = run(asked, Progress().say)
    show(measured.figures(), as_json=as_json)
    if measured.differences:
        typer.echo("dsn: the rebuild says something else than the live charts", err=True)
        raise typer.Exit(FAILED)


def scale(
    people: Annotated[int, typer.Option(min=1, help="People, known to both sources.")] = 2_000,
    changes: Annotated[
        int, typer.Option(min=2, help="Taken with each number of workers.")
    ] = 20_000,
    workers: Annotated[str, typer.Option(help="Numbers of workers.")] = "1,2,4",
    as_json: Json = False,
) -> None:
    """The same work with 1, 2 and 4 stream workers; pauses when one joins, leaves and dies."""
    from dsn_deploy.bench.figures import Progress, show
    from dsn_deploy.bench.scale import Asked, run

    numbers = [int(one) for one in workers.split(",") if one.isdigit() and int(one)]
    if not numbers:
        raise typer.BadParameter(f"{workers}: numbers with commas between", param_hint="--workers")
    with until_asked():
        asked = Asked(people=people, changes=changes, workers=numbers)
        figures = run(asked, Progress().say)
    show(figures, as_json=as_json)
