"""The store and the audit: the shipped pump and sinks over the simulated broker and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any, cast

import psycopg
import structlog
from confluent_kafka import KafkaException

from dsn_consumers.audit import AuditSink
from dsn_consumers.errors import ConsumerError, OffsetsLost
from dsn_consumers.intake import Intake, Place, Read, Topic
from dsn_consumers.pump import Connection, Neighbours, Pump, Sink
from dsn_consumers.stopping import Backoff, Stop
from dsn_consumers.store import StoreSink
from dsn_deploy.simulation.broker import Broker, OutOfRange
from dsn_deploy.simulation.database import Database
from dsn_deploy.simulation.ids import SimulatedIds
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import KAFKA, POSTGRES, Network, away
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec

log = structlog.get_logger()

#: Records handed over at once, at most.
BATCH_RECORDS_MAX = 30


def sink_of(name: str, codec: Codec) -> Sink[Any]:
    """The shipped sink of that name."""
    return StoreSink(codec) if name == "store" else AuditSink(codec)


class Consumer(Actor):
    """One process of ``dsn run store`` or ``dsn run audit``."""

    kind = "consumer"
    RESTART_S = (0.3, 1.0)

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        *,
        broker: Broker,
        network: Network,
        database: Database,
        settings: Settings,
        ids: SimulatedIds,
    ) -> None:
        super().__init__(kernel, name)
        self.components = (name,)
        self.broker = broker
        self.network = network
        self.database = database
        self._settings = settings
        self._ids = ids
        self._pump: Pump[Any] | None = None
        #: Whether it reads and writes.
        self.ready = False
        #: Records read the last time it looked.
        self.read_last = 0

    def begin(self) -> None:
        """See ``Actor``."""
        self.ready = False
        self._stop = Pause(self)
        self._pump = Pump(
            self._settings, sink_of(self.name, Codec(self._ids)), self._stop, Around(self)
        )

    def gone(self) -> None:
        """See ``Actor``."""
        self._pump = None
        self.ready = False
        self.database.end_of(self)

    def tick(self) -> float:
        """Open, or read and keep a batch, as ``Pump.run`` does."""
        pump = self._pump
        assert pump is not None
        try:
            try:
                if not self.ready:
                    pump.open()
                    self.ready = True
                    self.works(
                        max(self.network.back_at(self.name, one) for one in (KAFKA, POSTGRES))
                    )
                else:
                    pump.step()
                    self.point(f"{self.name}.5 before")
            except (psycopg.Error, KafkaException) as error:
                self.ready = False
                self.away(f"{self.kind}'s neighbour away")
                pump.pause(error)
        except Paused as pause:
            return pause.seconds
        except (ConsumerError, psycopg.Error) as error:
            log.debug("consumer_ends", consumer=self.name, why=str(error))
            self.faults.append(repr(error))
            self.exits()
        busy = self.read_last > 0
        return (
            self.kernel.random.uniform(0.02, 0.06) if busy else self.kernel.random.uniform(0.1, 0.2)
        )


class Paused(Exception):
    """The pump waits: it is asked again later."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Pause(Stop):
    """Nobody asks us to stop; a pause lets the others run."""

    def __init__(self, process: Consumer) -> None:
        super().__init__()
        self._process = process

    def wait(self, seconds: float) -> bool:
        """See ``Stop``."""
        if self._process.ready:
            # A schema is awaited with a batch in hand, which must not be let go of.
            self._process.kernel.interlude(seconds)
            self._process.point(f"{self._process.name}.2 between")
            return False
        raise Paused(seconds)


class Around(Neighbours):
    """The neighbours of one pump."""

    def __init__(self, process: Consumer) -> None:
        self._process = process

    def intake(self, settings: Settings, name: str) -> Intake:
        """See ``Neighbours``."""
        return cast(Intake, SimulatedIntake(self._process))

    def connect(self, conninfo: str) -> Connection:
        """See ``Neighbours``."""
        return cast(Connection, self._process.database.connect(self._process))

    def writer(self) -> Executor:
        """See ``Neighbours``."""
        return Later(self._process.kernel)

    def monotonic(self) -> float:
        """See ``Neighbours``."""
        return self._process.kernel.now

    def backoff(self) -> Backoff:
        """See ``Neighbours``."""
        return SeededBackoff(self._process.kernel)


class SeededBackoff(Backoff):
    """Jitter from the run's own chance."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._kernel = kernel

    def next_s(self, jitter: float | None = None) -> float:
        """See ``Backoff``."""
        return super().next_s(self._kernel.random.random() if jitter is None else jitter)


class Later(Executor):
    """Writes at once, or only when it is waited for: both happen with a thread of its own."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def submit(self, act: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See ``Executor``."""
        future = LaterResult(lambda: act(*args, **kwargs))
        if self._kernel.random.random() < 0.5:
            future.settle()
        return future


class LaterResult(Future[Any]):
    """A result that is made when it is asked for."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self._act = act

    def settle(self) -> None:
        """Do it, unless it is done. Lets ``Died`` through: a thread dies with its process."""
        if self.done():
            return
        try:
            self.set_result(self._act())
        except Exception as error:  # noqa: BLE001 - as a thread of the pool keeps whatever it is
            self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        """See ``Future``."""
        self.settle()
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See ``Future``."""
        self.settle()
        return super().exception(0)


class SimulatedIntake:
    """As ``Intake`` reads: assigned partitions, committed records, an error for what is gone."""

    def __init__(self, process: Consumer) -> None:
        self._process = process
        self._broker = process.broker
        self._at: dict[Place, int] = {}

    def topics(self) -> list[str]:
        """See ``Intake``."""
        self._ask()
        return list(self._broker.topics)

    def describe(self, names: list[str]) -> list[Topic]:
        """See ``Intake``."""
        self._ask()
        return [Topic(name, f"id of {name}", self._broker.topics[name][0]) for name in names]

    def first_offset(self, place: Place) -> int:
        """See ``Intake``."""
        self._ask()
        return self._broker.logs[place].low

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        """See ``Intake``."""
        self._at = dict(offsets)
        if self._process.name == "store":
            self._process.database.let_go()

    def also_read_from(self, offsets: Mapping[Place, int]) -> None:
        """See ``Intake``."""
        self._at.update(offsets)

    def poll(self, wait_s: float, gather_s: float) -> list[Read]:
        """See ``Intake``."""
        name = self._process.name
        self._process.point(f"{name}.2 before")
        self._process.read_last = 0
        if not self._process.network.hears(name, KAFKA):
            return []
        chance = self._process.kernel.random
        places = sorted(self._at)
        chance.shuffle(places)
        read: list[Read] = []
        room = chance.randint(1, BATCH_RECORDS_MAX)
        for place in places:
            if len(read) >= room:
                break
            try:
                records = self._broker.read(place, self._at[place], room - len(read))
            except OutOfRange as error:
                raise OffsetsLost(str(error)) from None
            for record in records:
                read.append(Read(*place, record.offset, record.key, record.value, record.timestamp))
                self._at[place] = record.offset + 1
                if self._process.name == "store":
                    self._process.database.note_in_hand(place, record.offset)
        self._process.read_last = len(read)
        if read:
            self._process.point(f"{name}.2 after")
        return read

    def close(self) -> None:
        """See ``Intake``."""

    def _ask(self) -> None:
        if not self._process.network.hears(self._process.name, KAFKA):
            raise away("the brokers do not answer")
