"""``dsn bench end-to-end``: the whole path, from the outbox to a row that can be read.

On servers and services of its own, in a folder that is removed afterwards. Two systems of two
establishments know the same people, so that every person is found to be one by the NAM and half of
the records move.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsn_consumers.ledger import LedgerRow, balanced, ledger
from dsn_deploy.bench import acknowledge, latency, throughput
from dsn_deploy.bench.figures import BenchError, percentile
from dsn_deploy.bench.hops import hops
from dsn_deploy.bench.load import loads_of
from dsn_deploy.bench.system import System
from dsn_deploy.bench.throughput import Throughput, count_books, wait_readable
from dsn_deploy.bench.usage import Usage

#: Changes of each source before anything is measured: lanes are open then, and code is loaded.
WARM_CHANGES = 50

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    #: People, each with a record at both establishments.
    people: int = 10_000
    #: Changes taken as fast as possible.
    changes: int = 100_000
    #: Steady changes a second while latency is measured, and for how long.
    rate: int = 500
    seconds: int = 30
    #: Messages a second over MLLP, and for how long.
    messages_rate: int = 300
    messages_seconds: int = 10
    #: Of every topic, so lanes of the one worker. Kafka's work at a steady rate is that of its
    #: transactions and requests, and their number goes with the lanes.
    partitions: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found."""

    asked: Asked
    throughput: Throughput
    #: CPU seconds by process for a million changes at the steady rate.
    steady_cpu_s: dict[str, float]
    #: Peak by process, MB.
    rss_mb: dict[str, float]
    #: Acknowledged to readable, and acknowledgement, of each watched change or message.
    readable_ms: Sequence[float]
    #: Median of each hop of the former.
    hops_ms: Mapping[str, float]
    ack_ms: Sequence[float]
    #: The books at the end of everything.
    ledger: Sequence[LedgerRow]

    @property
    def balanced(self) -> bool:
        """Every change has one fate, and none is on its way."""
        return len(self.ledger) > 0 and balanced(self.ledger)

    def figures(self) -> dict[str, object]:
        """As they are printed; the names are read by scripts."""
        done = self.throughput
        return {
            "changes": done.changes,
            "changes_per_s": round(done.changes / done.seconds, 1),
            "cpu_s_per_million": {
                name: round(used / done.changes * 1e6, 1) for name, used in done.cpu_s.items()
            },
            "steady_cpu_s_per_million": {
                name: round(used, 1) for name, used in self.steady_cpu_s.items()
            },
            "rss_mb": self.rss_mb,
            "readable_ms_p50": round(percentile(self.readable_ms, 0.50), 1),
            "readable_ms_p99": round(percentile(self.readable_ms, 0.99), 1),
            "hops_ms_p50": dict(self.hops_ms),
            "ack_ms_p50": round(percentile(self.ack_ms, 0.50), 2),
            "ack_ms_p99": round(percentile(self.ack_ms, 0.99), 2),
            "people": self.asked.people,
            "partitions": self.asked.partitions,
            "duplicates": done.duplicates,
            "seconds": round(done.seconds, 2),
            "taking_s": round(done.taking_s, 2),
            "rate": self.asked.rate,
            "received": sum(row.received for row in self.ledger),
            "shown": sum(row.shown for row in self.ledger),
            "superseded": sum(row.superseded for row in self.ledger),
            "duplicate": sum(row.duplicate for row in self.ledger),
            "quarantined": sum(row.quarantined for row in self.ledger),
            "unexplained": sum(row.unexplained for row in self.ledger),
        }


def run(asked: Asked, say: Say) -> Measured:
    """Measure, on a system of its own.

    1. Warm up. 2. Throughput. 3. Latency at a steady rate, once the books of the burst are counted.
    4. Acknowledgements over MLLP. 5. Wait for everything and check the books.

    Raises ``BenchError`` and ``StackError``; the folder with every log is then kept and named.
    """
    with ExitStack() as opened:
        place = opened.enter_context(folder(say))
        system = opened.enter_context(System(place, say, partitions=asked.partitions))
        if asked.changes < len(system.sources):
            raise BenchError(
                f"{asked.changes} changes are too few for {len(system.sources)} sources"
            )
        loads = loads_of(system.settings, system.sources, asked.people, asked.seed, opened)
        for load, outbox in loads:  # 1
            for _ in range(WARM_CHANGES):
                outbox.take(next(load)).result(60)
        wait_readable(system, say)
        with Usage(system.pids) as usage:
            carried = throughput.measure(system, loads, asked.changes, usage, say)  # 2
            say(f"{carried.changes / carried.seconds:.0f} changes/s")
            count_books(system, say)
            due = latency.prepare(system, loads, asked.rate, asked.seconds)
            before = usage.cpu_s()
            found = latency.measure(system, due, asked.rate, say)  # 3
            million = asked.rate * asked.seconds / 1e6
            steady = {name: (at - before[name]) / million for name, at in usage.cpu_s().items()}
            source = system.sources[0]
            ack_ms = acknowledge.measure(  # 4
                source, asked.messages_rate, asked.messages_seconds, say
            )
            wait_readable(system, say)  # 5
            between = hops(system.settings.kafka, system.sources, latency.by_mark(due, found))
        return Measured(
            asked=asked,
            throughput=carried,
            steady_cpu_s=steady,
            rss_mb=usage.peak_mb(),
            readable_ms=[one.wait_ms for one in found],
            hops_ms=between,
            ack_ms=ack_ms,
            ledger=ledger(system.settings.conninfo),
        )


@contextmanager
def folder(say: Say) -> Iterator[Path]:
    """A new folder, removed unless the measurement failed."""
    place = Path(tempfile.mkdtemp(prefix="dsn-bench-"))
    try:
        yield place
    except BaseException:
        say(f"failed; everything is left in {place}")
        raise
    shutil.rmtree(place)
