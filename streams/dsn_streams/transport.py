"""A faust transport that hands over batches and takes every position from our own state.

Faust keeps what it does well: group membership, assignment, fetching, the life of the process. One
faust message is all records fetched for one partition (4 µs per record instead of 215). Where a
partition is read from, what is committed and in which order records come is decided by the lanes;
faust's acknowledgements, gaps and error commits, each of which can pass over an unprocessed record,
are switched off.

Facts of faust-streaming 0.15.3 that this file rests on:

* ``on_rebalance_complete`` is awaited before the seek and before the flow resumes, with heartbeats
  running: lanes are opened there. ``on_partitions_assigned`` runs without heartbeats.
* ``perform_seek`` is called after that, and again by ``getmany`` when the flow is off.
* A fetch begun before a rebalance can end after it: ``_epoch`` discards its records, and the seek
  waits until no fetch is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import aiokafka
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)
from aiokafka.errors import NoOffsetForPartitionError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from dsn_schemas.topics import FETCH_BYTES_MIN, FETCH_WAIT_MS
from dsn_streams import coordination
from dsn_streams.lane import Link
from dsn_streams.lanes import EXIT_SOFTWARE, leave
from dsn_streams.membership import Membership, succeed
from dsn_streams.stage import Batch

if TYPE_CHECKING:
    from dsn_streams.lanes import Lanes

#: Longest a fetch may hold up a rebalance.
FETCH_S = 0.3


class LaneAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka is not typed
    """The same partition number of every topic to the same member.

    So one worker has a lane end to end: a record's changes and its links meet in one writer.
    """

    name = "dsn-lane"
    version = 0

    @classmethod
    def assign(
        cls, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Partition ``p`` goes to member ``p`` modulo their number, in order of their ids."""
        names = sorted(members)
        topics = {topic for member in members.values() for topic in member.subscription}
        assigned: dict[str, dict[str, list[int]]] = {name: {} for name in names}
        for topic in sorted(topics):
            for partition in sorted(cluster.partitions_for_topic(topic) or ()):
                member = names[partition % len(names)]
                assigned[member].setdefault(topic, []).append(partition)
        return {
            name: ConsumerProtocolMemberAssignment(cls.version, sorted(found.items()), b"")
            for name, found in assigned.items()
        }

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """The subscription, without user data."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing is kept between assignments."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches and sends heartbeats."""

    #: Set once, before the worker starts.
    membership: Membership

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = LaneAssignor
        consumer = aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[LaneAssignor],
            enable_auto_commit=False,
            # Lanes check at opening that nothing unread was deleted; a position out of range
            # later on must stop the worker and not be skipped.
            auto_offset_reset="none",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_min_bytes=FETCH_BYTES_MIN,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            isolation_level="read_committed",
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )
        coordination.ask_again(consumer)
        return consumer

    async def on_start(self) -> None:
        """Start the consumer; a worker that lost its group ends, and is started again."""
        await super().on_start()
        assert self._consumer is not None
        succeed(self._consumer._coordinator, self.membership)
        coordination.watch(self._consumer, lambda: leave(EXIT_SOFTWARE))

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._fetch_records(*args, **kwargs)
        except NoOffsetForPartitionError:
            # Between assignment and our seek a new partition has no position yet. A position out
            # of range is another error, and stops the worker.
            return {}


class Consumer(driver.Consumer):
    """A consumer whose positions and commits are those of the lanes."""

    #: Set once, before the worker starts.
    lanes: Lanes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Grows with every seek and revocation; records fetched before are worthless after.
        self._epoch = 0
        self._fetched = asyncio.Event()
        self._fetched.set()
        #: End of the newest batch handed over since the seek.
        self._chain: dict[TP, int] = {}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:
        epoch = self._epoch
        self._fetched.clear()
        try:
            fetched = await super()._getmany(active_partitions, min(timeout, FETCH_S))
        finally:
            self._fetched.set()
        if epoch != self._epoch:
            return {}  # a seek follows and reads them again
        batches: dict[TP, list[Link]] = {}
        for tp, records in fetched.items():
            if records:
                tp = TP(*tp)
                batch = Batch(tp.topic, tp.partition, records)
                batches[tp] = [Link(batch, self._chain.get(tp, 0))]
                self._chain[tp] = records[-1].offset + 1
        return batches

    def _to_message(self, tp: TP, record: Any) -> Any:
        """One faust message for a whole batch; its offset is the one of the last record."""
        last = record.batch.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Take no more, finish the turns under way, close the lanes."""
        self._epoch += 1
        self.lanes.fence()
        await super().on_partitions_revoked(revoked)
        await self.lanes.close_all()

    async def perform_seek(self) -> None:
        """Read every partition from where its lane's state ends."""
        self._epoch += 1
        await self._fetched.wait()
        assignment = {TP(*tp) for tp in self.assignment()}
        if not all(self.lanes.owns(tp.topic, tp.partition) for tp in assignment):
            return  # a rebalance is under way; its own seek follows
        positions = self.lanes.positions()
        offsets = {tp: positions.get((tp.topic, tp.partition), 0) for tp in assignment}
        for tp in offsets:
            self._read_offset[tp] = None
        self._chain = dict(offsets)
        await self.seek_wait(offsets)
        self._committed_offset.clear()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Any:
        return [TP(*topic) for topic in self.lanes.done]

    def _new_offset(self, tp: TP) -> int | None:
        """What may be committed: positions that are durable in our own state."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.lanes.done.get((tp.topic, tp.partition))

    async def on_task_error(self, exc: BaseException) -> None:
        """Commit nothing (faust's own would)."""

    async def _add_gap(self, *args: Any) -> None:
        """Offsets between batches are transaction markers, not messages to wait for."""

    async def on_stop(self) -> None:
        """Finish the turns under way, then leave the group."""
        self._epoch += 1
        await self.lanes.close_all()
        await super().on_stop()


class Transport(driver.Transport):
    """The transport of ``app.py``."""

    Consumer = cast(Any, Consumer)
