"""From acknowledged to readable, at a steady rate.

Some of the changes are marked: an item of its own in the record of a person both sources know. Its
time begins when the outbox has committed it, which is when a hospital would be answered, and ends
when a reader on a connection of its own finds it in ``dsn.entries``.

It is a little pessimistic: the outbox is written by another process than the edge, whose forwarder
looks for such changes every 50 ms, while it is woken at once for those that came over MLLP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import cycle
from typing import NamedTuple

import psycopg

from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.load import CHANGES_PER_MESSAGE, Load
from dsn_deploy.bench.system import System
from dsn_producers.message import Message
from dsn_producers.outbox import Outbox
from dsn_producers.taking import Taken

#: Marked changes a second; 600 in half a minute give a p99 that six of them exceed.
MARKS_PER_S = 20
#: Between two looks of the reader, s; half of it is added to every figure.
LOOK_S = 0.02
#: Records that marks are spread over, of each source.
RECORDS_MAX = 500
#: After the last take, a mark may take this long to appear, s.
LATE_S = 60.0

#: People whom several records make first: no registration will move them any more.
_KNOWN = """
    SELECT number, person_id
    FROM (
        SELECT
            authority, number, person_id,
            count(*) OVER (PARTITION BY person_id) AS records
        FROM dsn.people_records
    ) AS known
    WHERE authority = %s
    ORDER BY records DESC, person_id
    LIMIT %s
"""

_FOUND = """
    SELECT entry FROM dsn.entries WHERE person_id = ANY(%s) AND entry = ANY(%s)
"""


class Due(NamedTuple):
    """A message that is to be taken, made beforehand: making it is no part of what is measured."""

    outbox: Outbox
    message: Message
    #: Where it stands among all changes; its time is this by the rate.
    place: int
    #: Entry and person of a watched change.
    mark: tuple[str, str] | None = None

    def take(self, reader: Reader) -> Future[Taken]:
        """Take it; the reader is told of a mark when it is durable.

        A mark that is refused is never readable, and missed.
        """
        taken = self.outbox.take(self.message)
        if self.mark is not None:
            mark = self.mark
            taken.add_done_callback(lambda _: reader.acknowledged(*mark))
        return taken


def prepare(
    system: System, loads: Sequence[tuple[Load, Outbox]], rate: int, seconds: int
) -> list[Due]:
    """What is taken when ``rate`` changes a second are taken for this long, from each source in turn.

    Raises ``BenchError`` when a source has no record yet.
    """
    every = max(1, rate // MARKS_PER_S)
    found: list[Due] = []
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        records = {load.source.name: known_records(connection, load) for load, _ in loads}
    count = 0
    while count < rate * seconds:
        load, outbox = loads[len(found) % len(loads)]
        if count % every:
            changes = min(CHANGES_PER_MESSAGE, every - count % every, rate * seconds - count)
            found.append(Due(outbox, load.message(changes), count))
            count += changes
        else:
            found.append(marked(load, outbox, next(records[load.source.name]), count))
            count += 1
    return found


def marked(load: Load, outbox: Outbox, record: tuple[str, str], count: int) -> Due:
    """A watched change of a record, which is its number and its person."""
    number, person = record
    message, entry = load.marked(number, _name(count))
    return Due(outbox, message, count, (entry, person))


def _name(count: int) -> str:
    """Of a mark: what ``hops.MARK`` finds."""
    return f"mark-{count}"


def measure(
    system: System, due: Sequence[Due], rate: int, say: Callable[[str], object]
) -> list[Found]:
    """Each mark, while ``rate`` changes a second are taken."""
    say(f"{rate} changes/s for {due[-1].place / rate:.0f} s, {MARKS_PER_S} of them watched")
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        reader = Reader(connection)
        reader.start()
        try:
            _pace(due, reader, rate)
        finally:
            reader.finish(time.monotonic() + LATE_S)
    system.check()
    if reader.failure is not None:
        raise reader.failure
    if reader.waiting:
        raise BenchError(f"{reader.waiting} changes were not readable after {LATE_S:g} s")
    return reader.found


class Found(NamedTuple):
    """A mark that could be read."""

    entry: str
    #: Monotonic instant of its acknowledgement, s.
    at: float
    wait_ms: float


def by_mark(due: Sequence[Due], found: Sequence[Found]) -> dict[str, tuple[float, float]]:
    """When each mark was acknowledged and readable, seconds since 1970."""
    names = {one.mark[0]: _name(one.place) for one in due if one.mark is not None}
    since_1970 = time.time() - time.monotonic()
    begins = {names[one.entry]: (one.at + since_1970, one.wait_ms / 1000) for one in found}
    return {name: (at, at + wait_s) for name, (at, wait_s) in begins.items()}


class Reader(threading.Thread):
    """Looks for marks that were acknowledged, and notes how long each took."""

    def __init__(self, connection: psycopg.Connection[tuple[str]]) -> None:
        super().__init__(name="reader", daemon=True)
        self._connection = connection
        self._mutex = threading.Lock()
        #: entry -> (person, monotonic instant of its acknowledgement).
        self._marks: dict[str, tuple[str, float]] = {}
        self._deadline: float | None = None
        self.found: list[Found] = []
        self.failure: BaseException | None = None

    @property
    def waiting(self) -> int:
        """Marks that are not readable yet."""
        return len(self._marks)

    def acknowledged(self, entry: str, person: str) -> None:
        """A mark is durable in its outbox: its time runs."""
        with self._mutex:
            self._marks[entry] = (person, time.monotonic())

    def finish(self, deadline: float) -> None:
        """No further marks come; wait for those that are out until ``deadline``."""
        self._deadline = deadline
        self.join()

    def run(self) -> None:
        """Look until finished and nothing waits, or the deadline has come."""
        try:
            while not self._over(time.monotonic()):
                time.sleep(LOOK_S)
                self._look()
        except BaseException as error:  # noqa: BLE001 - raised where the measurement waits
            self.failure = error

    def _over(self, now: float) -> bool:
        return self._deadline is not None and (not self._marks or now >= self._deadline)

    def _look(self) -> None:
        with self._mutex:
            waiting = dict(self._marks)
        if not waiting:
            return
        people = list({person for person, _ in waiting.values()})
        found = self._connection.execute(_FOUND, [people, list(waiting)]).fetchall()
        now = time.monotonic()
        with self._mutex:
            for (entry,) in found:
                _, at = self._marks.pop(entry)
                self.found.append(Found(entry, at, (now - at) * 1000))


def _pace(due: Sequence[Due], reader: Reader, rate: int) -> None:
    """Take each at its time."""
    began = time.monotonic()
    for one in due:
        time.sleep(max(0.0, began + one.place / rate - time.monotonic()))
        taken = one.take(reader)
    taken.result(60)


def known_records(
    connection: psycopg.Connection[tuple[str]], load: Load
) -> Iterator[tuple[str, str]]:
    """Numbers and people of records of a source, over and over."""
    found = connection.execute(_KNOWN, [load.source.authority, RECORDS_MAX]).fetchall()
    if not found:
        raise BenchError(f"{load.source.name} has no record yet: measure with more changes")
    return cycle([(row[0], row[1]) for row in found])  # type: ignore[misc]  # two columns
