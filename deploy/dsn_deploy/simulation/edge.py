"""An establishment: a hospital system that resends until it is answered, and its edge.

Taking and forwarding are the shipped functions over a real SQLite file; the hospital believes
nothing but an acknowledgement.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from confluent_kafka import KafkaException

from dsn_deploy.proof.evidence import Number, number_of
from dsn_deploy.simulation.broker import Broker
from dsn_deploy.simulation.feed import SimulatedFeed
from dsn_deploy.simulation.ids import SimulatedIds
from dsn_deploy.simulation.journal import SimulatedJournal
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import Network
from dsn_deploy.simulation.outbox import SteppedFile
from dsn_deploy.simulation.outside import CODEC
from dsn_producers import restoring, sending, taking
from dsn_producers.backoff import Backoff
from dsn_producers.errors import JournalLost, OutboxRefused, Removed, Restored, SendFailed
from dsn_producers.hearing import catch_up
from dsn_producers.limits import Limits
from dsn_producers.message import Message
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receiving import NotHeard
from dsn_producers.sending import position_of
from dsn_producers.session import Session
from dsn_schemas.records import RecordChange
from dsn_schemas.settings import Settings
from dsn_schemas.topics import changes_topic
from dsn_schemas.wire import Codec

#: Milliseconds since 1970 UTC at the beginning of a run.
NOON_MS = 1_772_366_400_000
#: Whose sources there are.
ESTABLISHMENT = "a"
#: As shipped, but that covered rows are freed after seconds and not after days.
_LIMITS = Limits().model_copy(update={"outbox_keep_days": 3 / 86_400})
#: Messages committed together, at most.
GROUP_MESSAGES_MAX = 4
#: An acknowledgement that gets lost on its way to the sender.
ANSWER_LOST = 0.03


@dataclass(slots=True)
class Waiting:
    """A message that its sender has not been answered for."""

    #: When it is sent, s.
    at: float
    message: Message


class Edge(Actor):
    """The edge of one source, with the system that sends to it."""

    components = ("edge", "forwarder", "epoch")
    kind = "edge"

    def __init__(
        self,
        kernel: Kernel,
        source: str,
        *,
        folder: Path,
        broker: Broker,
        network: Network,
        settings: Settings,
        ids: SimulatedIds,
        messages: list[Waiting],
    ) -> None:
        super().__init__(kernel, f"edge-{source}")
        self.source = source
        self.path = folder / f"{source}.sqlite3"
        self._backup = folder / f"{source}.backup"
        self._broker = broker
        self._network = network
        self._settings = settings
        self._codec = Codec(ids)
        self._topic = changes_topic(ESTABLISHMENT)
        self._outgoing = deque(messages)
        #: How wrong its clock is, ms.
        self.skew_ms = 0
        #: Number -> what the sender was told is safe.
        self.acknowledged: list[RecordChange] = []
        #: What the original of a restored copy had sent, and the copy says again under new numbers.
        self.said_before: list[RecordChange] = []
        #: What was taken before the outbox was last restored; the centre has seen all of it.
        self._originals: dict[Number, RecordChange] = {}
        self._noted = 0
        self._session: Session | None = None
        self._journal: SimulatedJournal | None = None
        self._file: SteppedFile | None = None
        self._reading: SteppedFile | None = None
        self._restore = False
        #: When it saw that the journal lost what it had confirmed, s.
        self.noticed_at: list[float] = []

    # --- its life ------------------------------------------------------------------------------

    def begin(self) -> None:
        """See ``Actor``."""
        if self._restore:
            self._restored()
        self._file = self._opened("edge", durable=True)
        restoring.doubt(self._file)
        self._reading = self._opened("forwarder", durable=False)
        self._backoff = Backoff(self.kernel.random)
        self._resume_at = 0.0

    def gone(self) -> None:
        """See ``Actor``."""
        if self._journal is not None:
            self._journal.give_up()
        for file in (self._file, self._reading):
            if file is not None:
                file.close()
        self._session = self._journal = self._file = self._reading = None

    def tick(self) -> float:
        """Take what the hospital sends, then forward."""
        self.works()
        busy = self._take()
        if self.kernel.now >= self._resume_at:
            busy = self._forward() or busy
        chance = self.kernel.random
        return chance.uniform(0.02, 0.08) if busy else chance.uniform(0.15, 0.5)

    @property
    def drained(self) -> bool:
        """The hospital was answered for everything, and everything is in the journal."""
        if self._outgoing or not self.running or self._reading is None:
            return False
        return self.unsent == 0

    @property
    def was_restored(self) -> bool:
        """An older copy took the place of its outbox once."""
        return bool(self._originals)

    def numbered(self) -> dict[tuple[str, int], int]:
        """Highest number given, by source and epoch."""
        assert self._file is not None
        found: dict[tuple[str, int], int] = {}
        for change in self.acknowledged:
            key = (change.source, change.epoch)
            found[key] = max(change.seq, found.get(key, 0))
        return found

    @property
    def unsent(self) -> int:
        """Numbered changes that the journal did not confirm."""
        assert self._reading is not None
        sent = self._reading.meta("sent")
        return len(sending.rows_after(self._reading, sent, 1_000)) + (
            self._reading.epoch * (1 << 40) > sent
        )

    def clock_ms(self) -> int:
        """The edge's clock."""
        return NOON_MS + int(self.kernel.now * 1000) + self.skew_ms

    # --- what an operator does -----------------------------------------------------------------

    def back_up(self) -> None:
        """Copy the outbox, as a nightly backup would."""
        if self._busy or self._file is None or self._reading is None:
            return  # it works, or is only starting
        self._file.run("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self.path, self._backup)

    def restore(self, seen: Mapping[tuple[str, int], int], journal: Iterable[RecordChange]) -> bool:
        """Put the backup in the place of the outbox, and start; ``False`` when it is not the moment.

        Only while the centre has said that it has seen every number, and the journal holds each:
        what a lost disk alone held is lost with it, and numbers that nobody has heard of would be
        given twice.
        """
        if self._busy or self._reading is None or not self._backup.exists() or self.unsent:
            return False  # it works, or is only starting
        self._note()  # also what was taken by one that died before it answered
        if any(seen.get(key, 0) < seq for key, seq in self.numbered().items()):
            return False
        held = {number_of(change) for change in journal}
        if any(number_of(change) not in held for change in self.acknowledged):
            return False  # the brokers lost it, and only this outbox can send it again
        self._originals = {number_of(change): change for change in self.acknowledged}
        self._restore = True
        self.kill()
        return True

    def resend(self, seq: int) -> None:
        """Ask the forwarder, from another process, to send again everything behind a number.

        Of what was confirmed and removed the outbox says that only the centre has it.
        """
        if self._busy or self._file is None or self._reading is None:
            return  # it works, or is only starting
        file = OutboxFile(self.path, source=self.source, partitions=self._settings.partitions)
        numbered = file.counters(file.epoch).numbered
        with contextlib.suppress(Removed):
            sending.ask_resend(file, file.epoch, min(seq, numbered))
        file.close()

    # --- taking --------------------------------------------------------------------------------

    def _take(self) -> bool:
        chance = self.kernel.random
        group = [one for one in list(self._outgoing)[:GROUP_MESSAGES_MAX]
                 if one.at <= self.kernel.now]  # fmt: skip
        if not group:
            return False
        group = group[: chance.randint(1, len(group))]
        assert self._file is not None
        try:
            self.take_and_answer(self._file, [one.message for one in group])
        except OutboxRefused:
            return False
        return True

    def take_and_answer(self, file: OutboxFile, messages: list[Message]) -> None:
        """Make them durable, and only then say so."""
        taking.take(file, messages, self.clock_ms())
        self.point("edge.answer before")
        self.answer(file, len(messages))

    def answer(self, file: OutboxFile, messages: int) -> None:
        """The senders hear that everything taken is safe; an answer may get lost."""
        self._note()
        if self.kernel.random.random() >= ANSWER_LOST:
            for _ in range(messages):
                self._outgoing.popleft()

    def _note(self) -> None:
        """Keep what was taken since, for whoever judges."""
        assert self._file is not None
        frame = CODEC.frame_of("RecordChange")
        while rows := _rows_after(self._file, self._noted):
            for position, body in rows:
                change = CODEC.decode(frame + body)
                assert isinstance(change, RecordChange)
                self.acknowledged.append(change)
                self._noted = position

    # --- forwarding ----------------------------------------------------------------------------

    def _forward(self) -> bool:
        """As ``Forwarder._session``: hear the centre, then send and go on hearing."""
        try:
            if self._session is None:
                self._connect()
            assert self._session is not None
            idle = self._session.step()
        except Restored as found:
            self._disconnect()
            self._begin_new_epoch(found)
            return True
        except (SendFailed, NotHeard, KafkaException, OutboxRefused) as error:
            if isinstance(error, JournalLost):
                self.noticed_at.append(self.kernel.now)
            self._disconnect()
            self._resume_at = self.kernel.now + self._backoff.next_delay_s()
            return False
        self._backoff.succeeded()
        return not idle

    def _connect(self) -> None:
        assert self._reading is not None
        feed = SimulatedFeed(self, self._broker, self._network, self.source, ESTABLISHMENT)
        catch_up(self._reading, feed)
        self._journal = SimulatedJournal(self, self._broker, self._network)
        self._session = Session(
            self._reading,
            self._settings,
            self._topic,
            self._codec,
            self._codec.frame_of("RecordChange"),
            self._journal,
            feed=feed,
            limits=_LIMITS,
            monotonic=lambda: self.kernel.now,
            clock=self.clock_ms,
        )

    def _disconnect(self) -> None:
        if self._session is not None:
            self._session.end()
        self._session = None

    def _begin_new_epoch(self, found: Restored) -> None:
        """As ``Forwarder``; what was taken under numbers the centre knows is now under others."""
        assert self._file is not None
        since = max(self._file.meta("unverified"), self._file.meta("sent"))
        self._file.label = "epoch"
        try:
            restoring.begin_new_epoch(self._file, found.epoch)
        finally:
            self._file.label = "edge"
            # Also when it dies there: what is durable by then has its new numbers.
            self._renumbered(since)

    def _renumbered(self, since: int) -> None:
        """Note anew what was taken behind that position."""
        moved = [c for c in self.acknowledged if position_of(c.epoch, c.seq) > since]
        if not moved:
            return
        self.acknowledged = [c for c in self.acknowledged if position_of(c.epoch, c.seq) <= since]
        self._noted = since
        before = len(self.acknowledged)
        self._note()
        said = [replace(c, epoch=0, seq=0, previous=0) for c in self.acknowledged[before:]]
        # What did not move was acknowledged all the same: it is lost, and must be found missing.
        for change in moved:
            if replace(change, epoch=0, seq=0, previous=0) not in said:
                self.acknowledged.append(change)
            elif change == self._originals.get(number_of(change)):
                self.said_before.append(change)

    def _opened(self, label: str, *, durable: bool) -> SteppedFile:
        return SteppedFile(
            self.path,
            source=self.source,
            partitions=self._settings.partitions,
            process=self,
            label=label,
            durable=durable,
        )

    def _restored(self) -> None:
        self._restore = False
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._backup, self.path)


def _rows_after(file: OutboxFile, position: int) -> list[tuple[int, bytes]]:
    """Position and body of the next rows, of any epoch."""
    found = file.all("rows_after", position, 1 << 62, 1_000)
    return [(row[0], row[4]) for row in found]
