"""A stream worker: lanes as they ship, fed in the order and with the losses of a faust transport."""

from __future__ import annotations

from typing import Any

import structlog
from confluent_kafka import KafkaException

from dsn_deploy.simulation.broker import Broker, OutOfRange, Place
from dsn_deploy.simulation.disk import Folder
from dsn_deploy.simulation.group import Group
from dsn_deploy.simulation.ids import SimulatedIds
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.lane_clients import LaneClients
from dsn_deploy.simulation.network import KAFKA, Network
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec
from dsn_streams.app import CHANGELOGS, WATCH_S, make_stage, route
from dsn_streams.crew import Crew
from dsn_streams.errors import LaneError
from dsn_streams.inputs import made_anew
from dsn_streams.lane import Lane, Link
from dsn_streams.lanes import STALLED_S
from dsn_streams.stage import Batch

log = structlog.get_logger()

#: Records handed over at once, at most.
BATCH_RECORDS_MAX = 12
#: Batches that wait for a lane, at most; as many go into one turn.
QUEUE_BATCHES = 4

#: There is no disk whose blocks would be cached.
_NO_CACHE: Any = None


class Worker(Actor):
    """One process of ``dsn run streams``."""

    components = ("records", "identify")
    kind = "worker"

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        *,
        broker: Broker,
        network: Network,
        group: Group,
        settings: Settings,
        ids: SimulatedIds,
    ) -> None:
        super().__init__(kernel, name)
        self._broker = broker
        self._network = network
        self._group = group
        self._settings = settings
        self._ids = ids
        #: Survives the process.
        self.disk: dict[str, Folder] = {}
        #: Batches to lose on the way (faust drops a message of another generation silently).
        self.losing = 0
        self._forget()

    @property
    def open_lanes(self) -> set[tuple[str, int]]:
        """Which lanes it has open."""
        return set(self._lanes) if self.running else set()

    def has_read(self, topic: str, number: int) -> bool:
        """Whether it owns this input and has everything of it in its state."""
        lane = self._lanes.get((route(topic), number))
        if lane is None or not self.running:
            return False
        return not self._broker.waiting((topic, number), lane.position(topic, number))

    def begin(self) -> None:
        """See ``Actor``."""
        self._forget()

    def gone(self) -> None:
        """See ``Actor``."""
        self._group.leave(self.name)
        self._forget()

    def tick(self) -> float:
        """Stay in the group, fetch for one lane, take one turn."""
        try:
            if not self._member():
                return 0.1
            return self._work()
        except (LaneError, KafkaException) as error:
            log.debug("worker_ends", worker=self.name, why=str(error))
            self.exits()
        except Exception as error:  # noqa: BLE001 - a worker ends for any of them
            # What `Lanes` does with anything else a stage raises: leave, with status 70.
            log.debug("worker_ends", worker=self.name, why=repr(error))
            self.faults.append(repr(error))
            self.exits()
        raise AssertionError("a worker that exits goes no further")

    def _forget(self) -> None:
        self._generation = -1
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._crews: dict[str, Crew] = {}
        self._inputs: dict[tuple[str, int], list[Place]] = {}
        self._chain: dict[Place, int] = {}
        self._queues: dict[tuple[str, int], list[Link]] = {}
        self._handed: dict[Place, tuple[int, float]] = {}
        self._watched_at = self.kernel.now

    def _member(self) -> bool:
        """Whether lanes are open; joins the group, and opens or closes them, when need be."""
        if not self._network.hears(self.name, KAFKA):
            return bool(self._lanes)  # nobody told us otherwise: the zombie of every group
        if self._generation >= 0 and self._group.heartbeat(self.name, self._generation):
            return True
        self._close()
        joined = self._group.join(self.name)
        if joined is None:
            return False
        self._generation, inputs = joined
        self._open(inputs)
        self.works(self._network.back_at(self.name, KAFKA))
        return True

    def _open(self, inputs: list[Place]) -> None:
        for topic, number in inputs:
            self._inputs.setdefault((route(topic), number), []).append((topic, number))
        clients = LaneClients(self, self._broker, self._network, self.disk)
        for name in sorted({stage for stage, _ in self._inputs}):
            numbers = [number for stage, number in self._inputs if stage == name]
            lanes = [self._made(name, number, clients) for number in numbers]
            crew = Crew(self._settings, name, lanes, clients)
            crew.open({number: self._inputs[name, number] for number in numbers})
            self._crews[name] = crew
            for number, lane in crew.lanes.items():
                self._lanes[name, number] = lane
                self._queues[name, number] = []
                for place in self._inputs[name, number]:
                    self._chain[place] = lane.position(*place)

    def _made(self, name: str, number: int, clients: LaneClients) -> Lane:
        stage = make_stage(name, Codec(self._ids), self._settings.partitions)
        changelog = CHANGELOGS[name]
        return Lane(self._settings, name, number, changelog, stage, _NO_CACHE, clients)

    def _close(self) -> None:
        for crew in self._crews.values():
            crew.close()
        self._forget()

    def _work(self) -> float:
        chance = self.kernel.random
        waiting = [key for key in self._lanes if self._fetch(key) or self._queues[key]]
        self._check_stalled()
        self._watch()
        if not waiting:
            return chance.uniform(0.1, 0.25)
        stage = chance.choice(waiting)[0]
        share = {
            number: self._queues[stage, number][: chance.randint(1, QUEUE_BATCHES)]
            for name, number in waiting
            if name == stage and self._queues[stage, number]
        }
        if share:
            self.point(f"{stage}.1 before")
            taken = self._crews[stage].take(share)
            self.point(f"{stage}.4 before")
            for number, done in taken.done.items():
                del self._queues[stage, number][: len(share[number])]
                for place, end in done.items():
                    if place in self._handed and self._handed[place][0] <= end:
                        del self._handed[place]
            self.point(f"{stage}.4 after")
            if taken.awaited:
                return 0.5  # their links wait in the queue and are tried again
        return chance.uniform(0.005, 0.03)

    def _fetch(self, key: tuple[str, int]) -> bool:
        """Hand over what has come for a lane; whether anything did."""
        if not self._network.hears(self.name, KAFKA):
            return False
        found = False
        for place in self._inputs[key]:
            if len(self._queues[key]) >= QUEUE_BATCHES:
                break
            try:
                count = self.kernel.random.randint(1, BATCH_RECORDS_MAX)
                records = self._broker.read(place, self._chain[place], count)
            except OutOfRange:
                self.exits()
            if not records:
                continue
            found = True
            link = Link(Batch(*place, records), self._chain[place])
            self._chain[place] = records[-1].offset + 1
            self._handed[place] = (self._chain[place], self.kernel.now)
            if self.losing:
                self.losing -= 1
            else:
                self._queues[key].append(link)
        return found

    def _check_stalled(self) -> None:
        """As ``Lanes.stalled``: a batch that never arrived and after which nothing came."""
        for place, (_, at) in self._handed.items():
            if self.kernel.now - at > STALLED_S and not self._queues[route(place[0]), place[1]]:
                self.exits()

    def _watch(self) -> None:
        """As the timer of ``app.py``: a topic that was made anew ends the process."""
        if self.kernel.now - self._watched_at < WATCH_S:
            return
        self._watched_at = self.kernel.now
        if self._network.hears(self.name, KAFKA):
            for lane in self._lanes.values():
                known = lane.topics()
                if made_anew(known, {name: self._broker.topic_id(name) for name in known}):
                    self.exits()
