"""``dsn audit``: does the log of every change and read still say what it said?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.commands.key import signed_in, signer, verifier
from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError

if TYPE_CHECKING:
    from dsn_consumers.checkpoint import Checkpoint


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="The log of every change and of every read.", no_args_is_help=True)
    audit.command()(verify)
    audit.command()(checkpoint)
    app.add_typer(audit, name="audit")


def checkpoint(
    folder: Annotated[Path, typer.Argument(help="Where to put it: not on the database's machine.")],
    key: Annotated[
        Path | None, typer.Option(help="Private key; left out: that of DSN_SIGNING_KEY.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Sign where every chain of the logs ends now, into a new file of the folder.

    What is behind a checkpoint cannot be rewritten unseen, not even by whoever owns the database.
    Make one every hour or day, and keep them where that person has no access. Exit code: 0 written,
    1 without a key or a place, 3 the store does not answer.
    """
    from dsn_consumers import checkpoint as checkpoints

    signing = signer(key)
    if signing is None:
        raise CommandError("no key to sign with: `dsn key make`, then --key or DSN_SIGNING_KEY")
    now = datetime.now(UTC)
    said = checkpoints.document(ask_store(lambda conninfo: checkpoints.take(conninfo, now)))
    envelope = {"checkpoint": said, "signature": signing.signature(checkpoints.KIND, said)}
    path = folder / f"audit-{now:%Y%m%dT%H%M%S%f}Z.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(envelope, indent=1) + "\n")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    rows = sum(one["rows"] for one in said["audit"])
    if as_json:
        lines = said["access"]["lines"]
        typer.echo(json.dumps({"file": str(path), "rows": rows, "lines": lines}))
    else:
        typer.echo(f"Signed {rows} rows and {said['access']['lines']} reads: {path}")


def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A file or folder of `dsn audit checkpoint`; may be given again."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public key of the centre; left out: DSN_VERIFY_KEY.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Recompute every chain of the logs, and hold them against checkpoints.

    Without a checkpoint only somebody who cannot rewrite a whole chain is found. Exit code: 0 both
    logs are whole, 1 something was changed or a checkpoint is not to be believed.
    """
    from dsn_consumers import verify as chains

    signed = _checkpoints(checkpoint or (), key)
    findings = ask_store(lambda conninfo: chains.verify(conninfo, signed))
    if as_json:
        found = [asdict(finding) for finding in findings]
        said = {"whole": not findings, "checkpoints": len(signed), "findings": found}
        typer.echo(json.dumps(said))
    elif findings:
        for finding in findings:
            typer.echo(f"{finding.log} {finding.row}: {finding.what}")
        typer.echo(f"{len(findings)} findings: keep a copy of the database before anything else.")
    else:
        typer.echo(f"Every chain is whole; {len(signed)} checkpoints agree.")
    raise typer.Exit(FAILED if findings else OK)


def _checkpoints(paths: Sequence[Path], key: Path | None) -> list[Checkpoint]:
    """What the files say, each with a good signature. Raises ``CommandError``."""
    from dsn_consumers import checkpoint as checkpoints
    from dsn_schemas import signing

    if not paths:
        return []
    checking = verifier(key)
    if checking is None:
        raise CommandError("no key to check the checkpoints with: --key or DSN_VERIFY_KEY")
    found = []
    for path in [file for place in paths for file in _files(place)]:
        said, signature = signed_in(path, "checkpoint")
        try:
            checking.check(checkpoints.KIND, said, signature)
            found.append(checkpoints.from_document(said))
        except (signing.BadSignature, checkpoints.NoCheckpoint) as error:
            raise CommandError(f"{path}: {error}") from error
    return found


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    found = sorted(place.glob("audit-*.json"))
    if not found:
        raise CommandError(f"{place} holds no audit-*.json")
    return found
