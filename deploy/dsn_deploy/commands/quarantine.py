"""``dsn quarantine``: what no stage could use, and what an operator does about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError, Unreachable

if TYPE_CHECKING:
    from dsn_consumers.quarantine.desk import Act, Chosen, Quarantined
    from dsn_deploy.retry import Outcome

Places = Annotated[
    list[str] | None, typer.Argument(help="TOPIC:PARTITION:OFFSET, as `list` names them.")
]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only of these sources.")]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only with these reasons.")]
Classes = Annotated[list[str] | None, typer.Option("--class", help="Only of these classes.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is open.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]

#: Lines of a table before the rest is only counted.
SHOWN_MAX = 200


def register(app: typer.Typer) -> None:
    quarantine = typer.Typer(
        help="What no stage could use: look, retry, abandon.", no_args_is_help=True
    )
    quarantine.command("list")(list_)
    quarantine.command()(show)
    quarantine.command()(retry)
    quarantine.command()(abandon)
    quarantine.command()(reopen)
    quarantine.command()(assign)
    app.add_typer(quarantine, name="quarantine")


def list_(
    source: Sources = None,
    reason: Reasons = None,
    kind: Classes = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="open, in-retry, resolved, abandoned; left out: the first two."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what waits, masked. Exit code: 0 nothing is open, 1 something is."""
    rows = _rows(None, source, reason, kind, state or ["open", "in-retry"])
    if as_json:
        said = {"open": _count(rows, "open"), "in_retry": _count(rows, "in-retry")}
        typer.echo(json.dumps({**said, "quarantine": [as_object(row) for row in rows]}))
    else:
        _table(rows)
    raise typer.Exit(FAILED if _count(rows, "open") else OK)


def show(
    place: Annotated[str, typer.Argument(help="TOPIC:PARTITION:OFFSET.")], as_json: Json = False
) -> None:
    """Show one thing: reason, next step, its shape without anybody's data, what was done about it."""
    from dsn_consumers.quarantine import desk
    from dsn_consumers.quarantine.masking import masked

    row = _rows([place], None, None, None, None)[0]
    shape = masked(ask_store(lambda conninfo: desk.payload(conninfo, row.place)))
    acts = ask_store(lambda conninfo: desk.history(conninfo, row.place))
    if as_json:
        done = [{**asdict(act), "at": act.at.isoformat()} for act in acts]
        typer.echo(json.dumps({**as_object(row), "shape": shape, "acts": done}))
        return
    for name, value in as_object(row).items():
        typer.echo(f"{name}: {value}")
    for act in acts:
        to = f" to {act.owner}" if act.owner else ""
        typer.echo(f"{act.at:%Y-%m-%d %H:%M:%S} {act.act}{to} by {act.who}: {act.why or '-'}")
    typer.echo(shape)


def retry(
    places: Places = None,
    source: Sources = None,
    reason: Reasons = None,
    kind: Classes = None,
    everything: All = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be accepted, and what not.")
    ] = False,
    rate: Annotated[int, typer.Option(min=1, help="Things a second, at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Try again after a fix. Exit code: 0 accepted or on its way, 1 something fails again.

    Order stays: what a newer message said of the same item is never undone by an older one.
    """
    rows = _chosen(places, source, reason, kind, everything)
    outcomes = _retried(rows, dry_run=dry_run, rate=rate)
    failed = [one for one in outcomes if one.accepted is False]
    if as_json:
        said = {
            "dry_run": dry_run,
            "accepted": sum(one.accepted is True for one in outcomes),
            "on_their_way": sum(one.accepted is None for one in outcomes),
            "failed": len(failed),
            "outcomes": [asdict(one) for one in outcomes],
        }
        typer.echo(json.dumps(said))
    else:
        _say(outcomes, dry_run)
    raise typer.Exit(FAILED if failed else OK)


def abandon(
    places: Places = None,
    why: Annotated[str, typer.Option("--reason-given", help="Why; no patient data.")] = "",
    source: Sources = None,
    reason: Reasons = None,
    kind: Classes = None,
    everything: All = False,
    as_json: Json = False,
) -> None:
    """Give up on something: it stays byte for byte, with your name and reason, and alarms no more."""
    rows = _chosen(places, source, reason, kind, everything)
    _noted(rows, "abandon", why, as_json)


def reopen(
    places: Places = None,
    why: Annotated[str, typer.Option("--reason-given", help="Why; no patient data.")] = "",
    as_json: Json = False,
) -> None:
    """Take something up again that was abandoned."""
    if not places:
        raise typer.BadParameter("say which")
    _noted(_rows(places, None, None, None, ["abandoned"]), "reopen", why, as_json)


def assign(
    to: Annotated[str, typer.Option(help="Whose it is from now on.")],
    places: Places = None,
    source: Sources = None,
    reason: Reasons = None,
    kind: Classes = None,
    everything: All = False,
    as_json: Json = False,
) -> None:
    """Say whose it is."""
    rows = _chosen(places, source, reason, kind, everything)
    _noted(rows, "assign", "", as_json, owner=to)


def as_object(row: Quarantined) -> dict[str, Any]:
    """For scripts; no field holds patient data."""
    return {
        "place": str(row.place),
        "source": row.source,
        "epoch": row.epoch,
        "seq": row.seq,
        "stage": row.stage,
        "class": row.kind.name,
        "reason": row.reason,
        "detail": row.detail,
        "next": row.kind.next_step.en,
        "message": row.item,
        "size_bytes": row.size_bytes,
        "captured_at": row.captured_at.isoformat(),
        "state": row.state,
        "owner": row.responsible,
        "retries": row.retries,
        "acted_by": row.acted_by,
        "acted_why": row.acted_why,
        "acted_at": row.acted_at.isoformat() if row.acted_at else None,
    }


def _chosen(
    places: Sequence[str] | None,
    sources: Sequence[str] | None,
    reasons: Sequence[str] | None,
    classes: Sequence[str] | None,
    everything: bool,
) -> list[Quarantined]:
    if not (places or sources or reasons or classes or everything):
        raise typer.BadParameter("say which, by place, source, reason or class, or --all")
    return _rows(places, sources, reasons, classes, ["open", "in-retry"])


def _rows(
    places: Sequence[str] | None,
    sources: Sequence[str] | None,
    reasons: Sequence[str] | None,
    classes: Sequence[str] | None,
    states: Sequence[str] | None,
) -> list[Quarantined]:
    from dsn_consumers.quarantine import desk
    from dsn_consumers.quarantine.classes import CLASSES

    try:
        named = [desk.Place.parse(place) for place in places or ()]
    except ValueError:
        raise typer.BadParameter("a place is TOPIC:PARTITION:OFFSET") from None
    _known(classes, [one.name for one in CLASSES])
    _known(states, desk.STATES)
    chosen: Chosen = desk.Chosen(
        places=frozenset(named),
        sources=tuple(sources or ()),
        reasons=tuple(reasons or ()),
        classes=tuple(classes or ()),
        states=tuple(one for one in desk.STATES if one in (states or ())),
    )
    rows = ask_store(lambda conninfo: desk.listed(conninfo, chosen))
    if absent := set(named) - {row.place for row in rows}:
        raise CommandError(f"{', '.join(map(str, sorted(absent)))}: not in quarantine, or not open")
    return rows


def _known(given: Sequence[str] | None, known: Sequence[str]) -> None:
    for name in given or ():
        if name not in known:
            raise typer.BadParameter(f"{name}: choose one of {', '.join(known)}")


def _retried(rows: Sequence[Quarantined], *, dry_run: bool, rate: int) -> list[Outcome]:
    import getpass

    from confluent_kafka import KafkaException

    from dsn_consumers.errors import ConsumerError
    from dsn_consumers.gaps import NoSuchSource, request_retry
    from dsn_consumers.quarantine import desk
    from dsn_deploy.retry import Retry
    from dsn_deploy.running import running_settings
    from dsn_schemas.registry import RegistryIds
    from dsn_schemas.wire import Codec

    settings, who = running_settings(), getpass.getuser()
    run = Retry(
        settings,
        Codec(RegistryIds(settings)),
        dry_run=dry_run,
        rate=rate,
        payload=lambda place: ask_store(lambda conninfo: desk.payload(conninfo, place)),
        begun=lambda some: ask_store(lambda conninfo: desk.act(conninfo, some, "retry", who, "")),
        ask=lambda source, items: ask_store(
            lambda conninfo: request_retry(conninfo, source, items)
        ),
    )
    try:
        return list(run.run(rows))
    except NoSuchSource as error:
        raise CommandError(str(error)) from error
    except (KafkaException, ConsumerError) as error:
        raise Unreachable(f"Kafka: {error}") from None


def _noted(
    rows: Sequence[Quarantined], what: Act, why: str, as_json: bool, *, owner: str = ""
) -> None:
    import getpass

    from dsn_consumers.quarantine import desk

    if what != "assign" and not why.strip():
        raise CommandError("a reason is wanted (--reason-given): who reads it later knows no other")
    places = [row.place for row in rows]
    who = getpass.getuser()
    count = ask_store(
        lambda conninfo: desk.act(conninfo, places, what, who, why.strip(), owner=owner)
    )
    if as_json:
        typer.echo(json.dumps({"act": what, "count": count}))
    else:
        typer.echo(f"{count} noted: {what}{f' to {owner}' if owner else ''} by {who}.")


def _say(outcomes: Sequence[Outcome], dry_run: bool) -> None:
    verb = "would be accepted" if dry_run else "accepted"
    for one in outcomes[:SHOWN_MAX]:
        said = {True: verb, None: "on its way", False: f"fails again: {one.reason}: {one.detail}"}
        passed = f" ({one.passed_over} passed over: nothing new, or newer was said)"
        note = passed if one.passed_over else ""
        typer.echo(f"{one.place} {one.source}: {said[one.accepted]}{note}")
    if len(outcomes) > SHOWN_MAX:
        typer.echo(f"… and {len(outcomes) - SHOWN_MAX} more; --json has all")
    count = len(outcomes)
    accepted = sum(one.accepted is True for one in outcomes)
    failed = sum(one.accepted is False for one in outcomes)
    rest = count - accepted - failed
    typer.echo(f"{count} tried: {accepted} {verb}, {rest} on their way, {failed} fail again.")


def _count(rows: Sequence[Quarantined], state: str) -> int:
    return sum(row.state == state for row in rows)


def _table(rows: Sequence[Quarantined]) -> None:
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo("Quarantine is empty.")
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False)
    # Whole on any terminal: it is what is typed next.
    longest = max(len(str(row.place)) for row in rows[:SHOWN_MAX])
    table.add_column("place", no_wrap=True, min_width=longest)
    for name in ("source", "class", "reason", "state"):
        table.add_column(name)
    for name in ("age", "owner", "retries"):
        table.add_column(name, justify="right")
    for row in rows[:SHOWN_MAX]:
        hours = (now - row.captured_at).total_seconds() / 3600
        what = (str(row.place), row.source, row.kind.name, row.reason, row.state)
        table.add_row(*what, f"{hours:,.1f} h", row.responsible, str(row.retries))
    Console().print(table)
    if len(rows) > SHOWN_MAX:
        typer.echo(f"… and {len(rows) - SHOWN_MAX} more; --json has all")
    sources = sorted({row.source for row in rows})
    for source in sources:
        mine = [row for row in rows if row.source == source and row.state == "open"]
        if mine:
            oldest = (now - min(row.captured_at for row in mine)).total_seconds() / 3600
            typer.echo(f"{source}: {len(mine)} open, the oldest for {oldest:,.1f} h")
