"""``dsn audit verify``: does the audit log still say what it said?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="The log of every change and of every read.", no_args_is_help=True)
    audit.callback()(_nothing)
    audit.command()(verify)
    app.add_typer(audit, name="audit")


def verify(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Recompute every chain of the logs. Exit code: 0 both are whole, 1 something was changed."""
    from dsn_consumers import verify as chains

    findings = ask_store(chains.verify)
    if as_json:
        said = {"whole": not findings, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(said, indent=1))
    elif findings:
        for finding in findings:
            typer.echo(f"{finding.log} {finding.row}: {finding.what}")
        typer.echo(f"{len(findings)} findings: keep a copy of the database before anything else.")
    else:
        typer.echo("Every chain is whole.")
    raise typer.Exit(FAILED if findings else OK)


def _nothing() -> None:
    """Keeps ``dsn audit verify`` a sub-command while it is the only one."""
