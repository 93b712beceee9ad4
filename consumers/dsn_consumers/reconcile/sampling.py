"""A few changes at a time held against the store, for ever: ``dsn run reconcile``.

Each round reads some records of the journal at random places and asks the store for the charts they
should be in. What a change says must stand there, or a later one of the same item, or it is in
quarantine. The work of a round is bounded, however long the journal is; a difference is said in the
log, by source, record id and number, and a whole ``dsn reconcile`` finds what is wrong and mends it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg
import structlog
from confluent_kafka import KafkaException

from dsn_consumers.database import statement
from dsn_consumers.errors import ConsumerError
from dsn_consumers.intake import Place, Read
from dsn_consumers.reconcile import scan
from dsn_consumers.reconcile.difference import (
    Difference,
    What,
    item_difference,
    record_hash,
)
from dsn_consumers.reconcile.journal import ItemKey, Journal, Said
from dsn_consumers.stopping import Stop
from dsn_consumers.table_rows import entry_digest
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec

log = structlog.get_logger()

#: Records read of each partition in a round: with four partitions some 50 ms of work.
RECORDS = 100
#: Between two rounds, s.
EVERY_S = 30.0
#: A difference has to be there again after this time, s.
BETWEEN_S = 5.0


@dataclass(slots=True)
class Charts:
    """What the store has of some records."""

    #: Record id -> person, and whether all of it has arrived there.
    people: dict[str, tuple[str, bool]] = field(default_factory=dict)
    #: (person, section, source, record id, item) -> entry digest and number.
    items: dict[tuple[str, str, str, str, str], tuple[str, int, int]] = field(default_factory=dict)
    #: Source, epoch and seq of what is in quarantine.
    aside: set[tuple[str, int, int]] = field(default_factory=set)


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; an away neighbour only means that a round is left out."""
    stop = Stop()
    stop.on_signals()
    sampler = Sampler(settings, Codec(RegistryIds(settings)), random.Random())
    while not stop.wait(EVERY_S):
        try:
            found = sampler.round()
            if found and not stop.wait(BETWEEN_S):
                say(sampler.again())
        except (psycopg.OperationalError, KafkaException, ConsumerError) as error:
            log.warning("sample_left_out", error=type(error).__name__)


def say(found: Sequence[Difference]) -> None:
    """Each difference, in words an operator can act on."""
    for one in found:
        log.error("reconcile_difference", next_step="dsn reconcile --repair", **one.as_object())


class Sampler:
    """Chooses and judges."""

    def __init__(self, settings: Settings, codec: Codec, chance: random.Random) -> None:
        self._settings = settings
        self._codec = codec
        self._chance = chance
        self._said: dict[ItemKey, Said] = {}

    def round(self, records: int = RECORDS) -> list[Difference]:
        """Choose changes and judge them; what does not stand as it should."""
        with psycopg.connect(self._settings.conninfo, connect_timeout=5) as connection:
            vouched = _vouched(connection)
        reads = list(self._chosen(vouched, records))
        journal = Journal(self._codec, (), vouched)
        journal.take_all(reads)
        self._said = {k: item.stands for k, item in journal.items.items() if item.stands}
        found = self.again()
        log.info("journal_sampled", changes=journal.changes, differences=len(found))
        return found

    def again(self) -> list[Difference]:
        """Judge the changes chosen last once more."""
        with psycopg.connect(self._settings.conninfo, connect_timeout=5) as connection:
            charts = _charts(connection, self._said)
        return [one for key, said in self._said.items() for one in judged(key, said, charts)]

    def _chosen(self, vouched: Mapping[Place, int], records: int) -> Iterator[Read]:
        ends = scan.ends(self._settings, list(vouched))
        starts, upto = {}, {}
        for place, (low, high) in ends.items():
            last = min(high, vouched[place])
            if last > low:
                starts[place] = self._chance.randint(low, max(low, last - records))
                upto[place] = min(last, starts[place] + records)
        yield from scan.read_from(self._settings, starts, upto)


def judged(key: ItemKey, said: Said, charts: Charts) -> Iterator[Difference]:
    """Does the change stand where it should, or a later one of its item? Pure."""
    record = record_hash(key.record)
    person, settled = charts.people.get(record, ("", False))
    if not settled or (key.source, *said.number) in charts.aside:
        return
    place = charts.items.get((person, key.section, key.source, record, key.item))
    what: What | None = None
    if place is None:
        what = "missing"
    elif place[1:] < said.number and key.section != "results":
        what = "number"
    elif place[1:] == said.number and place[0] != entry_digest(key.section, said.entry).hex():
        what = "surplus"
    if what is not None:
        yield item_difference("store", what, key, person, said.entry, said.number, said.at)


def _vouched(connection: psycopg.Connection[Any]) -> dict[Place, int]:
    rows = connection.execute(statement("vouched"))
    return {(topic, partition): position for topic, partition, position in rows}


def _charts(connection: psycopg.Connection[Any], said: Mapping[ItemKey, Said]) -> Charts:
    charts = Charts()
    connection.execute(statement("one_moment"))
    records = {"records": sorted({record_hash(key.record) for key in said})}
    for record, person, settled in connection.execute(statement("sample_people"), records):
        charts.people[record] = (person, settled)
    people = sorted({person for person, _ in charts.people.values()})
    for person, section, entry, contributors in connection.execute(
        statement("sample_entries"), {"people": people}
    ):
        for c in msgspec.json.decode(contributors):
            record = record_hash(f"{c['authority']}|{c['number']}")
            key = (person, section, c["source"], record, c["item"])
            charts.items[key] = (entry, c["epoch"], c["seq"])
    numbers = {
        "sources": [key.source for key in said],
        "epochs": [one.number[0] for one in said.values()],
        "seqs": [one.number[1] for one in said.values()],
    }
    charts.aside = set(connection.execute(statement("sample_aside"), numbers).fetchall())
    return charts
