"""``dsn replay``: put a part of the journal, or of the view, through again."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import OK, CommandError, Unreachable

if TYPE_CHECKING:
    from dsn_deploy.replay import Selection
    from dsn_schemas.settings import Settings
    from dsn_schemas.wire import Codec

Instant = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")
]


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    source: Annotated[list[str] | None, typer.Option(help="Only these sources.")] = None,
    since: Instant = None,
    until: Instant = None,
    offset: Annotated[
        list[str] | None, typer.Option(help="TOPIC:PARTITION:FROM or TOPIC:PARTITION:FROM-TO.")
    ] = None,
    person: Annotated[str, typer.Option(help="Only the records of this person id.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="The whole journal.")] = False,
    store: Annotated[
        bool, typer.Option("--store", help="Only let the store read the view again, from 0.")
    ] = False,
    rate: Annotated[int, typer.Option(min=1, help="Changes a second, at most.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Repair what is missing or wrong behind the journal; where nothing is, nothing changes.

    Since and until are the times at which Kafka got the changes.
    """
    if store:
        if source or since or until or offset or person:
            raise typer.BadParameter("--store takes everything: leave the other options out")
        ask_store(_reread)
        said = {"store": True}
        words = "The store reads everything again; what it shows only moves forward meanwhile."
    else:
        count = _put_through(source or (), since, until, offset or (), person, everything, rate)
        said = {"replayed": count}  # type: ignore[dict-item]  # a count, not a word
        words = f"{count} changes were put through again."
    typer.echo(json.dumps(said) if as_json else words)
    raise typer.Exit(OK)


def _put_through(
    sources: list[str] | tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    offsets: list[str] | tuple[str, ...],
    person: str,
    everything: bool,
    rate: int,
) -> int:
    from confluent_kafka import KafkaException

    from dsn_consumers.errors import ConsumerError
    from dsn_deploy import replay as journal
    from dsn_deploy.running import running_settings
    from dsn_schemas.registry import RegistryIds
    from dsn_schemas.wire import Codec

    if not (sources or since or until or offsets or person or everything):
        raise typer.BadParameter("say which part of the journal, or --all")
    settings = running_settings()
    codec = Codec(RegistryIds(settings))
    try:
        selection = journal.Selection(
            sources=tuple(sources),
            records=_records(settings, codec, person) if person else None,
            since=_milliseconds(since),
            until=_milliseconds(until),
            places=_places(offsets),
        )
        count = _replayed(settings, codec, selection, rate)
    except (KafkaException, ConsumerError) as error:
        raise Unreachable(f"Kafka: {error}") from None
    return count


def _replayed(settings: Settings, codec: Codec, selection: Selection, rate: int) -> int:
    from dsn_deploy import replay as journal

    count = journal.replay(settings, codec, selection, rate=rate)
    journal.await_taken(settings)
    return count


def _records(settings: Settings, codec: Codec, person: str) -> set[str]:
    from dsn_deploy.replay import records_of

    found = records_of(settings, codec, person)
    if not found:
        raise CommandError(f"no record leads to person {person}")
    return found


def _milliseconds(at: datetime | None) -> int | None:
    from datetime import UTC

    return None if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000)


def _places(offsets: list[str] | tuple[str, ...]) -> dict[tuple[str, int], range]:
    found = {}
    for text in offsets:
        topic, _, rest = text.partition(":")
        partition, _, numbers = rest.partition(":")
        first, _, last = numbers.partition("-")
        try:
            found[topic, int(partition)] = range(int(first), int(last or first) + 1)
        except ValueError:
            raise typer.BadParameter(f"{text}: TOPIC:PARTITION:FROM or …:FROM-TO") from None
    return found


def _reread(conninfo: str) -> None:
    from dsn_consumers.reconcile.repair import reread
    from dsn_deploy.running import running_settings

    reread(running_settings().model_copy(update={"conninfo": conninfo}))
