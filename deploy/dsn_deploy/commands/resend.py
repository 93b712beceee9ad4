"""``dsn resend``: have an outbox send again, by the word of an operator on either side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import CommandError

if TYPE_CHECKING:
    from dsn_schemas.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(resend)


def resend(
    source: Annotated[str, typer.Option(help="Name of the source.")],
    first: Annotated[
        int | None, typer.Option("--from", min=1, help="First number; left out: all there are.")
    ] = None,
    epoch: Annotated[int | None, typer.Option(min=1, help="Left out: the latest.")] = None,
    centre: Annotated[
        bool, typer.Option("--centre", help="Ask over the receipts topic, not the outbox here.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Send changes again under the same numbers; the centre drops what it has, so nothing doubles.

    Where the outbox of the source is, it is told; elsewhere it is asked through the centre.
    """
    from dsn_deploy.running import running_settings
    from dsn_producers.resending import has_outbox

    settings = running_settings()
    if not centre and has_outbox(settings, source):
        said = _told(settings, source, epoch, first, dry_run)
    else:
        said = _asked(source, epoch, first, dry_run)
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, **said}))
        return
    would = "would be" if dry_run else "will be"
    count = f"{said['changes']} changes" if said["changes"] is not None else "What the outbox holds"
    typer.echo(
        f"{count} from number {said['first']} of epoch {said['epoch']} on {would} sent again."
    )


def _told(
    settings: Settings, source: str, epoch: int | None, first: int | None, dry_run: bool
) -> dict[str, object]:
    from dataclasses import asdict

    from dsn_producers import resending
    from dsn_producers.errors import EdgeError

    try:
        found = resending.resend(settings, source, epoch=epoch, first=first, dry_run=dry_run)
    except EdgeError as error:
        raise CommandError(str(error)) from error
    return {"by": "outbox", **asdict(found)}


def _asked(source: str, epoch: int | None, first: int | None, dry_run: bool) -> dict[str, object]:
    from dsn_consumers.gaps import NoSuchSource, request_resend
    from dsn_deploy.commands.ledger import ask_store

    after = None if first is None else first - 1
    try:
        requests = ask_store(
            lambda conninfo: request_resend(conninfo, source, epoch, after, dry_run=dry_run)
        )
    except NoSuchSource as error:
        raise CommandError(str(error)) from error
    request = requests[0]
    return {
        "by": "centre",
        "source": source,
        "epoch": request.epoch,
        "first": request.after + 1,
        "changes": None,
    }
