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
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what became of each change. Exit code: 0 balanced, 1 something is lost or on its way."""
    from dsn_consumers import ledger as books

    rows = ask_store(books.ledger)
    agreed = books.balanced(rows)
    if as_json:
        sources = [asdict(row) for row in rows]
        typer.echo(json.dumps({"balanced": agreed, "sources": sources}, indent=1))
    else:
        show(rows, agreed)
    raise typer.Exit(OK if agreed else FAILED)


def ask_store(question: Callable[[str], Answer]) -> Answer:
    """What the central store answers. Raises ``Unreachable``, ``CommandError`` without tables."""
    import psycopg

    from dsn_deploy.running import running_settings

    try:
        return question(running_settings().conninfo)
    except psycopg.OperationalError as error:
        raise Unreachable(f"the store does not answer ({error}); is it up? `dsn up`") from None
    except psycopg.errors.UndefinedTable:
        raise CommandError("the store has no tables yet; `dsn topics ensure` makes them") from None


def show(rows: Sequence[LedgerRow], agreed: bool) -> None:
    """A line per source, then the verdict."""
    from rich.console import Console
    from rich.table import Table

    table = Table("source", box=None, pad_edge=False)
    fates = ("received", "shown", "superseded", "duplicate", "quarantined", "in_flight")
    for name in (*fates, "unexplained"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        lost = f"[red]{row.unexplained}[/]" if row.unexplained else "0"
        table.add_row(row.source, *(str(getattr(row, name)) for name in fates), lost)
    Console().print(table)
    typer.echo(verdict(rows, agreed))


def verdict(rows: Sequence[LedgerRow], agreed: bool) -> str:
    """The books in one sentence."""
    if agreed:
        return "Every change is accounted for."
    if lost := sum(row.unexplained for row in rows):
        return f"{lost} changes are unexplained: something was lost, or numbered twice."
    on_their_way = sum(row.in_flight for row in rows)
    return f"{on_their_way} changes are on their way; nothing is unexplained."
