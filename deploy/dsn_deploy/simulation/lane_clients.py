"""Kafka and the disk as a lane asks them, over the simulated broker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError
from rocksdict import Cache

from dsn_deploy.simulation.broker import Broker, Fenced, OutOfRange
from dsn_deploy.simulation.disk import Folder, LaneDisk
from dsn_deploy.simulation.kernel import Actor
from dsn_deploy.simulation.network import KAFKA, Network, away, fenced
from dsn_streams.clients import (
    Clients,
    Config,
    KeptState,
    PlainProducer,
    RestoreConsumer,
    TransactionalProducer,
)


class LaneClients(Clients):
    """The neighbours of the lanes of one worker process."""

    def __init__(
        self, process: Actor, broker: Broker, network: Network, disk: dict[str, Folder]
    ) -> None:
        self._process = process
        self._broker = broker
        self._network = network
        self._disk = disk
        self._own: set[str] = set()

    def producer(self, config: Config) -> TransactionalProducer:
        """See ``Clients``."""
        name = str(config["transactional.id"])
        opening = "open" if name.rpartition(".")[2] in self._own else "fence"
        return SimulatedProducer(self._process, self._broker, self._network, name, opening=opening)

    def plain_producer(self, config: Config) -> PlainProducer:
        """See ``Clients``."""
        stage = _stage_of(config)
        return SimulatedPlainProducer(self._process, self._broker, self._network, stage)

    def unique(self) -> str:
        """See ``Clients``."""
        name = str(self._broker.next_name())
        self._own.add(name)
        return name

    def consumer(self, config: Config) -> RestoreConsumer:
        """See ``Clients``."""
        claims = str(config["group.id"]) == "dsn-claims"
        at = f"{_stage_of(config)}.claims read" if claims else "restore.1 between"
        return SimulatedConsumer(self._process, self._broker, self._network, at)

    def topic_ids(self, kafka: str, names: Collection[str]) -> dict[str, str]:
        """See ``Clients``."""
        if not self._network.hears(self._process.name, KAFKA):
            raise away("the brokers do not answer")
        return {name: self._broker.topic_id(name) for name in names}

    def state(self, path: Path, cache: Cache) -> KeptState:
        """See ``Clients``."""
        folder = self._disk.setdefault(_name(path), Folder())
        return LaneDisk(self._process, folder, f"{path.parent.name}.3")

    def wipe(self, path: Path) -> None:
        """See ``Clients``."""
        self._disk.pop(_name(path), None)

    def now_s(self) -> float:
        """See ``Clients``."""
        return self._process.kernel.now


def _stage_of(config: Config) -> str:
    """A client of a lane says the stage in its name."""
    return str(config["client.id"]).split("-")[1]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


class SimulatedProducer:
    """A transactional producer; what its points are called says which numbered step of a turn."""

    def __init__(
        self,
        process: Actor,
        broker: Broker,
        network: Network,
        name: str,
        step: str = "2",
        opening: str = "open",
    ) -> None:
        self._process = process
        self._broker = broker
        self._network = network
        self._name = name
        self._stage = name.split(".")[1]
        self._at = f"{self._stage}.{step}"
        self._opening = f"{self._stage}.{opening}"
        self._epoch = -1
        self._waiting: list[tuple[Callable[[Any, Any], None], Delivered]] = []
        self._committed = False

    def init_transactions(self, timeout: float) -> None:
        """Fence every earlier owner."""
        self._process.point(f"{self._opening} before")
        self._ask("init_transactions")
        self._epoch = self._broker.init(self._name)
        self._process.point(f"{self._opening} after")

    def begin_transaction(self) -> None:
        """The decision is made, nothing is sent."""
        self._waiting.clear()
        self._committed = False
        self._process.point(f"{self._at} before")

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[Any, Any], None] | None = None,
    ) -> None:
        """Send one record of the transaction."""
        self._ask("produce")
        try:
            offset = self._broker.append_open(
                self._name, self._epoch, (topic, partition), key, value
            )
        except Fenced:
            raise fenced() from None
        if on_delivery is not None:
            self._waiting.append((on_delivery, Delivered(offset)))
        self._process.point(f"{self._at} between")

    def commit_transaction(self, timeout: float) -> None:
        """End the transaction; its answer may be lost, and the client asks again."""
        self._process.point(f"{self._at} uncommitted")
        self._ask("commit")
        if not self._committed:
            try:
                self._broker.end(self._name, self._epoch, committed=True)
            except Fenced:
                raise fenced() from None
            self._committed = True
        self._process.point(f"{self._at} after")
        if not self._network.hears(self._process.name, KAFKA):
            raise away("the answer to the commit was lost")
        for report, message in self._waiting:
            report(None, message)

    def abort_transaction(self, timeout: float) -> None:
        """Give it up."""
        self._ask("abort")
        try:
            self._broker.end(self._name, self._epoch, committed=False)
        except Fenced:
            raise fenced() from None

    def poll(self, timeout: float) -> int:
        """Reports were given at the commit."""
        return 0

    def _ask(self, what: str) -> None:
        if not self._network.asks(self._process.name, KAFKA):
            raise away(what)


class SimulatedPlainProducer:
    """A producer that says who claims a lane."""

    def __init__(self, process: Actor, broker: Broker, network: Network, stage: str) -> None:
        self._stage = stage
        self._process = process
        self._broker = broker
        self._network = network

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[Any, Any], None] | None = None,
    ) -> None:
        """Send one record, and have it on every replica."""
        at = f"{self._stage}.{'unclaim' if value is None else 'claim'}"
        self._process.point(f"{at} before")
        if not self._network.asks(self._process.name, KAFKA):
            raise away("produce")
        record = self._broker.append((topic, partition), key, value)
        self._broker.replicate((topic, partition))
        self._process.point(f"{at} after")
        if not self._network.hears(self._process.name, KAFKA):
            raise away("the report was lost")
        if on_delivery is not None:
            on_delivery(None, Delivered(record.offset, key))

    def flush(self, timeout: float) -> int:
        """Nothing waits."""
        return 0


class Delivered:
    """A delivery report's message."""

    def __init__(self, offset: int, key: bytes | None = None) -> None:
        self._offset = offset
        self._key = key

    def key(self) -> bytes | None:
        """Of the record."""
        return self._key

    def offset(self) -> int:
        """Where it was written."""
        return self._offset


class SimulatedConsumer:
    """A consumer that restores a lane's state, or reads who claims lanes."""

    def __init__(self, process: Actor, broker: Broker, network: Network, at: str) -> None:
        self._point = at
        self._process = process
        self._broker = broker
        self._network = network
        self._place = ("", -1)
        self._at = 0

    def get_watermark_offsets(self, partition: Any, timeout: float) -> tuple[int, int]:
        """Oldest and next offset."""
        self._ask()
        log = self._broker.logs[partition.topic, partition.partition]
        return log.low, log.high

    def assign(self, partitions: list[Any]) -> None:
        """Read one partition from its offset on."""
        (partition,) = partitions
        self._place, self._at = (partition.topic, partition.partition), partition.offset

    def consume(self, num_messages: int, timeout: float) -> list[Any]:
        """What has come, and the end of the partition once it is reached."""
        self._process.point(self._point)
        self._ask()
        try:
            records = self._broker.read(
                self._place, self._at, min(num_messages, self._process.kernel.random.randint(1, 40))
            )
        except OutOfRange as error:
            raise away(str(error), retriable=False) from None
        if not records:
            return [Ended()]
        self._at = records[-1].offset + 1
        return [Restored(record.offset, record.key, record.value) for record in records]

    def close(self) -> None:
        """Nothing is kept."""

    def _ask(self) -> None:
        if not self._network.hears(self._process.name, KAFKA):
            raise away("the brokers do not answer")


class Restored:
    """A message of the changelog."""

    def __init__(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        self._offset, self._key, self._value = offset, key, value

    def error(self) -> None:
        """None: it is a record."""

    def offset(self) -> int:
        """Where it lies."""
        return self._offset

    def key(self) -> bytes | None:
        """Its row."""
        return self._key

    def value(self) -> bytes | None:
        """What the row holds; ``None`` removes it."""
        return self._value


class Ended:
    """The end of the partition, as librdkafka says it."""

    def error(self) -> KafkaError:
        """The end is told as an error."""
        return KafkaError(KafkaError._PARTITION_EOF)
