"""``dsn reviews``: the questions that wait for a steward, the oldest first."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from dsn_deploy.commands.ledger import ask_store


def register(app: typer.Typer) -> None:
    app.command()(reviews)


def reviews(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """List potential duplicates and joins that something forbids; `dsn person` decides them.

    No name and no date of anybody is shown: only record numbers and how alike the two are.
    """
    from dsn_consumers.steward.desk import Desk
    from dsn_consumers.steward.words import review_lines

    found, count = ask_store(lambda conninfo: Desk(conninfo).reviews(limit))
    now = datetime.now(UTC)
    if as_json:
        listed = [
            asdict(one) | {"age_s": int((now - one.opened_at).total_seconds())} for one in found
        ]
        typer.echo(json.dumps({"open": count, "reviews": listed}, default=str))
        return
    for one in found:
        typer.echo(f"{one.a.key}  {one.b.key}  ({(now - one.opened_at).days} days)")
        for line in review_lines(one):
            typer.echo(f"  {line}")
    typer.echo(f"{count} open.")
