"""The forwarder's producer over the simulated broker: delays, unknown outcomes, late arrivals.

What is handed over waits in the client, is written by the leader, and is confirmed once it is
replicated. A leader that is lost takes unconfirmed records with it, and the client writes them
again in their order. Records of a producer that was given up may still arrive much later.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError

from dsn_deploy.simulation.broker import Broker, Kept, Place, Record
from dsn_deploy.simulation.kernel import Actor
from dsn_deploy.simulation.network import KAFKA, Network
from dsn_producers.journal import Report

#: A written record is reported as failed (librdkafka reports so after a frozen broker: faults, B5).
WRONGLY_FAILED = 0.01
#: A record is given up by the client, and with it, so that no gap is written, all behind it.
GIVEN_UP = 0.004
#: A retry writes a record twice (idempotence lost at a leader change: librdkafka #4953).
WRITTEN_TWICE = 0.01
#: A record of a producer that was given up arrives all the same, within this time, s.
LATE = 0.5
LATE_S = 15.0


@dataclass(slots=True)
class _Sent:
    place: Place
    key: bytes
    value: bytes
    report: Report
    written: Record | None = None
    given_up: bool = False


class Written:
    """A delivery report's message."""

    def __init__(self, sent: _Sent) -> None:
        self._sent = sent

    def offset(self) -> int | None:
        """Where it was written."""
        return None if self._sent.written is None else self._sent.written.offset

    def partition(self) -> int:
        """Its partition."""
        return self._sent.place[1]


class SimulatedJournal:
    """See ``dsn_producers.journal.Journal``."""

    def __init__(self, process: Actor, broker: Broker, network: Network) -> None:
        self._process = process
        self._broker = broker
        self._network = network
        self._waiting: deque[_Sent] = deque()

    def produce(
        self, topic: str, *, value: bytes, key: bytes, partition: int, on_delivery: Report
    ) -> None:
        """See ``Journal``."""
        self._waiting.append(_Sent((topic, partition), key, value, on_delivery))
        self._process.point("forwarder.send between")

    def poll(self, timeout: float) -> int:
        """See ``Journal``."""
        self._write()
        return self._report()

    def flush(self, timeout: float) -> int:
        """See ``Journal``."""
        return len(self._waiting)

    def purge(self) -> None:
        """See ``Journal``."""
        for sent in self.give_up():
            sent.report(KafkaError(KafkaError._PURGE_QUEUE), None)

    def give_up(self) -> list[_Sent]:
        """Forget everything; some of it is on its way and arrives later."""
        given_up, self._waiting = list(self._waiting), deque()
        chance = self._process.kernel.random
        for sent in given_up:
            if sent.written is None and chance.random() < LATE:
                self._process.kernel.after(chance.uniform(0, LATE_S), partial(self._arrive, sent))
        return given_up

    def _arrive(self, sent: _Sent) -> None:
        self._broker.append(sent.place, sent.key, sent.value)

    def _write(self) -> None:
        """Hand to the leaders what they do not have, in order."""
        if not self._network.asks(self._process.name, KAFKA):
            return
        chance = self._process.kernel.random
        behind: set[Place] = set()
        for sent in self._waiting:
            if sent.written is not None and sent.written.kept is Kept.LOST:
                sent.written = None
            if sent.written is not None or sent.place in behind:
                continue
            if chance.random() < GIVEN_UP:
                sent.given_up = True
            if sent.given_up:
                behind.add(sent.place)
                continue
            if chance.random() < 0.2:
                behind.add(sent.place)  # slower than the others this time
                continue
            sent.written = self._broker.append(sent.place, sent.key, sent.value)
            if chance.random() < WRITTEN_TWICE:
                self._broker.append(sent.place, sent.key, sent.value)

    def _report(self) -> int:
        """Confirm what is replicated, say what was given up."""
        if not self._network.hears(self._process.name, KAFKA):
            return 0
        done = [sent for sent in self._waiting if self._reported(sent)]
        kept = {id(sent) for sent in done}
        self._waiting = deque(sent for sent in self._waiting if id(sent) not in kept)
        for sent in done:
            failed = sent.given_up or self._process.kernel.random.random() < WRONGLY_FAILED
            error = KafkaError(KafkaError._MSG_TIMED_OUT) if failed else None
            sent.report(error, Written(sent))
            self._process.point("forwarder.report between")
        return len(done)

    def _reported(self, sent: _Sent) -> bool:
        if sent.given_up:
            return True
        if sent.written is None or sent.written.kept is Kept.LOST:
            return False
        return sent.written.offset < self._broker.logs[sent.place].high
