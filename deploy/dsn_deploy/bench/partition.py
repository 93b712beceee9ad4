"""``dsn bench partition``: one establishment cannot reach Kafka for a while; what does its return cost?

Two establishments take changes at the same steady rate all along, each with an edge of its own. The
far one reaches Kafka through a proxy that is cut, then mended. Measured are how fast its outbox drains
beside what keeps arriving, when all of it can be read, and how long changes of the near one take until
they can be read, before the cut, during it, and while the backlog is worked off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from dsn_consumers.ledger import balanced, ledger
from dsn_deploy.bench.end_to_end import WARM_CHANGES, folder
from dsn_deploy.bench.figures import BenchError, percentile
from dsn_deploy.bench.latency import LATE_S, MARKS_PER_S, Found, Reader, known_records, marked
from dsn_deploy.bench.load import Load, loads_of
from dsn_deploy.bench.system import System
from dsn_deploy.bench.throughput import complete_of, looks, wait_readable
from dsn_deploy.faults.cluster import SITE, FreePorts
from dsn_deploy.faults.members import Member
from dsn_deploy.faults.proxy import FINE, Link, Proxy, Weather
from dsn_deploy.services import SERVICES
from dsn_deploy.stack import EmbeddedStack
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile, path_of
from dsn_producers.sources import Source
from dsn_producers.taking import Taken

#: Between two looks at the far outbox, s.
_LOOK_S = 0.05
#: Changes of each source before anything is measured: after them every record is known, and none moves.
_KNOWN_CHANGES = 1_500

#: All services but the edge, of which there are two.
_CENTRE = tuple(name for name in SERVICES if name != "edge")

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    #: How long the far establishment is cut off, s.
    seconds: int = 60
    #: Changes a second, of each establishment.
    rate: int = 100
    #: How long the near one is watched before the cut, s.
    before_s: int = 20
    people: int = 200
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How the far outbox came back."""

    #: When the link was mended, the first waiting change was confirmed, none waited any more, and
    #: everything that had waited could be read; monotonic s.
    mended: float
    moved: float
    empty: float
    readable: float
    #: Changes that waited when the link was mended, and that were confirmed until none waited.
    backlog: int
    sent: int


def run(asked: Asked, say: Say) -> tuple[dict[str, object], bool]:
    """Measure, on a system of its own; the figures, and whether the books balance.

    1. Make people both know. 2. Take changes at both all along; watch the near one. 3. Cut the far
    one off. 4. Mend it, until all that waited can be read. 5. Wait for the rest, check the books.

    Raises ``BenchError``, ``StackError``; the folder with every log is then kept and named.
    """
    with folder(say) as place, Parted(place, say, asked.seed) as system, ExitStack() as opened:
        loads = loads_of(system.settings, system.sources, asked.people, asked.seed, opened)
        for load, outbox in loads:  # 1
            for _ in range(WARM_CHANGES + _KNOWN_CHANGES):
                last = outbox.take(next(load))
            last.result(60)
        wait_readable(system, say)
        with Feeding(system, loads, asked.rate) as feeding:  # 2
            say(f"{asked.rate} changes/s at each of two establishments")
            began = time.monotonic()
            feeding.wait(asked.before_s)
            say(f"the far one is cut off for {asked.seconds} s")
            cut = time.monotonic()
            system.link.turn(Weather(down=True))  # 3
            feeding.wait(asked.seconds)
            drained = _mended(system, feeding, say)  # 4
        wait_readable(system, say)  # 5
        books = ledger(system.settings.conninfo)
    phases = {
        "before": (began, cut),
        "cut": (cut, drained.mended),
        "drain": (drained.mended, drained.readable),
    }
    watched = {
        name: [one.wait_ms for one in feeding.found if begin <= one.at < end]
        for name, (begin, end) in phases.items()
    }
    return figures(asked, drained, watched) | {
        "unexplained": sum(row.unexplained for row in books)
    }, len(books) > 0 and balanced(books)


def figures(asked: Asked, drained: Drained, watched: dict[str, list[float]]) -> dict[str, object]:
    """As they are printed; the names are read by scripts. Raises ``BenchError`` for an empty phase."""
    found: dict[str, object] = {}
    for phase, waits in watched.items():
        if not waits:
            raise BenchError(f"no change of the near establishment was watched in phase {phase}")
        found[f"near_{phase}_ms_p50"] = round(percentile(waits, 0.50), 1)
        found[f"near_{phase}_ms_p99"] = round(percentile(waits, 0.99), 1)
        found[f"near_{phase}_watched"] = len(waits)

    def times(share: float) -> float:
        return round(percentile(watched["drain"], share) / percentile(watched["before"], share), 2)

    rate = drained.sent / max(drained.empty - drained.moved, _LOOK_S)
    return {
        "seconds": asked.seconds,
        "arrival_per_s": asked.rate,
        "backlog": drained.backlog,
        "reconnected_s": round(drained.moved - drained.mended, 2),
        "drain_s": round(drained.empty - drained.moved, 2),
        "drain_per_s": round(rate, 1),
        "drain_ratio": round(rate / asked.rate, 1),
        "readable_s": round(drained.readable - drained.mended, 2),
        **found,
        "slower_p50": times(0.50),
        "slower_p99": times(0.99),
    }


class Parted(System):
    """Two establishments with an edge each; the far one's way to Kafka leads through a proxy."""

    def __init__(self, place: Path, say: Say, seed: int) -> None:
        super().__init__(place, say)
        ports = FreePorts()
        listener, told = ports.next(), ports.next()
        self._stack = EmbeddedStack(data=place / "data", listeners={SITE: (listener, told)})
        self._proxy = Proxy(seed)
        #: The far establishment's way to Kafka.
        self.link: Link = self._proxy.link("site", told, listener)
        self._place = place

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._proxy)
            super().__enter__()
            opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as closing:
            closing.push(self._proxy)
            super().__exit__(kind, error, trace)

    @property
    def near(self) -> Source:
        """The establishment that is never cut off."""
        return self.sources[0]

    @property
    def far(self) -> Source:
        """The one that is."""
        return self.sources[1]

    def _start_services(self, names: Sequence[str] = _CENTRE) -> None:
        super()._start_services(names)
        way = {self.near.name: self.settings.kafka, self.far.name: f"127.0.0.1:{self.link.port}"}
        text = self.settings.sources.read_text(encoding="utf-8")
        tables = [f"[[source]]{one}" for one in text.split("[[source]]")[1:]]
        for source, table in zip(self.sources, tables, strict=True):
            path = self._place / f"sources-{source.name}.toml"
            path.write_text(table, encoding="utf-8")
            settings = self.settings.model_copy(update={"kafka": way[source.name], "sources": path})
            edge = Member(
                f"edge-{source.name}",
                "edge",
                log=self._place / "data" / "logs" / f"edge-{source.name}.log",
                settings=settings,
                record=self._stack.state_file.record,
            )
            self._services.append(edge)
            edge.start()


class Feeding:
    """Takes changes at both establishments at a steady rate, and watches those of the near one."""

    def __init__(self, system: Parted, loads: list[tuple[Load, Outbox]], rate: int) -> None:
        self._system = system
        self._loads = loads
        self._rate = rate
        self._connection = psycopg.connect(system.settings.conninfo, autocommit=True)
        self._records = known_records(self._connection, loads[0][0])
        self._reader = Reader(self._connection)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeding", daemon=True)
        self._failure: BaseException | None = None

    @property
    def found(self) -> list[Found]:
        """The watched changes that could be read."""
        return self._reader.found

    @property
    def at_rest(self) -> int:
        """Changes that wait at an outbox that is not behind: what arrives between two looks of it."""
        return max(10, self._rate // 5)

    def __enter__(self) -> Self:
        self._reader.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, and wait until every watched change was found. Raises ``BenchError``."""
        self._stopping.set()
        self._thread.join(60)
        self._reader.finish(time.monotonic() + (LATE_S if error is None else 0.0))
        self._connection.close()
        if error is None:
            self.check()
            if self._reader.waiting:
                raise BenchError(
                    f"{self._reader.waiting} changes were not readable after {LATE_S:g} s"
                )

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises ``BenchError`` when a process ended, and whatever ended the feeding."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            self.check()

    def check(self) -> None:
        """Raise what went wrong."""
        self._system.check()
        for failure in (self._failure, self._reader.failure):
            if failure is not None:
                raise failure

    def _run(self) -> None:
        try:
            self._feed()
        except BaseException as error:  # noqa: BLE001 - raised where the measurement waits
            self._failure = error

    def _feed(self) -> None:
        (near, near_outbox), (far, far_outbox) = self._loads
        every = max(1, self._rate // MARKS_PER_S)
        began, count = time.monotonic(), 0
        last: list[Future[Taken]] = []
        while not self._stopping.is_set():
            time.sleep(max(0.0, began + count / self._rate - time.monotonic()))
            if count % every:
                taken = near_outbox.take(next(near))
            else:
                record = next(self._records)
                taken = marked(near, near_outbox, record, count).take(self._reader)
            last = [taken, far_outbox.take(next(far))]
            count += 1
        for one in last:
            one.result(60)


def _mended(system: Parted, feeding: Feeding, say: Say) -> Drained:
    """Mend the link, and watch the far outbox drain. Raises ``BenchError`` when it stands still."""
    far = system.far.name
    file = OutboxFile(
        path_of(system.settings, far), source=far, partitions=system.settings.partitions
    )
    try:
        sent_before = _sent(file)
        backlog = file.counters(file.epoch).numbered - sent_before
        say(f"mended; {backlog} changes wait at the far one")
        mended = time.monotonic()
        system.link.turn(FINE)
        moved, numbered = 0.0, 0
        for _ in looks(feeding.check, _LOOK_S, "the far outbox did not drain"):
            sent, numbered = _sent(file), file.counters(file.epoch).numbered
            if not moved and sent > sent_before:
                moved = time.monotonic()
            # What arrives meanwhile always waits a moment; then there is no backlog any more.
            if moved and numbered - sent <= feeding.at_rest:
                break
        empty, sent_after = time.monotonic(), _sent(file)
    finally:
        file.close()
    say(f"{sent_after - sent_before} changes sent in {empty - moved:.1f} s")
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        for _ in looks(feeding.check, _LOOK_S, "what had waited did not become readable"):
            if complete_of(connection).get(far, 0) >= sent_before + backlog:
                break
    readable = time.monotonic()
    say(f"all that had waited could be read {readable - mended:.1f} s after the mending")
    return Drained(
        mended=mended,
        moved=moved,
        empty=empty,
        readable=readable,
        backlog=backlog,
        sent=sent_after - sent_before,
    )


def _sent(file: OutboxFile) -> int:
    return file.meta("sent") % EPOCH_SPAN
