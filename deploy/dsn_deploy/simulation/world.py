"""One run: everything is built, lives through its plan, is healed and drained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from dsn_deploy.simulation import snapshot
from dsn_deploy.simulation.broker import Broker
from dsn_deploy.simulation.consumer import Consumer
from dsn_deploy.simulation.database import Database
from dsn_deploy.simulation.edge import ESTABLISHMENT, NOON_MS, Edge, Waiting
from dsn_deploy.simulation.group import Group
from dsn_deploy.simulation.ids import SimulatedIds
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import KAFKA, Network
from dsn_deploy.simulation.outside import change_in
from dsn_deploy.simulation.plan import FAILOVERS, Plan
from dsn_deploy.simulation.reader import Reader
from dsn_deploy.simulation.receipts import ReceiptsProcess
from dsn_deploy.simulation.story import SOURCES, message_of
from dsn_deploy.simulation.tables import Overlay, holes, receipt_progress
from dsn_deploy.simulation.trouble import befall
from dsn_deploy.simulation.worker import Worker
from dsn_schemas.records import RecordChange
from dsn_schemas.settings import Settings
from dsn_schemas.topics import (
    CHANGES_PREFIX,
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    changes_topic,
    topics,
)
from dsn_streams.app import CHANGELOGS, route
from dsn_streams.lane import POSITION_KEY

#: Simulated seconds after the heal within which everything must have come to rest.
DRAIN_S = 240.0
#: Between two looks whether it has.
LOOK_S = 1.0
#: Where outboxes lie: memory, when the machine has such a folder.
_MEMORY = Path("/dev/shm")


class World:
    """Everything that takes part in a run."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.kernel = Kernel(plan.seed)
        self.network = Network(self.kernel)
        self.settings = Settings(partitions=plan.partitions, data=folder)
        self.broker = Broker()
        self.broker.clock_ms = NOON_MS
        for topic in topics(self.settings, (ESTABLISHMENT,)):
            compacted = topic.config.get("cleanup.policy") == "compact"
            self.broker.make(topic.name, topic.partitions, compacted=compacted)
        self.database = Database(self.kernel, self.network)
        inputs = (changes_topic(ESTABLISHMENT), IDENTITY_LINKS, IDENTITY_REQUESTS, CONTRIBUTIONS)
        self._inputs = {name: self.broker.topics[name][0] for name in inputs}
        #: Partitions written outside of transactions: they wait for their followers.
        self._written = [place for place in self.broker.logs if place[0].startswith(CHANGES_PREFIX)]
        self.group = Group(self.kernel, self._inputs)
        self.edges = [self._edge(source, folder) for source in SOURCES]
        self.workers = [self._worker(f"worker-{n}") for n in range(plan.workers)]
        self.consumers = [self._consumer(name) for name in ("store", "audit")]
        self.receipts = ReceiptsProcess(
            self.kernel,
            broker=self.broker,
            network=self.network,
            database=self.database,
            settings=self.settings,
            ids=SimulatedIds(self.network, "receipts"),
        )
        self.readers = [
            Reader(self.kernel, f"reader-{n}", network=self.network, database=self.database)
            for n in range(2)
        ]
        #: Unreadable bytes that somebody put into the journal.
        self.poison: list[bytes] = []
        #: Whether confirmed records vanished from the journal.
        self.journal_lost = False
        #: Oldest offset of each changes partition since it was cut.
        self.cut_at: dict[tuple[str, int], int] = {}
        #: Offsets that were cut off before everybody had read them.
        self._unread: dict[tuple[str, int], list[range]] = {}
        #: When, s.
        self.lost_at: list[float] = []
        #: What did not come to rest.
        self.unfinished: list[str] = []
        #: When everything was healed, and when it had come to rest, s.
        self.healed_at = self.rested_at = 0.0

    @property
    def actors(self) -> list[Actor]:
        """Every process."""
        return [*self.edges, *self.workers, *self.consumers, self.receipts, *self.readers]

    def run(self) -> None:
        """Live through the plan, heal, and drain."""
        for actor in self.actors:
            actor.start()
        self.kernel.after(0.0, self._replicate)
        self.kernel.after(0.0, self._stand_by)
        for fault in self.plan.faults:
            self.kernel.after(fault.at, partial(befall, self, fault))
        self.kernel.run(self.plan.seconds)
        self._heal()
        deadline = self.kernel.now + DRAIN_S
        while not self._rested():
            if self.kernel.now >= deadline:
                self.unfinished.extend(self._restless())
                break
            self.kernel.run(self.kernel.now + LOOK_S)
        self.rested_at = self.kernel.now
        for actor in self.actors:
            actor.close()

    def lose_unread(self) -> None:
        """What nobody has read of the changes is gone from every broker."""
        if any(worker.running for worker in self.workers) or self.consumers[1].running:
            return
        for place in self._written:
            read = self._read(place)
            if read < self.broker.logs[place].high:
                self.broker.truncate(place, read)
                self.journal_lost = True
                self.lost_at.append(self.kernel.now)

    def delete_changes(self) -> None:
        """Every change is deleted from the journal, whoever has read it."""
        for place in self._written:
            log = self.broker.logs[place]
            if log.low < log.high:
                # A standby that takes over has to read again what it lags behind.
                audited = (
                    snapshot.positions(tables, "audit").get(place, 0)
                    for tables in (self.database.tables, self.database.standby())
                )
                read = min(*audited, self.committed(place))
                kept = self._needed(place, read)
                self.broker.forget(place, kept)
                self.cut_at[place] = log.low
                unread = range(read, log.low)
                self._unread.setdefault(place, []).append(unread)

    def _needed(self, place: tuple[str, int], read: int) -> int:
        """How far a journal may be cut; everything below ``read`` was read by everybody.

        What nobody has read the outboxes have. But what an outbox held that is gone as well nobody could
        bring back; and an outbox frees what was confirmed, within seconds here and days as shipped,
        while a standby that takes over may lack it.
        """
        restored = any(edge.was_restored for edge in self.edges)
        if restored or any(fault.kind in FAILOVERS for fault in self.plan.faults):
            return read
        return self.broker.logs[place].high

    @property
    def journal(self) -> Iterator[RecordChange]:
        """Every change that nobody needs to send again: the journal holds it, or held it until
        everybody had it."""
        for place, records in self.broker.past(changes_topic(ESTABLISHMENT)).items():
            unread = self._unread.get(place, ())
            for record in records:
                if any(record.offset in offsets for offsets in unread):
                    continue
                change = change_in(record.value or b"")
                if change is not None and change.op != "mark":
                    yield change

    @property
    def changes_read(self) -> bool:
        """Whether somebody has read every change that is in the journal."""
        return all(self._read(place) >= self.broker.logs[place].end for place in self._written)

    def _read(self, place: tuple[str, int]) -> int:
        """How far the changes of a place were read by whoever has read most of them."""
        read = [snapshot.positions(self.database.tables, "audit").get(place, 0)]
        for worker in self.workers:
            read += [folder.positions.get(place, 0) for folder in worker.disk.values()]
        return max(*read, self.committed(place))

    def committed(self, place: tuple[str, int]) -> int:
        """The position of an input that the changelog of its lane has."""
        at = 0
        for record in self.broker.logs[CHANGELOGS[route(place[0])], place[1]].past:
            if record.key == POSITION_KEY and record.value is not None:
                found = {(t, p): offset for t, p, offset in msgspec.msgpack.decode(record.value)}
                at = max(at, found.get(place, 0))
        return at

    def add_worker(self) -> None:
        """One more stream worker joins."""
        worker = self._worker(f"worker-{len(self.workers)}")
        self.workers.append(worker)
        worker.start()

    # --- what always happens -------------------------------------------------------------------

    def _replicate(self) -> None:
        """Followers fetch; the broker's clock goes on."""
        self.broker.clock_ms = NOON_MS + int(self.kernel.now * 1000)
        if self.network.up(KAFKA):
            for place in self._written:
                log = self.broker.logs[place]
                if log.high < log.end and self.kernel.random.random() < 0.7:
                    self.broker.replicate(place)
        self.kernel.after(self.kernel.random.uniform(0.03, 0.12), self._replicate)

    def _stand_by(self) -> None:
        """The standby catches up now and then."""
        self.database.copy_to_standby()
        self.kernel.after(self.kernel.random.uniform(0.2, 3.0), self._stand_by)

    def _heal(self) -> None:
        self.network.heal()
        self.healed_at = self.kernel.now
        for actor in self.actors:
            actor.heal()

    # --- rest ----------------------------------------------------------------------------------

    def _rested(self) -> bool:
        return next(self._restless(), None) is None

    def _restless(self) -> Iterator[str]:
        """What still has to happen, in words."""
        for edge in self.edges:
            if not edge.drained:
                yield f"{edge.name} still has something to send"
                return
        if any(log.high < log.end or log.open for log in self.broker.logs.values()):
            yield "records wait to be replicated, or a transaction hangs"
            return
        for topic, partitions in self._inputs.items():
            for number in range(partitions):
                if not any(worker.has_read(topic, number) for worker in self.workers):
                    yield f"{topic}[{number}] is not read to its end"
                    return
        tables = self.database.tables
        for consumer in self.consumers:
            at = snapshot.positions(tables, consumer.name)
            wanted = [
                place for place in self.broker.logs
                if (place[0].startswith(CHANGES_PREFIX)) == (consumer.name == "audit")
            ]  # fmt: skip
            for place in at:
                if place in wanted and self.broker.waiting(place, at[place]):
                    yield f"{consumer.name} has not read {place} to its end"
                    return
            if not at:
                yield f"{consumer.name} never began"
                return
        # In the audit log too: a mark that is due, after seconds of silence, shows what it lacks.
        said = {one[1:3]: one[3] for one in receipt_progress(Overlay(tables))}
        for edge in self.edges:
            for (source, epoch), seq in edge.numbered().items():
                if said.get((source, epoch), 0) < seq:
                    yield f"{source} epoch {epoch} is complete to {said.get((source, epoch), 0)} of {seq}"
                    return
        waiting = snapshot.moving(tables)
        if waiting:
            yield f"{len(waiting)} records never settled"
        if missing := holes(Overlay(tables)):
            yield f"{len(missing)} ranges of numbers are missing"

    # --- building ------------------------------------------------------------------------------

    def _edge(self, source: str, folder: Path) -> Edge:
        messages = [
            Waiting(said.at, message_of(said, self.plan.partitions, NOON_MS))
            for said in self.plan.said
            if said.source == source
        ]
        return Edge(
            self.kernel,
            source,
            folder=folder,
            broker=self.broker,
            network=self.network,
            settings=self.settings,
            ids=SimulatedIds(self.network, f"edge-{source}"),
            messages=messages,
        )

    def _worker(self, name: str) -> Worker:
        return Worker(
            self.kernel,
            name,
            broker=self.broker,
            network=self.network,
            group=self.group,
            settings=self.settings,
            ids=SimulatedIds(self.network, name),
        )

    def _consumer(self, name: str) -> Consumer:
        return Consumer(
            self.kernel,
            name,
            broker=self.broker,
            network=self.network,
            database=self.database,
            settings=self.settings,
            ids=SimulatedIds(self.network, name),
        )


@contextmanager
def lived(plan: Plan) -> Iterator[World]:
    """A run that is over; its outboxes are there until the block ends."""
    where = _MEMORY if _MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="dsn-simulation-", dir=where) as folder:
        world = World(plan, Path(folder))
        world.run()
        yield world
