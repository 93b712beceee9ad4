"""``dsn gaps``: numbers that never arrived, and what an operator says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError

if TYPE_CHECKING:
    from dsn_consumers.gaps import GapRow


def register(app: typer.Typer) -> None:
    gaps = typer.Typer(
        help="Numbers that never arrived though later ones did.", invoke_without_command=True
    )
    gaps.callback()(show)
    gaps.command()(explain)
    app.add_typer(gaps, name="gaps")


def show(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Closed and explained ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show the holes. Exit code: 0 none is open, 1 numbers are missing."""
    if context.invoked_subcommand is not None:
        return
    from dsn_consumers import gaps

    found = ask_store(gaps.gaps)
    missing = [row for row in found if row.state in ("open", "asked")]
    shown = found if every else missing
    if as_json:
        rows = [
            {**asdict(row), "since": row.since.isoformat(), "closed_at": _iso(row)} for row in shown
        ]
        typer.echo(json.dumps({"open": len(missing), "gaps": rows}))
    else:
        _table(shown, len(missing))
    raise typer.Exit(FAILED if missing else OK)


def explain(
    source: Annotated[str, typer.Option(help="Name of the source.")],
    epoch: Annotated[int, typer.Option(min=1, help="Epoch of the numbers.")],
    reason: Annotated[str, typer.Option(help="Why they will not come; no patient data.")],
    after: Annotated[int, typer.Option(min=0, help="Holes above this number.")] = 0,
    upto: Annotated[int, typer.Option(min=1, help="Holes up to this number.")] = (1 << 40) - 1,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say why numbers will not come; the outbox puts that reason in their place.

    First it sends whatever it still holds of them. What is filled is in quarantine, and what is
    complete goes on.
    """
    import getpass

    from dsn_consumers import gaps

    if not reason.strip():
        raise CommandError("a reason is wanted: those who read it later know nothing else")
    who = getpass.getuser()
    count = ask_store(
        lambda conninfo: gaps.explain(conninfo, source, epoch, after, upto, reason, who)
    )
    if as_json:
        typer.echo(json.dumps({"explained": count}))
    elif count:
        typer.echo(f"{count} holes of {source} are explained; its outbox fills them when it hears.")
    if not count:
        raise CommandError(
            f"{source} has no open hole in epoch {epoch} above {after} up to {upto}; see `dsn gaps`"
        )


def _iso(row: GapRow) -> str | None:
    return row.closed_at.isoformat() if row.closed_at else None


def _table(rows: Sequence[GapRow], missing: int) -> None:
    from rich.console import Console
    from rich.table import Table

    if rows:
        table = Table(
            "source", "epoch", "above", "up to", "since", "state", box=None, pad_edge=False
        )
        table.add_column("note")
        for row in rows:
            since = f"{row.since:%Y-%m-%d %H:%M:%S}"
            note = row.reason or (f"asked {row.asked} times" if row.asked else "")
            numbers = (str(row.epoch), str(row.after), str(row.upto))
            table.add_row(row.source, *numbers, since, row.state, note)
        Console().print(table)
    if not missing:
        typer.echo("No number is missing.")
        return
    typer.echo(
        f"{missing} holes: what is complete stops before them. The outbox was or will be asked to send"
        " again; what it no longer has, `dsn gaps explain` gives a reason."
    )
