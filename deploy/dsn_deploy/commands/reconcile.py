"""``dsn reconcile``: do journal, view and store say the same?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import FAILED, OK, Unreachable

if TYPE_CHECKING:
    from dsn_consumers.reconcile.whole import Outcome

#: Repairs tried: one mends the store, and what the stages write after a replay needs another look.
_ROUNDS = 3
#: Differences shown to a person; ``--json`` has them all.
_SHOWN = 50


def register(app: typer.Typer) -> None:
    app.command()(reconcile)


def reconcile(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Fold the whole journal anew and name whatever the view or the store say else.

    Works beside everything else. Exit code: 0 no difference, 1 differences (with --repair: some
    that were not mended), 3 Kafka or PostgreSQL does not answer.
    """
    found = _look()
    repaired = 0
    for _ in range(_ROUNDS if repair else 0):
        if not found.differences:
            break
        repaired += _mend(found)
        found = _look()
    if as_json:
        said = {
            **_counts(found),
            "repaired": repaired,
            "differences": [one.as_object() for one in found.differences],
        }
        typer.echo(json.dumps(said))
    else:
        _show(found, repaired)
    raise typer.Exit(FAILED if found.differences else OK)


def _counts(found: Outcome) -> dict[str, int]:
    names = ("changes", "items", "entries", "on_their_way", "moving")
    return {name: getattr(found, name) for name in names}


def _look() -> Outcome:
    from confluent_kafka import KafkaException

    from dsn_consumers.errors import ConsumerError
    from dsn_consumers.reconcile import whole
    from dsn_deploy.running import running_settings
    from dsn_schemas.registry import RegistryIds
    from dsn_schemas.wire import Codec

    settings = running_settings()
    codec = Codec(RegistryIds(settings))
    try:
        return ask_store(lambda _: whole.reconcile(settings, codec))
    except (KafkaException, ConsumerError) as error:
        raise Unreachable(f"Kafka: {error}") from None


def _mend(found: Outcome) -> int:
    """Put through again what the view lacks, and bring the store to what the view says.

    Rows written or taken away, and changes put through again.
    """
    from dsn_consumers.reconcile import repair
    from dsn_deploy import replay
    from dsn_deploy.running import running_settings
    from dsn_schemas.registry import RegistryIds
    from dsn_schemas.wire import Codec

    settings = running_settings()
    codec = Codec(RegistryIds(settings))
    places: dict[tuple[str, int], set[int]] = {}
    for one in found.differences:
        if one.where == "view" and one.offset >= 0:
            places.setdefault((one.topic, one.partition), set()).add(one.offset)
    rows = ask_store(lambda _: repair.repair(settings, codec, found.again, found.surplus))
    if not places:
        return rows
    again = replay.replay(settings, codec, replay.Selection(places=places))
    replay.await_taken(settings)
    return rows + again


def _show(found: Outcome, repaired: int) -> None:
    for one in found.differences[:_SHOWN]:
        typer.echo(one.describe())
    if len(found.differences) > _SHOWN:
        typer.echo(f"… and {len(found.differences) - _SHOWN} more; --json has them all.")
    counts = _counts(found)
    typer.echo(
        f"{counts['changes']} changes, {counts['items']} items, {counts['entries']} entries"
        f" compared; {counts['on_their_way']} on their way, {counts['moving']} moving."
    )
    if repaired:
        typer.echo(f"{repaired} rows mended.")
    typer.echo(f"{len(found.differences)} differences.")
