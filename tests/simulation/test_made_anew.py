"""A topic is deleted and made again behind workers that run: nothing is skipped, nothing is doubled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from dsn_deploy.proof import fold
from dsn_deploy.simulation.broker import Broker
from dsn_deploy.simulation.campaign import quiet
from dsn_deploy.simulation.group import Group
from dsn_deploy.simulation.ids import KnownIds, SimulatedIds
from dsn_deploy.simulation.kernel import Kernel
from dsn_deploy.simulation.network import Network
from dsn_deploy.simulation.worker import Worker
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import RecordChange, ViewEntry
from dsn_schemas.settings import Settings
from dsn_schemas.topics import (
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    VIEW,
    changes_topic,
    topics,
)
from dsn_schemas.wire import Codec
from dsn_streams.lane import TOPICS_KEY
from support.generated import changes
from support.histories import chained

PARTITIONS = 2
CHANGES = changes_topic("a")
INPUTS = (CHANGES, IDENTITY_LINKS, IDENTITY_REQUESTS, CONTRIBUTIONS)


class Centre:
    """A broker and two workers, without anybody before or behind them."""

    def __init__(self, seed: int, folder: Path) -> None:
        quiet()
        self.kernel = Kernel(seed)
        self.broker = Broker()
        self.codec = Codec(KnownIds())
        settings = Settings(partitions=PARTITIONS, data=folder)
        for topic in topics(settings, ("a",)):
            self.broker.make(topic.name, topic.partitions, compacted=False)
        network = Network(self.kernel)
        group = Group(self.kernel, {name: self.broker.topics[name][0] for name in INPUTS})
        self.workers = [
            Worker(
                self.kernel,
                name,
                broker=self.broker,
                network=network,
                group=group,
                settings=settings,
                ids=SimulatedIds(network, name),
            )
            for name in ("one", "two")
        ]
        for worker in self.workers:
            worker.start()

    def send(self, said: Sequence[RecordChange]) -> None:
        for change in said:
            key = record_key(change.authority, change.number)
            place = (CHANGES, partition_of(key, PARTITIONS))
            self.broker.append(place, key.encode(), self.codec.encode(change))
            self.broker.replicate(place)

    def make_anew(self, topic: str) -> None:
        self.broker.make(topic, self.broker.topics[topic][0], compacted=False)

    def run(self, seconds: float) -> None:
        self.kernel.run(self.kernel.now + seconds)

    def position(self, partition: int) -> int:
        """How far any worker has read the changes, on disk."""
        folders = [folder for worker in self.workers for folder in worker.disk.values()]
        return max(folder.positions.get((CHANGES, partition), 0) for folder in folders)

    def at_rest(self) -> bool:
        return all(
            any(worker.has_read(topic, number) for worker in self.workers)
            for topic in INPUTS
            for number in range(self.broker.topics[topic][0])
        )

    def rest(self) -> None:
        for _ in range(300):
            self.run(1.0)
            if self.at_rest():
                return
        raise AssertionError("the workers never came to rest")

    def shown(self) -> dict[object, object]:
        found: dict[object, object] = {}
        for records in self.broker.past(VIEW).values():
            for key, value in {r.key: r.value for r in records}.items():
                if key is not None and value is not None and not key.startswith(b"|"):
                    entry = self.codec.decode(value)
                    assert isinstance(entry, ViewEntry)
                    found[entry.person, entry.section, entry.entry] = {
                        (record_key(c.authority, c.number), c.source, c.item, c.epoch, c.seq)
                        for c in entry.contributors
                    }
        return found

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_changes_topic_made_anew_loses_and_doubles_nothing(seed, tmp_path):
    """Some of it unread; the outbox sends again what it holds, which is all that was unread and part
    of the rest; half of the seeds let the new topic outgrow the old positions before anybody looks."""
    chance = random.Random(seed)
    history = chained(changes(chance, "a", 160), PARTITIONS)
    centre = Centre(seed, tmp_path)
    read, later = history[:100], history[100:130]
    centre.send(read)
    centre.rest()
    before = [centre.position(number) for number in range(PARTITIONS)]
    assert min(before) > 0
    for worker in centre.workers if seed % 3 == 0 else ():
        worker.kill()
    centre.send(later)

    centre.make_anew(CHANGES)
    held = history[chance.randrange(90) :]
    if seed % 2:
        centre.send(held * 3)
        assert all(centre.broker.logs[CHANGES, n].end > at for n, at in enumerate(before))
    else:
        centre.send(held[:4])
        centre.run(chance.uniform(0, 15))
        centre.send(held)
    centre.run(12.0)
    centre.rest()
    centre.close()

    assert fold.entries(history) == centre.shown()


@pytest.mark.parametrize("topic", [IDENTITY_LINKS, IDENTITY_REQUESTS, CONTRIBUTIONS])
def test_what_nobody_says_again_stops_the_workers(topic, tmp_path):
    """Made anew, and grown past what was read: no worker goes on behind it, however often it starts."""
    history = chained(changes(random.Random(1), "a", 60), PARTITIONS)
    centre = Centre(1, tmp_path)
    centre.send(history[:30])
    centre.rest()
    old = {place: log for place, log in centre.broker.logs.items() if place[0] == topic}

    centre.make_anew(topic)
    for place, log in old.items():
        for record in log.records * 2:
            centre.broker.append(place, record.key, record.value)
        centre.broker.replicate(place)
    centre.run(25.0)
    shown = centre.shown()
    centre.send(history[30:])
    centre.run(25.0)
    centre.close()

    assert shown == centre.shown()
    assert sum(worker.deaths for worker in centre.workers) > 3


def test_a_state_of_before_learns_the_ids(tmp_path):
    """Neither disk nor changelog say of which topics: the positions are believed, once."""
    history = chained(changes(random.Random(2), "a", 90), PARTITIONS)
    centre = Centre(2, tmp_path)
    centre.send(history[:40])
    centre.rest()
    for worker in centre.workers:
        worker.kill()
        for folder in worker.disk.values():
            folder.topics.clear()
    for log in centre.broker.logs.values():
        log.records = [record for record in log.records if record.key != TOPICS_KEY]
    before = centre.broker.logs[CHANGES, 0].end

    centre.send(history[40:60])
    centre.rest()
    assert centre.position(0) >= before
    known = [folder.topics for worker in centre.workers for folder in worker.disk.values()]
    assert any(CHANGES in topics for topics in known)

    centre.make_anew(CHANGES)
    centre.send(history)
    centre.run(12.0)
    centre.rest()
    centre.close()
    assert fold.entries(history) == centre.shown()
