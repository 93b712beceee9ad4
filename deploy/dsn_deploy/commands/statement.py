"""``dsn statement``: close the books of a source's period, and check them at the site."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from dsn_deploy.commands.key import signed_in, signer, verifier
from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError

if TYPE_CHECKING:
    from dsn_consumers.statement import Issued
    from dsn_producers.closing import Check
    from dsn_schemas.statement import Statement


def register(app: typer.Typer) -> None:
    statement = typer.Typer(
        help="Closing statements: what became of a source's changes of a period.",
        no_args_is_help=True,
    )
    statement.command()(issue)
    statement.command()(verify)
    app.add_typer(statement, name="statement")


def issue(
    source: Annotated[
        list[str] | None, typer.Option(help="Name of a source; left out: every source.")
    ] = None,
    first: Annotated[
        str, typer.Option("--from", help="First day in Quebec, YYYY-MM-DD; left out: yesterday.")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", help="Last day, inclusive; left out: the first.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder to put a file per source into, to be sent.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Private key; left out: that of DSN_SIGNING_KEY.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="State, but do not keep.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """State what became of every change that a source took in on these days, sign it and keep it.

    What was issued is on the page /releves too. Exit code: 0 nothing is unexplained (what is on
    its way is said), 1 something is, or nothing is known of the source, 3 the store does not answer.
    """
    from dsn_consumers import statement as statements

    begin, end = _period(first, last)
    signing, now = signer(key), datetime.now(UTC)
    names = source or ask_store(lambda conninfo: statements.sources_until(conninfo, end))
    issued: list[Issued] = []
    try:
        for name in names:
            issued.append(
                ask_store(
                    lambda conninfo, name=name: statements.issue(  # type: ignore[misc]  # default binds
                        conninfo, name, begin, end, now=now, signer=signing, keep=not dry_run
                    )
                )
            )
    except statements.NothingKnown as error:
        if source:
            raise CommandError(str(error)) from error
    files = [_write(out, one) for one in issued] if out is not None else []
    if as_json:
        said = [_envelope(one) | {"number": one.number} for one in issued]
        agreed = statements.closed(issued)
        typer.echo(json.dumps({"closed": agreed, "statements": said}))
    else:
        for one in issued:
            _show(one.statement, one.number, signed=one.signature is not None)
        for file in files:
            typer.echo(f"Written: {file}")
        if not issued:
            typer.echo("No source was heard of by then.")
    raise typer.Exit(OK if statements.closed(issued) else FAILED)


def verify(
    file: Annotated[Path, typer.Argument(help="A statement as `dsn statement issue` wrote it.")],
    key: Annotated[
        Path | None, typer.Option(help="Public key of the centre; left out: DSN_VERIFY_KEY.")
    ] = None,
    signature_only: Annotated[
        bool, typer.Option("--signature-only", help="Do not ask the outbox on this machine.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Check a statement: its signature, its sum, and day by day what the outbox here knows.

    Exit code: 0 signed, nothing unexplained and every day agrees with the outbox; 1 anything else,
    days that the outbox no longer knows included.
    """
    from dsn_deploy.running import running_settings
    from dsn_producers import closing
    from dsn_producers.errors import EdgeError
    from dsn_producers.resending import has_outbox

    statement, problems = _read(file, key)
    settings = running_settings()
    held: Check | None = None
    if not signature_only:
        if not has_outbox(settings, statement.source):
            raise CommandError(
                f"the outbox of {statement.source} is not in {settings.data}; check where it is,"
                " or only the signature with --signature-only"
            )
        try:
            held = closing.check(settings, statement)
        except EdgeError as error:
            raise CommandError(str(error)) from error
    if not statement.adds_up:
        problems.append("its sum does not agree")
    if statement.unexplained:
        problems.append(f"{statement.unexplained} changes are UNEXPLAINED")
    agreed = not problems and (held is None or held.agrees)
    if as_json:
        typer.echo(json.dumps(_verdict(statement, problems, held, agreed)))
    else:
        _show(statement, 0, signed=True)
        _show_check(held, statement)
        for problem in problems:
            typer.secho(problem, fg="red", bold=True)
        typer.echo("The statement agrees." if agreed else "The statement does NOT agree.")
    raise typer.Exit(OK if agreed else FAILED)


def _period(first: str, last: str) -> tuple[date, date]:
    from dsn_schemas.statement import ZONE_NAME

    yesterday = (datetime.now(ZoneInfo(ZONE_NAME)) - timedelta(days=1)).date()
    try:
        begin = date.fromisoformat(first) if first else yesterday
        end = date.fromisoformat(last) if last else begin
    except ValueError:
        raise typer.BadParameter("a day is written YYYY-MM-DD") from None
    if end < begin:
        raise typer.BadParameter("--to is before --from")
    return begin, end


def _envelope(issued: Issued) -> dict[str, Any]:
    return {"statement": issued.document, "signature": issued.signature}


def _write(folder: Path, issued: Issued) -> Path:
    said = issued.statement
    path = folder / f"{said.source}-{said.first}-{said.last}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_envelope(issued), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    return path


def _read(file: Path, key: Path | None) -> tuple[Statement, list[str]]:
    """The statement and what is wrong with its signature. Raises ``CommandError``."""
    from dsn_schemas import signing
    from dsn_schemas.statement import KIND, NoStatement, from_document

    checking = verifier(key)
    said, signature = signed_in(file, "statement")
    try:
        statement = from_document(said)
    except NoStatement as error:
        raise CommandError(f"{file}: {error}") from error
    if checking is None:
        return statement, ["no public key was named, so the signature was not checked"]
    try:
        checking.check(KIND, said, signature)
    except signing.BadSignature as error:
        return statement, [f"signature: {error}"]
    return statement, []


def _verdict(
    statement: Statement, problems: list[str], held: Check | None, agreed: bool
) -> dict[str, object]:
    said: dict[str, object] = {
        "agrees": agreed,
        "source": statement.source,
        "first": statement.first.isoformat(),
        "last": statement.last.isoformat(),
        "problems": problems,
    }
    if held is not None:
        counts = held.counts
        said["days"] = [
            {
                "day": one.day.isoformat(), "epoch": one.epoch, "outcome": one.outcome.value,
                "centre": one.centre, "site": one.site, "detail": one.detail,
            }
            for one in held.days
        ]  # fmt: skip
        said["site"] = {
            "received": counts.received,
            "duplicate": counts.duplicate,
            "rejected": counts.rejected,
        }
    return said


def _show(statement: Statement, number: int, *, signed: bool) -> None:
    from dsn_schemas.statement import FATES

    period = f"{statement.first}" if statement.first == statement.last else (
        f"{statement.first} to {statement.last}"
    )  # fmt: skip
    typer.echo(f"{f'Statement {number}: ' if number else ''}{statement.source}, {period}")
    fates = " + ".join(f"{getattr(statement, f):,} {f.replace('_', ' ')}" for f in FATES)
    typer.echo(f"  received {statement.received:,} = {fates}")
    typer.echo(f"  digest {statement.digest} over {statement.changes:,} changes")
    if not signed:
        typer.echo("  NOT SIGNED: no key was named (--key or DSN_SIGNING_KEY)")
    if statement.unexplained:
        typer.secho(
            f"  {statement.unexplained:,} changes are UNEXPLAINED: something was lost. See `dsn gaps`"
            " and `dsn reconcile`.",
            fg="red",
            bold=True,
        )
    elif statement.in_flight:
        typer.echo(f"  provisional: {statement.in_flight:,} changes are still on their way")


def _show_check(held: Check | None, statement: Statement) -> None:
    if held is None:
        return
    for one in held.days:
        typer.echo(
            f"  {one.day} epoch {one.epoch}: {one.outcome.value}, {one.site:,} here,"
            f" {one.centre:,} at the centre{f': {one.detail}' if one.detail else ''}"
        )
    if held.counts.received is not None:
        typer.echo(
            f"  counted here: {held.counts.received:,} received, {held.counts.duplicate:,} duplicate"
            f" (the centre heard of {statement.duplicate:,}, copies in the journal included)"
        )
