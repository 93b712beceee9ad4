"""The receipts consumer: the shipped rounds and decisions over the simulated store and broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import psycopg
from confluent_kafka import KafkaException, Producer

from dsn_consumers import receipt
from dsn_consumers.database import statement
from dsn_consumers.pump import Connection
from dsn_consumers.quarantine_tail import QuarantineTail
from dsn_consumers.receipt import Key, Look, Moves, Progress
from dsn_consumers.receipts import ROUND_S, Asked, Receipts
from dsn_consumers.stopping import Stop
from dsn_deploy.simulation.broker import Broker
from dsn_deploy.simulation.database import Database, Session
from dsn_deploy.simulation.ids import SimulatedIds
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.lane_clients import SimulatedProducer
from dsn_deploy.simulation.network import KAFKA, POSTGRES, Network
from dsn_schemas.records import Receipt
from dsn_schemas.settings import Settings
from dsn_schemas.topics import QUARANTINE, RECEIPTS_PREFIX, changes_topic
from dsn_schemas.wire import Codec, UnknownSchema


class ReceiptsProcess(Actor):
    """One process of ``dsn run receipts``."""

    components = ("receipts",)
    kind = "receipts"

    def __init__(
        self,
        kernel: Kernel,
        *,
        broker: Broker,
        network: Network,
        database: Database,
        settings: Settings,
        ids: SimulatedIds,
    ) -> None:
        super().__init__(kernel, "receipts")
        self.session_label = "receipts session"
        self.broker = broker
        self.network = network
        self.database = database
        self._settings = settings
        self.ids = ids
        self._session: Session | None = None
        self._producer: SimulatedProducer | None = None
        self._core: Rounds | None = None
        #: Of each source and epoch, everything up to this number is in the store: receipts said so.
        self.told: dict[tuple[str, int], int] = {}
        #: Of each source and epoch, the highest number the centre has said that it knows.
        self.seen: dict[tuple[str, int], int] = {}
        #: When it noted another hole in the numbers, s.
        self.noticed_at: list[float] = []

    def gone(self) -> None:
        """See ``Actor``."""
        self._session = self._producer = self._core = None
        self.database.end_of(self)

    def tick(self) -> float:
        """Open, or one round, as ``Receipts.run`` does."""
        try:
            if self._core is None:
                return self._open()
            self._core.look(cast(Connection, self._session))
            self._core.round(
                cast(Connection, self._session),
                cast(Producer, self._producer),
                cast(QuarantineTail, None),
            )
            self.point("receipts.5 after")
        except (KafkaException, UnknownSchema, psycopg.Error):
            self.away(f"{self.kind}'s neighbour away")
            self._core = None
            self.database.end_of(self)
            return self.kernel.random.uniform(0.2, 1.0)
        return ROUND_S

    def _open(self) -> float:
        session = self._session = self.database.connect(self)
        row = session.execute(statement("lock_consumer"), {"consumer": self.name}).fetchone()
        if row is None or not row[0]:
            session.close()
            return 1.0
        self._producer = SimulatedProducer(
            self, self.broker, self.network, "dsn.receipts", step="4"
        )
        self._producer.init_transactions(0)
        self._core = Rounds(self, self._settings)
        self.works(max(self.network.back_at(self.name, one) for one in (KAFKA, POSTGRES)))
        return 0.1


class Rounds(Receipts):
    """The shipped rounds; what waits or reads by a cursor of types is simulated."""

    def __init__(self, process: ReceiptsProcess, settings: Settings) -> None:
        self._process = process
        self._settings = settings
        self._stop = Stop()
        self._codec = Codec(process.ids)
        self._told = {}
        self._seen = receipt.highest_seen(self._said())
        self._moves = Moves()
        self._held = set()
        self._topics = frozenset(process.broker.topics)

    def _said(self) -> Iterator[tuple[str, Receipt]]:
        """As ``receipts_said``."""
        broker = self._process.broker
        for (topic, number), log in sorted(broker.logs.items()):
            if topic.startswith(RECEIPTS_PREFIX):
                for record in broker.read((topic, number), log.low, 10_000):
                    word = self._codec.decode(record.value or b"")
                    if isinstance(word, Receipt):
                        yield changes_topic(topic.removeprefix(RECEIPTS_PREFIX)), word

    def look(self, connection: Connection) -> None:
        """As ``_look``: which records move for too long."""
        moving: dict[str, set[tuple[str, str]]] = {}
        for record, topic, source in connection.execute(statement("moving")):
            moving.setdefault(record, set()).add((topic, source))
        self._held = self._moves.stuck(moving, self._process.kernel.now)

    def _note_gaps(self, connection: Connection) -> None:
        self._process.point("receipts.1 before")
        before = self._holes()
        super()._note_gaps(connection)
        if self._holes() > before:
            self._process.noticed_at.append(self._process.kernel.now)
        self._process.point("receipts.1 after")

    def _holes(self) -> int:
        return len(self._process.database.tables["gaps"])

    def _due(self, connection: Connection) -> dict[Key, Receipt]:
        """As shipped, without a cursor that makes ``Progress`` of rows."""
        self._process.point("receipts.2 before")
        with connection.transaction():
            rows = connection.execute(statement("receipt_progress")).fetchall()
            names = ("topic", "source", "epoch", "complete", "seen")
            progress = [Progress(**dict(zip(names, row, strict=True))) for row in rows]
            row: Any = connection.execute(statement("store_identity")).fetchone()
            look = Look(store=row[0], issued=row[1] + 1, at=self._process.broker.clock_ms)
            due = receipt.due(progress, self._told, look, self._held, self._seen)
            if due:
                connection.execute(statement("issue"), {"issued": look.issued})
        self._process.point("receipts.2 after")
        return due

    def _quarantine_stored(self, connection: Connection, tail: QuarantineTail) -> bool:
        """As shipped, without the wait: the next round asks again."""
        broker = self._process.broker
        self._process.point("receipts.3 before")
        wanted = {
            place[1]: log.past[-1].offset + 1 if log.past else 0
            for place, log in broker.logs.items()
            if place[0] == QUARANTINE
        }
        stored = dict(connection.execute(statement("quarantine_offsets")).fetchall())
        self._process.point("receipts.3 after")
        return all(stored.get(partition, 0) >= at for partition, at in wanted.items())

    def _publish(
        self,
        producer: Producer,
        due: Mapping[Key, Receipt],
        requests: Sequence[tuple[str, Asked]],
    ) -> None:
        super()._publish(producer, due, requests)
        for (_, source, epoch), one in due.items():
            self._process.told[source, epoch] = one.seq
            self._process.seen[source, epoch] = one.seen
