"""``dsn feed``: give files of messages to a source, as if they had come over its interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dsn_producers.feed import FeedResult
    from dsn_producers.sources import Source
    from dsn_schemas.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(feed)


def feed(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.")],
    source: Annotated[str, typer.Option(help="Name of the source in the sources file.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line at the end.")] = False,
) -> None:
    """Feed HL7 v2 or FHIR files; interrupted or repeated, it takes each message once."""
    from dsn_deploy.errors import CommandError
    from dsn_deploy.running import running_settings
    from dsn_producers.errors import EdgeError

    settings = running_settings()
    try:
        result = _fed(settings, path, _source(settings, source))
    except FileNotFoundError:
        raise CommandError(f"{path}: no such file or folder") from None
    except EdgeError as error:
        raise CommandError(f"{error}; what was taken stays taken, feed again to go on") from error
    _show(result, as_json)


def _source(settings: Settings, name: str) -> Source:
    from dsn_deploy.errors import CommandError
    from dsn_producers.sources import SourcesError, load

    try:
        found = {source.name: source for source in load(settings.sources)}
    except SourcesError as error:
        raise CommandError(f"{error} (DSN_SOURCES names the file)") from error
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise CommandError(f"no source {name!r} in {settings.sources}; it has: {known}")
    return found[name]


def _fed(settings: Settings, path: Path, source: Source) -> FeedResult:
    """Feed with a bar on a terminal, silently elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from dsn_producers.feed import feed as feed_files

    columns = (
        TextColumn(f"{source.name}: {{task.fields[messages]}} messages"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, messages=0)

        def progress(result: FeedResult) -> None:
            bar.update(
                task,
                total=result.bytes_total,
                completed=result.bytes_read,
                messages=result.messages,
            )

        return feed_files(settings, path, source, progress)


def _show(result: FeedResult, as_json: bool) -> None:
    counts = {
        "files": result.files,
        "messages": result.messages,
        "received": result.received,
        "numbered": result.numbered,
        "duplicate": result.duplicate,
        "rejected": result.rejected,
        "too_large": result.too_large,
    }
    if as_json:
        typer.echo(json.dumps(counts))
        return
    typer.echo(
        f"{result.messages} messages: {result.received} changes received, {result.numbered} new,"
        f" {result.duplicate} said nothing new, {result.rejected} messages in quarantine."
    )
    if result.too_large:
        typer.echo(f"{result.too_large} messages are too large to keep: see the log.", err=True)
        raise typer.Exit(1)
