"""``dsn key``: the pair of keys that statements and audit checkpoints are signed and checked with.

What is signed lies in a file of JSON under its name, with the signature beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dsn_deploy.errors import CommandError

if TYPE_CHECKING:
    from dsn_schemas.signing import Signer, Verifier


def register(app: typer.Typer) -> None:
    key = typer.Typer(help="Keys that the centre signs with.", no_args_is_help=True)
    key.command()(make)
    key.command()(show)
    app.add_typer(key, name="key")


def make(
    private: Annotated[Path, typer.Argument(help="New file of the private key.")],
    public: Annotated[Path, typer.Argument(help="New file of the public key, to be given out.")],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Make a pair of Ed25519 keys; never over a file that exists.

    The private file is readable by its owner only: name it in DSN_SIGNING_KEY at the centre, away
    from whoever administers the database. Give the public one to every site and to the auditor, by
    a way of its own; they name it in DSN_VERIFY_KEY. Exit code: 0 made, 1 a file was there already.
    """
    from dsn_schemas import signing

    try:
        name = signing.make_pair(private, public)
    except signing.SigningError as error:
        raise CommandError(str(error)) from error
    if as_json:
        said = {"key": name, "private": str(private), "public": str(public)}
        typer.echo(json.dumps(said))
    else:
        typer.echo(f"Key {name}: private in {private}, public in {public}.")


def show(
    public: Annotated[Path, typer.Argument(help="File of a public key.")],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say the id of a public key: read it to each other on the telephone. Exit code: 1 no key."""
    from dsn_schemas import signing

    try:
        name = signing.load_verifier(public).key_id
    except signing.SigningError as error:
        raise CommandError(str(error)) from error
    typer.echo(json.dumps({"key": name}) if as_json else name)


def signer(wanted: Path | None) -> Signer | None:
    """The key to sign with: the one named, else the one of the settings; none without either."""
    from dsn_deploy.running import running_settings
    from dsn_schemas import signing

    path = wanted or running_settings().signing_key
    try:
        return None if path is None else signing.load_signer(path)
    except signing.SigningError as error:
        raise CommandError(str(error)) from error


def verifier(wanted: Path | None) -> Verifier | None:
    """The key to check with: the one named, else the one of the settings; none without either."""
    from dsn_deploy.running import running_settings
    from dsn_schemas import signing

    path = wanted or running_settings().verify_key
    try:
        return None if path is None else signing.load_verifier(path)
    except signing.SigningError as error:
        raise CommandError(str(error)) from error


def signed_in(file: Path, name: str) -> tuple[Any, object]:
    """What a file says under this name, and the signature beside it, not checked yet.

    Raises ``CommandError``.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return said[name], said.get("signature")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{file} is no {name} in JSON") from None
