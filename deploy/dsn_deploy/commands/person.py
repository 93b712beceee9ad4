"""``dsn person``: why records are one person, since when, who decided it, and deciding it.

Every decision is a change with a number, kept for ever and taken back by another one. What these
commands show of people is traced in the access log first.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError, Unreachable

if TYPE_CHECKING:
    from dsn_consumers.steward.decisions import Decision, Record
    from dsn_consumers.steward.desk import Why

_RECORD = "A record: AUTHORITY|NUMBER, or AUTHORITY:NUMBER."
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
One = Annotated[str, typer.Argument(metavar="A", help=_RECORD)]
Two = Annotated[str, typer.Argument(metavar="B", help=_RECORD)]
Who = Annotated[str, typer.Option("--actor", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words.")]
Expected = Annotated[
    int | None,
    typer.Option(
        "--expected", help="Number of the last decision seen; refused if there is another."
    ),
]


def register(app: typer.Typer) -> None:
    person = typer.Typer(help="Who is who: why, since when, and deciding it.", no_args_is_help=True)
    for command in (why, history, link, unlink, undo, override, exposure):
        person.command()(command)
    person.command("not-same")(not_same)
    app.add_typer(person, name="person")


def why(a: One, b: Two, actor: Who = "operator", as_json: Json = False) -> None:
    """Say why two records are, or are not, one person."""
    from dsn_consumers.steward.desk import Desk
    from dsn_consumers.steward.words import why_lines

    one, two = _record(a), _record(b)
    _trace(actor, "why", [one, two])
    found = ask_store(lambda conninfo: Desk(conninfo).why(one, two))
    if len(found.links) < 2:
        raise CommandError("one of the records is not known to the centre")
    compared = None if found.same or found.review else _compared(found)
    if as_json:
        said = {"same": found.same, "compared": compared} | asdict(found)
        typer.echo(json.dumps(said, default=str))
    else:
        for line in why_lines(found, one, two):
            typer.echo(line)
        if compared is not None:
            typer.echo(
                f"The two charts compared now: {compared['outcome']} by"
                f" {', '.join(compared['reasons'])}, {compared['weight_bits']:+.1f} bits"
                f" (weights {compared['weights']})"
            )
            for level in compared["levels"]:
                typer.echo(f"    {level}")
    raise typer.Exit(OK if found.same else FAILED)


def _compared(why: Why) -> dict[str, Any] | None:
    """The demographics of the two people, compared as the stage compares records."""
    import msgspec

    from dsn_consumers.steward.desk import Desk
    from dsn_schemas.records import Demographics
    from dsn_streams.identity.engine import Engine

    people = [link.person_id for link in why.links]
    known = ask_store(lambda conninfo: Desk(conninfo).demographics(people))
    if len(known) < len(people):
        return None  # somebody on the move, or without demographics
    engine = Engine()
    a, b = (engine.features(msgspec.convert(known[person], Demographics)) for person in people)
    verdict = engine.explain(a, b)
    return {
        "outcome": verdict.outcome,
        "weight_bits": verdict.weight / 256,
        "levels": verdict.levels,
        "reasons": verdict.reasons,
        "barred": verdict.barred,
        "weights": engine.version,
    }


def history(
    what: Annotated[str, typer.Argument(metavar="PERSON|RECORD", help="An id, or a record.")],
    as_json: Json = False,
) -> None:
    """Show every known move and every decision of a person or record."""
    from dsn_consumers.steward.desk import Desk
    from dsn_consumers.steward.words import history_lines

    moves, decided = ask_store(lambda conninfo: Desk(conninfo).history([_id(what)]))
    if as_json:
        said = {"moves": [asdict(m) for m in moves], "decisions": [asdict(d) for d in decided]}
        typer.echo(json.dumps(said, default=str))
        return
    for line in history_lines(moves, decided):
        typer.echo(line)


def link(a: One, b: Two, actor: Who, reason: Reason, expected: Expected = None) -> None:
    """Decide that two records are one person, whatever else speaks against it."""
    _decide_pair("link", a, b, actor, reason, expected)


def unlink(a: One, b: Two, actor: Who, reason: Reason, expected: Expected = None) -> None:
    """Take two records apart that were held for one person; they stay apart until undone."""
    _decide_pair("unlink", a, b, actor, reason, expected)
    typer.echo("Who read the chart meanwhile: dsn person exposure RECORD")


def not_same(a: One, b: Two, actor: Who, reason: Reason, expected: Expected = None) -> None:
    """Decide that two records are two people; nothing asks again."""
    _decide_pair("not-same", a, b, actor, reason, expected)


def undo(a: One, b: Two, actor: Who, reason: Reason, expected: Expected = None) -> None:
    """Take back what was decided about two records: the evidence alone decides again."""
    _decide_pair("undo", a, b, actor, reason, expected)


def override(
    record: One,
    field: Annotated[str, typer.Argument(help="Demographic field: birth_date, gender, names...")],
    value: Annotated[
        str, typer.Argument(help="Its value; JSON for lists; with --undo leave it out")
    ] = "",
    actor: Who = "",
    reason: Reason = "",
    expected: Expected = None,
    take_back: Annotated[bool, typer.Option("--undo", help="Take the override back.")] = False,
) -> None:
    """Decide a demographic field of a record: it stands above what every source says."""
    from dsn_consumers.steward.decisions import Decision, Refused
    from dsn_consumers.steward.overrides import field_value

    try:
        content = None if take_back else field_value(field, value)
        decision = Decision(
            kind="undo" if take_back else "override",
            record=_record(record),
            field=field,
            value=content,
            actor=actor,
            reason=reason,
        )
    except Refused as error:
        raise CommandError(str(error)) from None
    _decide(decision, expected)


def exposure(record: One, actor: Who = "privacy-officer", as_json: Json = False) -> None:
    """List who read or received a chart while this record was wrongly part of it."""
    from dsn_consumers.steward.desk import Desk

    found = ask_store(lambda conninfo: Desk(conninfo).exposures(_id(record)))
    if as_json:
        typer.echo(json.dumps({"exposures": [asdict(one) for one in found]}, default=str))
        return
    for one in found:
        sections = ", ".join(one.sections)
        typer.echo(
            f"{one.at:%Y-%m-%d %H:%M:%S}  {one.action}  {one.actor} ({one.role})"
            f" {one.establishment}  chart {one.person_id}  {sections}"
        )
    typer.echo(f"{len(found)} reads of a chart that this record was part of and is no more.")


def _decide_pair(kind: str, a: str, b: str, actor: str, reason: str, expected: int | None) -> None:
    from dsn_consumers.steward.decisions import Decision, Refused

    try:
        decision = Decision(
            kind=kind, record=_record(a), other=_record(b), actor=actor, reason=reason
        )
    except Refused as error:
        raise CommandError(str(error)) from None
    _decide(decision, expected)


def _decide(decision: Decision, expected: int | None) -> None:
    import psycopg

    from dsn_consumers.steward.decisions import Conflict
    from dsn_consumers.steward.journal import Away, decide
    from dsn_deploy.running import running_settings

    try:
        number = decide(running_settings(), decision, expected)
    except Conflict as error:
        raise CommandError(str(error)) from None
    except Away as error:
        raise Unreachable(str(error)) from None
    except psycopg.OperationalError as error:
        raise Unreachable(f"the store does not answer ({error}); is it up? `dsn up`") from None
    typer.echo(f"Decision {number} is kept; charts follow within moments.")


def _record(text: str) -> Record:
    from dsn_consumers.steward.decisions import Record

    authority, separator, number = text.partition("|")
    if not separator:
        authority, separator, number = text.rpartition(":")
    if not authority or not number:
        raise CommandError(f"{text!r} names no record: AUTHORITY|NUMBER")
    return Record(authority, number)


def _id(text: str) -> str:
    """The opaque id of a record or person."""
    from dsn_schemas.keys import person_id

    return person_id(_record(text).key) if "|" in text or ":" in text else text


def _trace(actor: str, purpose: str, records: list[Any]) -> None:
    """A line of the access log for each person about whom something is shown."""
    from dsn_consumers.steward.trace import trace
    from dsn_schemas.keys import person_id

    ids = [person_id(record.key) for record in records]
    ask_store(lambda conninfo: trace(conninfo, actor, purpose, ids))
