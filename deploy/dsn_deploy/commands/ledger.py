"""``dsn ledger``: the fate of every change of every source, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from dsn_deploy.errors import FAILED, OK, CommandError, Unreachable

if TYPE_CHECKING:
    from dsn_consumers.ledger import LedgerRow

Answer = TypeVar("Answer")


def register(app: typer.Typer) -> None:
    app.command()(ledger)


def ledger(
    by_day: Annotated[bool, typer.Option("--by-day", help="A line per source and day.")] = False,
    source: Annotated[str, typer.Option(help="Only this source.")] = "",
    whole: Annotated[
        bool, typer.Option("--recount", help="Count everything from nothing; takes its time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what became of each change. Exit code: 0 balanced, 1 something is lost or on its way.

    The days are those of Quebec on which the edge took the changes in.
    """
    from dsn_consumers import ledger as books
    from dsn_consumers import ledger_count as kept

    differing: list[str] = []
    if whole:
        found = ask_store(kept.recount)
        differing = found.differing
    else:
        ask_store(kept.count)
    days = ask_store(lambda conninfo: kept.days(conninfo, source=source or None))
    rows = kept.added(days)
    agreed = books.balanced(rows)
    if as_json:
        said: dict[str, object] = {"balanced": agreed, "sources": [asdict(row) for row in rows]}
        if by_day:
            said["days"] = [asdict(day) for day in days]
        if whole:
            said["differing"] = differing
        typer.echo(json.dumps(said, default=str))
    else:
        show(days if by_day else rows, verdict(rows, agreed))
        for name in differing:
            typer.echo(f"{name}: the kept books said something else and were made anew.")
    raise typer.Exit(OK if agreed and not differing else FAILED)


def ask_store(question: Callable[[str], Answer]) -> Answer:
    """What the central store answers. Raises ``Unreachable``, ``CommandError`` without tables."""
    import psycopg

    from dsn_deploy.running import running_settings

    try:
        return question(running_settings().conninfo)
    except psycopg.OperationalError as error:
        raise Unreachable(f"the store does not answer ({error}); is it up? `dsn up`") from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise CommandError("the store has no tables yet; `dsn topics ensure` makes them") from None


def show(rows: Sequence[LedgerRow], said: str) -> None:
    """A line per source, or per source and day, then the verdict."""
    from rich.console import Console
    from rich.table import Table

    from dsn_consumers.ledger_count import DayRow

    table = Table("source", box=None, pad_edge=False)
    fates = ("received", "shown", "superseded", "duplicate", "quarantined", "in_flight")
    for name in (*fates, "unexplained"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        lost = f"[red]{row.unexplained}[/]" if row.unexplained else "0"
        name = f"{row.source} {row.day}" if isinstance(row, DayRow) else row.source
        table.add_row(name, *(str(getattr(row, fate)) for fate in fates), lost)
    Console().print(table)
    typer.echo(said)


def verdict(rows: Sequence[LedgerRow], agreed: bool) -> str:
    """The books in one sentence."""
    if agreed:
        return "Every change is accounted for."
    if lost := sum(row.unexplained for row in rows):
        return f"{lost} changes are unexplained: something was lost, or numbered twice."
    on_their_way = sum(row.in_flight for row in rows)
    return f"{on_their_way} changes are on their way; nothing is unexplained."
