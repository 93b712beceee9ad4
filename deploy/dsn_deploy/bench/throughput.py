"""How many changes a second the whole path carries, and what each costs by process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import psycopg

from dsn_consumers.ledger import QUIET_S, missing
from dsn_consumers.ledger_count import count
from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.load import Load
from dsn_deploy.bench.system import System
from dsn_deploy.bench.usage import Usage
from dsn_producers.message import Message
from dsn_producers.outbox import Outbox
from dsn_producers.status import status
from dsn_producers.taking import Taken
from dsn_schemas.settings import Settings

#: Between two looks into the store, s.
_LOOK_S = 0.2
#: Between two lines of progress, s.
_SAY_S = 5.0
#: No number may stand still for this long, s: then something is broken.
STANDSTILL_S = 120.0

_COMPLETE = """
    SELECT DISTINCT ON (source) source, least(seq_received, seq_complete)
    FROM dsn.sources
    ORDER BY source, epoch DESC
"""

#: A count that began before the end leaves something in flight.
_SETTLED = "SELECT bool_and(in_flight = 0) FROM dsn.ledger_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What one run carried."""

    #: Changes that got a number and went the whole way.
    changes: int
    #: Changes the outboxes dropped because they said nothing new.
    duplicates: int
    #: From the first take to the last change readable.
    seconds: float
    #: From the first take to the last one durable in an outbox.
    taking_s: float
    #: CPU seconds by process.
    cpu_s: dict[str, float]


def measure(
    system: System,
    loads: Sequence[tuple[Load, Outbox]],
    changes: int,
    usage: Usage,
    say: Callable[[str], object],
) -> Throughput:
    """Take ``changes`` changes as fast as the outboxes do, and wait until all can be read.

    They are made before the clock starts: making them is the hospital systems' work, not ours.
    """
    share = changes // len(loads)
    ready = [(list(load.messages(share)), outbox) for load, outbox in loads]
    say(f"{share * len(loads)} changes made")
    before, cpu_before = numbered(system.settings), usage.cpu_s()
    began = time.monotonic()
    duplicates = _take_all(system, ready, say)
    taking_s = time.monotonic() - began
    say(f"{changes} changes taken in {taking_s:.1f} s")
    ended = wait_readable(system, say)
    cpu_s = {name: at - cpu_before[name] for name, at in usage.cpu_s().items()}
    after = numbered(system.settings)
    return Throughput(
        changes=sum(after.values()) - sum(before.values()),
        duplicates=duplicates,
        seconds=ended - began,
        taking_s=taking_s,
        cpu_s=cpu_s,
    )


def wait_readable(system: System, say: Callable[[str], object]) -> float:
    """Wait until the store has all that was numbered; the monotonic instant it had.

    Complete means: every number contained, every record linked and settled, and no further link
    for ``QUIET_S``, which is not counted. Raises ``BenchError`` when nothing moves any more.
    """
    expected = numbered(system.settings)
    watch = _Watch(sum(expected.values()), say)
    place, since = -1, 0.0
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        while True:
            complete = complete_of(connection)
            watch.look(sum(min(complete.get(s, 0), upto) for s, upto in expected.items()))
            if all(complete.get(source, 0) >= upto for source, upto in expected.items()):
                now = time.monotonic()
                found = missing(connection, expected)
                if not found.complete or found.place != place:
                    place, since = (found.place if found.complete else -1), now
                elif now - since >= QUIET_S:
                    return since
            system.check()
            time.sleep(_LOOK_S)


def count_books(system: System, say: Callable[[str], object]) -> None:
    """Count the books behind everything that was carried, as ``dsn ledger`` does.

    After a burst that takes a core for some seconds, which is no part of a steady rate; the service
    that does it by itself rests for twenty times as long as its last count took. Raises
    ``BenchError`` when something stays in flight.
    """
    say("counting the books")
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        for _ in looks(system.check, _LOOK_S, "changes stayed in flight"):
            count(system.settings.conninfo)
            if connection.execute(_SETTLED).fetchone() == (True,):
                return


def complete_of(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Up to which number of its latest epoch each source is complete."""
    return dict(connection.execute(_COMPLETE).fetchall())


def looks(check: Callable[[], object], pause_s: float, failed: str) -> Iterator[None]:
    """One for each look, until ``STANDSTILL_S``; raises ``BenchError`` then, and what ``check`` does."""
    end = time.monotonic() + STANDSTILL_S
    while time.monotonic() < end:
        check()
        yield
        time.sleep(pause_s)
    raise BenchError(f"{failed} in {STANDSTILL_S:g} s")


class _Watch:
    """Says how far it is, and raises when it does not get further."""

    def __init__(self, total: int, say: Callable[[str], object]) -> None:
        self._total, self._say = total, say
        self._last, self._moved = -1, time.monotonic()
        self._said = time.monotonic()

    def look(self, readable: int) -> None:
        now = time.monotonic()
        if readable != self._last:
            self._last, self._moved = readable, now
        elif now - self._moved > STANDSTILL_S:
            raise BenchError(
                f"{readable} of {self._total} changes readable, and no more for {STANDSTILL_S:g} s"
            )
        if now - self._said >= _SAY_S:
            self._said = now
            self._say(f"{readable} of {self._total} changes readable")


def _take_all(
    system: System,
    ready: Sequence[tuple[Sequence[Message], Outbox]],
    say: Callable[[str], object],
) -> int:
    """Take from every source at the same time; how many changes said nothing new."""
    stopping = threading.Event()
    with ThreadPoolExecutor(len(ready)) as pool:
        takes = [pool.submit(_take, messages, outbox, stopping) for messages, outbox in ready]
        try:
            while wait(takes, timeout=_SAY_S).not_done:
                system.check()
                say(f"{sum(outbox.counters().received for _, outbox in ready)} changes taken")
        finally:
            stopping.set()  # or leaving the pool would wait for all that is still to take
        return sum(take.result() for take in takes)


def _take(messages: Sequence[Message], outbox: Outbox, stopping: threading.Event) -> int:
    """Take the messages and wait until all are durable; how many said nothing new."""
    before = outbox.counters()
    last: Future[Taken] | None = None
    for message in messages:
        if stopping.is_set():
            break
        last = outbox.take(message)
    if last is not None:
        last.result(60)
    after = outbox.counters()
    received = after.received - before.received
    wanted = sum(len(message.changes) for message in messages)
    if received != wanted:
        raise BenchError(f"{wanted - received} changes were not taken")
    return after.duplicate - before.duplicate


def numbered(settings: Settings) -> dict[str, int]:
    """Highest number of each source."""
    return {one.source: one.received - one.duplicate for one in status(settings)}
