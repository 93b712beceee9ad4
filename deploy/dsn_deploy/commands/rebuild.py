"""``dsn rebuild``: everything behind the journal anew, beside what serves; then a switch, or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, CommandError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsn_deploy.rebuild import Diff
    from dsn_schemas.settings import Settings

Answer = TypeVar("Answer")

#: Longest a rebuild is watched, s; it goes on unwatched.
WATCHED_S = 24 * 3600.0
#: Lines of a diff shown to a person; ``--json`` has them all.
_SHOWN = 50


def register(app: typer.Typer) -> None:
    app.command()(rebuild)


def rebuild(
    switch: Annotated[bool, typer.Option("--switch", help="Show readers the new one.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Show readers the old one again.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="End the one not shown.")] = False,
    differing: Annotated[
        bool, typer.Option("--differing", help="Switch although the two differ.")
    ] = False,
    rate: Annotated[
        int, typer.Option(min=0, help="Records a second and lane, at most; 0: no bound.")
    ] = 2_000,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Build a second generation from offset 0 of the journal and hold it against the live one.

    It can be stopped and typed again at any moment. Exit code: 0 they say the same (or it is done),
    1 they differ, 3 Kafka or PostgreSQL does not answer.
    """
    if switch + back + finish > 1:
        raise typer.BadParameter("--switch, --back and --finish exclude each other")
    if finish:
        number = _ask(_finish)
        _say(as_json, {"ended": number}, f"Generation {number} is gone.")
        raise typer.Exit(OK)
    if switch or back:
        _switch(back, differing, as_json)
        raise typer.Exit(OK)
    found = _ask(lambda settings: _built(settings, rate))
    _show(found, as_json)
    raise typer.Exit(FAILED if found.lines else OK)


def _ask(question: Callable[[Settings], Answer]) -> Answer:
    from confluent_kafka import KafkaException

    from dsn_deploy.running import running_settings

    try:
        return ask_store(lambda _: question(running_settings()))
    except KafkaException as error:
        raise Unreachable(f"Kafka: {error}") from None


def _built(settings: Settings, rate: int) -> Diff:
    from dsn_deploy import rebuild as work
    from dsn_producers import sources

    establishments = sorted({source.establishment for source in sources.load(settings.sources)})
    work.begin(settings, establishments, rate)
    work.follow(settings, WATCHED_S)
    return work.diff(settings)


def _switch(back: bool, differing: bool, as_json: bool) -> None:
    from dsn_deploy import rebuild as work

    def switched(settings: Settings) -> int:
        found = work.diff(settings)
        newer = found.generation > settings.generation
        if newer == back:
            done = "the newer generation is shown already" if not back else "the older one is"
            raise CommandError(f"nothing to do: {done}")
        if found.lines and not differing:
            raise CommandError(
                f"the two differ in {len(found.lines)} places: `dsn rebuild` names them;"
                " --differing switches all the same"
            )
        return work.switch(settings).live

    live = _ask(switched)
    _say(as_json, {"live": live}, f"Readers see generation {live}; the other one is kept beside.")


def _finish(settings: Settings) -> int:
    from dsn_deploy import rebuild as work
    from dsn_deploy.running import running_state

    def stopped(number: int) -> bool:
        state = running_state()
        return state is None or not any(n.endswith(f"-g{number}") for n in state.entries)

    return work.finish(settings, stopped)


def _show(found: Diff, as_json: bool) -> None:
    lines = [one.describe() for one in found.lines]
    said = {"generation": found.generation, "differences": lines}
    shown = lines[:_SHOWN] + ([f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else [])
    verdict = f"Generation {found.generation} is built; {len(lines)} differences."
    _say(as_json, said, "\n".join([*shown, verdict]))


def _say(as_json: bool, said: dict[str, object], words: str) -> None:
    typer.echo(json.dumps(said) if as_json else words)
