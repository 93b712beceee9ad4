"""``dsn compare``: a site and the centre find what differs between them, by digests in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dsn_deploy import comparing
from dsn_deploy.errors import FAILED, OK, CommandError

if TYPE_CHECKING:
    from dsn_schemas.comparison import Exchange, Numbers

#: Files of one comparison: 10^12 numbers take six.
_FILES_MAX = 12
#: Runs of numbers shown to a person; ``--json`` has them all.
_SHOWN = 20

Out = Annotated[
    Path | None, typer.Option(help="File to write; left out: SOURCE-comparison-NUMBER.json.")
]
Secret = Annotated[
    Path | None, typer.Option(help="File of a secret that both sides hold, mixed into the digests.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    compare = typer.Typer(
        help="Compare a site's outbox with the centre: by digests, the data stays where it is.",
        no_args_is_help=True,
    )
    compare.command()(begin)
    compare.command()(answer)
    compare.command()(here)
    app.add_typer(compare, name="compare")


def begin(
    source: Annotated[str, typer.Option(help="Name of the source.")],
    centre: Annotated[
        bool, typer.Option("--centre", help="Speak for the centre, though the outbox is here.")
    ] = False,
    challenge: Annotated[
        str, typer.Option(help="64 hexadecimal digits the other side chose; left out: random.")
    ] = "",
    out: Out = None,
    secret: Secret = None,
    as_json: AsJson = False,
) -> None:
    """Write the first file, for the other side to answer.

    Where the outbox of the source is, it speaks; elsewhere the centre does. Exit code: 0 written,
    1 nothing is known of the source, 3 the store does not answer.
    """
    from dsn_deploy.running import running_settings
    from dsn_producers.resending import has_outbox

    side = "site" if not centre and has_outbox(running_settings(), source) else "centre"
    said = comparing.began(side, source, comparing.challenge(challenge), comparing.secret(secret))
    path, size_bytes = comparing.write(said, out)
    if as_json:
        facts = {"source": source, "by": side, "numbers": said.compared}
        typer.echo(json.dumps(facts | {"file": str(path), "bytes": size_bytes}))
    else:
        typer.echo(f"Digests of {said.compared:,} numbers.")
        _show_written(said, path, size_bytes)


def answer(
    file: Annotated[Path, typer.Argument(help="What the other side wrote.")],
    out: Out = None,
    secret: Secret = None,
    as_json: AsJson = False,
) -> None:
    """Hold the other side's file against what is here; name the differences, or write an answer.

    Exit code: 0 both sides agree, 1 they do not (or it is not known yet: carry the answer), 3 the
    store does not answer.
    """
    from dsn_schemas.comparison import OwnFile

    theirs = comparing.read(file)
    try:
        said = comparing.answered(theirs, comparing.secret(secret))
    except OwnFile as error:
        raise CommandError(f"{file}: {error}") from error
    size_bytes = file.stat().st_size
    path = None
    if not said.done:
        path, written_bytes = comparing.write(said, out)
        size_bytes += written_bytes
    _conclude(said, as_json, size_bytes, path)


def here(
    source: Annotated[str, typer.Option(help="Name of the source.")],
    as_json: AsJson = False,
) -> None:
    """Compare at once, where outbox and store are both reached from this machine.

    Exit code: 0 both sides agree, 1 they do not, 3 the store does not answer.
    """
    said = comparing.began("site", source, comparing.challenge(""), b"")
    size_bytes = 0
    for _ in range(_FILES_MAX):
        size_bytes += len(comparing.text(said))
        said = comparing.answered(said, b"")
        if said.done:
            break
    _conclude(said, as_json, size_bytes, None)


def _conclude(said: Exchange, as_json: bool, size_bytes: int, path: Path | None) -> None:
    """Say what is known, and end with its exit code; ``size_bytes`` of the files so far."""
    equal = said.done and not said.differs
    if as_json:
        typer.echo(json.dumps(_verdict(said, equal, size_bytes, path)))
    else:
        _show(said, equal)
        if path is not None:
            _show_written(said, path, path.stat().st_size)
    raise typer.Exit(OK if equal else FAILED)


def _verdict(said: Exchange, equal: bool, size_bytes: int, path: Path | None) -> dict[str, Any]:
    from dsn_schemas import comparison_file as files

    centre = said.centre
    return {
        "equal": equal,
        "done": said.done,
        "source": said.source,
        "compared": said.compared,
        "found": files.found_document(said.found),
        "not_shown": files.numbers_document(centre.not_shown) if centre else {},
        "quarantined": files.numbers_document(centre.quarantined) if centre else {},
        "repair": _repairs(said),
        "files": said.number if path is not None else said.number - 1,
        "bytes": size_bytes,
        "file": None if path is None else str(path),
    }


#: What each class means to the person who reads it, in the order of their weight.
_WORDS = {
    "missing": "the site gave them, the centre read past them and does not have them",
    "unknown": "the centre has them, the site never gave them",
    "differing": "other bytes under the same numbers",
    "unexamined": "something differs within; repair the others and compare again",
    "in_flight": "on their way, no difference",
    "not_compared": "bytes are not known here any more, or were written under two schema ids",
}


def _show(said: Exchange, equal: bool) -> None:
    typer.echo(f"{said.source}: {said.compared:,} numbers compared.")
    for name, meaning in _WORDS.items():
        _show_numbers(name.replace("_", " "), getattr(said.found, name), meaning)
    if said.centre is not None:
        _show_numbers("not shown", said.centre.not_shown, "in no chart; see `dsn reconcile`")
        _show_numbers("quarantined", said.centre.quarantined, "no difference; see `dsn quarantine`")
    for command in _repairs(said):
        typer.echo(f"To repair: {command}")
    if equal:
        typer.echo("Both sides agree.")
    elif said.done:
        typer.secho("The two sides do NOT agree.", fg="red", bold=True)
    else:
        typer.echo("Not known yet: some ranges differ.")


def _show_numbers(name: str, numbers: Numbers, meaning: str) -> None:
    from dsn_schemas.runs import count, words

    for epoch, runs in numbers.items():
        more = ", …" if len(runs) > _SHOWN else ""
        said = f"{count(runs):,} of epoch {epoch}, {words(runs[:_SHOWN])}{more}"
        typer.echo(f"  {name}: {said} ({meaning})")


def _show_written(said: Exchange, path: Path, size_bytes: int) -> None:
    other = comparing.OTHER[said.by.value]
    typer.echo(
        f"Written: {path}, {size_bytes:,} bytes. Carry it to the {other}, and there:"
        f" dsn compare answer {path.name}"
    )


def _repairs(said: Exchange) -> list[str]:
    """What has the outbox send again what the centre lost: from the first such number on."""
    return [
        f"dsn resend --source {said.source} --epoch {epoch} --from {runs[0][0]}"
        for epoch, runs in said.found.missing.items()
    ]
