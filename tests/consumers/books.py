"""A source at the edge and the streams in memory, whose topics are then stored and audited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import psycopg
from consumers.parts import NOON

from dsn_consumers import generations
from dsn_consumers.audit import AuditSink
from dsn_consumers.database import statement
from dsn_consumers.intake import Read, Topic
from dsn_consumers.store import TOPICS, StoreSink
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import (
    Content,
    IdentityClaim,
    Op,
    RecordChange,
    RejectedMessage,
    Section,
    SourceMark,
)
from dsn_schemas.topics import changes_topic, named
from support.world import World

JOURNAL = changes_topic("a")


class Edge:
    """Numbers what one system says, as its outbox does."""

    def __init__(self, world: World, source: str, epoch: int = 1) -> None:
        self._world = world
        self.source = source
        self.epoch = epoch
        self.seq = 0
        self.duplicates = 0
        #: How far its clock is ahead of noon, ms.
        self.shift_ms = 0
        #: Last number sent to each partition.
        self.last: dict[int, int] = defaultdict(int)

    @property
    def at(self) -> int:
        """Its clock."""
        return NOON + self.shift_ms + self.seq

    def send(
        self,
        section: Section,
        item: str,
        content: Content | None,
        *,
        authority: str = "H",
        number: str = "1",
        entry: str = "",
        status: str = "active",
        op: Op = "upsert",
        publish: bool = True,
    ) -> RecordChange:
        """Number a change; ``publish=False`` for one that is lost before the journal."""
        partition = partition_of(record_key(authority, number), self._world.partitions)
        self.seq += 1
        change = RecordChange(
            source=self.source,
            epoch=self.epoch,
            seq=self.seq,
            previous=self.last[partition],
            authority=authority,
            number=number,
            section=section,
            item=item,
            entry=entry,
            op=op,
            status=status,
            occurred_at=self.at,
            captured_at=self.at,
            content=content if op == "upsert" else None,
        )
        self.last[partition] = self.seq
        if publish:
            self._world.publish(change)
        return change

    def reject(self) -> RecordChange:
        message = RejectedMessage(reason="no-patient", detail="PID-3 is empty", payload=b"MSH|")
        return self.send("rejected", f"m{self.seq}", message, authority="edge", number=self.source)

    def claim(self, kind: str, number: str, other: str) -> RecordChange:
        claim = IdentityClaim(kind=kind, other_authority="H", other_number=other)
        return self.send("claims", f"{kind}|{other}", claim, number=number, status="")

    def mark(self, received: int | None = None) -> None:
        """Tell every partition how far we are."""
        for partition in range(self._world.partitions):
            mark = RecordChange(
                source=self.source,
                epoch=self.epoch,
                seq=self.seq,
                previous=self.last[partition],
                authority="",
                number="",
                section="marks",
                item="",
                entry="",
                op="mark",
                status="",
                occurred_at=self.at,
                captured_at=self.at,
                content=SourceMark(
                    received=self.seq + self.duplicates if received is None else received,
                    duplicate=self.duplicates,
                    sent_at=self.at,
                ),
            )
            self._world.put(
                JOURNAL, partition, self.source.encode(), self._world.codec.encode(mark)
            )


class Centre:
    """The two consumers, fed with the topics of a world as far as they got."""

    def __init__(self, connection: psycopg.Connection[Any], world: World) -> None:
        self._connection = connection
        self._world = world
        self._stored: dict[tuple[str, int], int] = defaultdict(int)
        self._store, self._audit = StoreSink(world.codec), AuditSink(world.codec)
        topics = [Topic(name, f"id-{name}", world.partitions) for name in (*TOPICS, JOURNAL)]
        for topic in topics:
            connection.execute(statement("add_topic"), topic._asdict() | {"topic": topic.name})
        self._store.opened(connection, topics)
        self._audit.opened(connection, topics)

    def store(self, *, some: bool = False) -> None:
        """Everything the streams have written since, or some of it."""
        self._take(self._store, TOPICS, some=some)

    def audit(self, *, some: bool = False) -> None:
        """Everything the establishments have published since, or some of it."""
        self._take(self._audit, [JOURNAL], some=some)

    def begin_rebuild(self, conninfo: str) -> None:
        """Make the tables of another generation, and a store that fills them."""
        generations.begin(conninfo, 1)
        self._rebuilt = StoreSink(self._world.codec, 1)
        topics = [Topic(named(name, 1), f"id-1-{name}", self._world.partitions) for name in TOPICS]
        for topic in topics:
            self._connection.execute(
                statement("add_topic"), topic._asdict() | {"topic": topic.name}
            )
        self._rebuilt.opened(self._connection, topics)

    def rebuild(self, *, some: bool = False) -> None:
        """Give the other generation's store what the streams have written."""
        self._take(self._rebuilt, TOPICS, some=some, generation=1)

    def _take(
        self,
        sink: StoreSink | AuditSink,
        topics: Sequence[str],
        *,
        some: bool,
        generation: int = 0,
    ) -> None:
        reads = []
        for topic in topics:
            for partition in range(self._world.partitions):
                log = self._world.logs[topic, partition]
                name = named(topic, generation) if generation else topic
                at = self._stored[name, partition]
                end = self._world.random.randint(at, len(log)) if some else len(log)
                for s in log[at:end]:
                    reads.append(Read(name, partition, s.offset, s.key, s.value, NOON))
                self._stored[name, partition] = end
        prepared: Any = sink.prepare(reads)
        with self._connection.transaction():
            sink.write(self._connection, prepared)
        sink.committed(prepared)
