"""Puts a part of the journal through the stages again: ``dsn replay``.

Admit drops every number it has seen, so the records travel on a topic of their own, with the place
they have in the journal. Behind admit nothing is special: the greatest number stands whoever brings
it, so a replay can repair but never make an older state win. What it does in any case is to write
the entries it touches to the view anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, Producer, TopicPartition

from dsn_deploy.errors import CommandError
from dsn_deploy.steps import Steps
from dsn_schemas.replays import Replay, encode
from dsn_schemas.topics import CHANGES_PREFIX, IDENTITY_LINKS, REPLAYS, group_of, named
from dsn_schemas.wire import UnreadableRecord

if TYPE_CHECKING:
    from dsn_consumers.intake import Place, Read
    from dsn_schemas.settings import Settings
    from dsn_schemas.wire import Codec

#: Changes a second unless another number is given: a tenth of what the streams take.
RATE = 1_000
#: Time the streams are given to take what was put through, s.
TAKEN_S = 120.0
_LOOK_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which part of the journal; what is not named does not choose."""

    sources: Collection[str] = ()
    #: Record keys; ``None`` chooses every record.
    records: Collection[str] | None = None
    #: Broker time, milliseconds since 1970 UTC; from, and up to but not with.
    since: int | None = None
    until: int | None = None
    #: (topic, partition) -> offsets; empty for every partition.
    places: Mapping[tuple[str, int], Collection[int]] = field(default_factory=dict)

    def takes(self, read: Read, codec: Codec) -> bool:
        """Is this record of the journal chosen?"""
        if self.until is not None and read.at >= self.until:
            return False
        if self.since is not None and read.at < self.since:
            return False
        if self.places and read.offset not in self.places[read.topic, read.partition]:
            return False
        if not self.sources and self.records is None:
            return True
        try:
            said: Any = codec.head(read.value or b"").fields
        except UnreadableRecord:
            return False
        if self.sources and said.get("source") not in self.sources:
            return False
        key = f"{said.get('authority')}|{said.get('number')}"
        return self.records is None or key in self.records


def replay(
    settings: Settings,
    codec: Codec,
    selection: Selection,
    *,
    rate: int = RATE,
    retry: bool = False,
    wait: Callable[[float], object] = time.sleep,
) -> int:
    """Put the chosen records through again, at most ``rate`` a second; how many.

    ``retry``: they are in quarantine, and admit says so when it can use them now.

    Stopped anywhere it has done no harm, and repeating it does none. Raises ``CommandError`` when
    the broker does not take a record.
    """
    producer = Producer(
        {"bootstrap.servers": settings.kafka, "enable.idempotence": True, "compression.type": "lz4"}
    )
    refused: list[str] = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            refused.append(str(error))

    topic = named(REPLAYS, settings.generation)
    count, began = 0, time.monotonic()
    for read in _chosen(settings, codec, selection):
        place = (read.topic, read.partition, read.offset)
        one = Replay(*place, read.at, read.value or b"", retry)
        value = encode(one)
        producer.produce(topic, value, read.key, partition=read.partition, on_delivery=delivered)
        producer.poll(0)
        count += 1
        ahead_s = count / rate - (time.monotonic() - began)
        if ahead_s > _LOOK_S:
            producer.flush()
            wait(ahead_s)
    left = producer.flush(30)
    if refused or left:
        raise CommandError(f"Kafka did not take {len(refused) + left} of {count} records")
    return count


def records_of(settings: Settings, codec: Codec, person: str) -> set[str]:
    """Keys of the records that are or ever founded this person, from the links."""
    from dsn_consumers.reconcile import scan
    from dsn_schemas.keys import person_id
    from dsn_schemas.records import RecordLink

    found, links = set(), named(IDENTITY_LINKS, settings.generation)
    for read in scan.read(settings, scan.partitions(settings, [links])):
        key = (read.key or b"").decode()
        link = None if read.value is None else codec.decode(read.value)
        is_here = isinstance(link, RecordLink) and link.person == person
        if is_here or person_id(key) == person:
            found.add(key)
    return found


def await_taken(settings: Settings, deadline_s: float = TAKEN_S) -> None:
    """Wait until admit has taken everything put through. Raises ``CommandError`` when it has not."""
    from dsn_consumers.reconcile import scan

    places = scan.partitions(settings, [named(REPLAYS, settings.generation)])
    ends = {place: high for place, (_, high) in scan.ends(settings, places).items()}
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": group_of(settings.generation)}
    )
    end = time.monotonic() + deadline_s
    try:
        while True:
            asked = [TopicPartition(*place) for place in places]
            taken = {(t.topic, t.partition): t.offset for t in consumer.committed(asked, 10)}
            if all(taken.get(place, -1) >= high for place, high in ends.items() if high):
                return
            if time.monotonic() >= end:
                raise CommandError(
                    f"not everything was taken within {deadline_s:.0f} s: do the streams run?"
                    " It will be taken when they do."
                )
            time.sleep(_LOOK_S)
    finally:
        consumer.close()


def _chosen(settings: Settings, codec: Codec, selection: Selection) -> Iterator[Read]:
    from dsn_consumers.reconcile import scan

    places = list(selection.places) or scan.partitions(
        settings, [name for name in scan.names(settings) if name.startswith(CHANGES_PREFIX)]
    )
    starts, upto = _range(settings, places, selection)
    steps = Steps("replay", sum(upto[place] - starts[place] for place in places))
    try:
        for seen, read in enumerate(scan.read_from(settings, starts, upto), start=1):
            if selection.takes(read, codec):
                yield read
            steps.at(seen)
    finally:
        steps.end()


def _range(
    settings: Settings, places: list[Place], selection: Selection
) -> tuple[dict[Place, int], dict[Place, int]]:
    """First offset to read of each partition, and the one behind the last."""
    from dsn_consumers.reconcile import scan

    ends = scan.ends(settings, places)
    starts = {place: low for place, (low, _) in ends.items()}
    upto = {place: high for place, (_, high) in ends.items()}
    if selection.since is not None:
        starts |= scan.offsets_at(settings, places, selection.since)
    for place, offsets in selection.places.items():
        starts[place], upto[place] = min(offsets), max(offsets) + 1
    return starts, upto
