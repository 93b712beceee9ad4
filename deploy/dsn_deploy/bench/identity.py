"""``dsn bench identity``: registers a synthetic Quebec, and compares the groups with the truth.

Registrations per second are of one core: time is the wall clock's, or the CPU time of every thread
of the process where that is more, so that the state's own threads count in full. Kafka is not part
of it (``registering.py``).
"""

from __future__ import annotations

import resource
import shutil
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsn_deploy.bench.end_to_end import folder
from dsn_deploy.bench.linkage import Linkage, linkage
from dsn_deploy.bench.registering import OwnIds, Registered, Turn, register, request
from dsn_deploy.population.arrivals import arrivals, spill
from dsn_deploy.population.records import records
from dsn_schemas.wire import Codec

#: The growth within a run is shown in as many parts.
PARTS = 10

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    people: int
    seed: int = 1
    #: Records of one turn: what a lane finds waiting when it is busy.
    turn_records: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found."""

    asked: Asked
    records: int
    turns: Sequence[Turn]
    index_bytes: int
    #: Peak of the process until the last record was registered, MB.
    rss_mb_peak: float
    linkage: Linkage

    def figures(self) -> dict[str, object]:
        """As they are printed; the names are read by scripts."""
        seconds = sum(turn.seconds for turn in self.turns)
        cpu_s = sum(turn.cpu_s for turn in self.turns)
        found, quiet = self.linkage, self._quiet()
        return {
            "people": self.asked.people,
            "records": self.records,
            "registrations_per_s": round(self.records / max(seconds, cpu_s), 1),
            "cpu_us": round(cpu_s / self.records * 1e6, 1),
            "cpu_us_by_part": self._by_part([turn.cpu_s for turn in self.turns]),
            "cpu_us_quiet": round(sum(quiet) / self.records * 1e6, 1),
            "cpu_us_quiet_by_part": self._by_part(quiet),
            "index_bytes_per_record": round(self.index_bytes / self.records, 1),
            "false_links": found.false_links,
            "missed_links": found.missed_links,
            "missed_unseen": found.missed_unseen,
            "impure_groups": found.impure_groups,
            "true_pairs": found.true_pairs,
            "pair_recall": round(found.pair_recall, 5),
            "review_pairs": found.review_pairs,
            "review_pairs_per_100": round(100 * found.review_pairs / self.records, 3),
            "review_true_share": round(found.review_true_share, 4),
            "rss_mb_peak": round(self.rss_mb_peak, 1),
            "turn_records": self.asked.turn_records,
            "seconds": round(seconds, 2),
            "seed": self.asked.seed,
        }

    def _quiet(self) -> list[float]:
        """CPU seconds of each turn, had the machine been as fast as in its fastest tenth.

        An estimate: a turn counts less by as much as the yardstick beside it took longer. Growth can
        be read from it on a machine that others use.
        """
        measured = sorted(turn.yardstick_s for turn in self.turns if turn.yardstick_s)
        fast = measured[len(measured) // 10]
        return [
            turn.cpu_s * min(1.0, fast / turn.yardstick_s) if turn.yardstick_s else turn.cpu_s
            for turn in self.turns
        ]

    def _by_part(self, cpu_s: Sequence[float]) -> list[float]:
        """CPU µs a record in the first tenth of the records, the second..."""
        spent = [[0, 0.0] for _ in range(PARTS)]
        done = 0
        for turn, used_s in zip(self.turns, cpu_s, strict=True):
            part = spent[min(PARTS - 1, done * PARTS // self.records)]
            part[0] += turn.records
            part[1] += used_s
            done += turn.records
        return [round(used_s / count * 1e6, 1) for count, used_s in spent if count]


def run(asked: Asked, say: Say) -> Measured:
    """Measure, in a folder that is removed afterwards.

    1. Make the records and put them in the order of capture, on disk. 2. Register them.
    3. Compare with the truth.
    """
    with folder(say) as place:
        spilled = place / "records"
        spilled.mkdir()
        truth = array("L")
        spill(_requests(asked, truth, say), spilled)  # 1
        registered = _register(asked, len(truth), spilled, place / "state", say)  # 2
        rss_mb_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        shutil.rmtree(spilled)
        return Measured(
            asked=asked,
            records=len(truth),
            turns=registered.turns,
            index_bytes=registered.index_bytes,
            rss_mb_peak=rss_mb_peak,
            linkage=linkage(registered.persons, truth, registered.reviews),  # 3
        )


def _requests(asked: Asked, truth: array[int], say: Say) -> Iterator[tuple[int, bytes]]:
    """Each request with its instant; notes whose record it is."""
    codec = Codec(OwnIds())
    for record in records(asked.people, asked.seed):
        truth.append(record.truth)
        if record.index % 200_000 == 199_999:
            say(f"{record.index + 1:,} records made")
        yield record.captured_at, codec.encode(request(record))
    say(f"{len(truth):,} records of {asked.people:,} people")


def _register(asked: Asked, count: int, spilled: Path, state: Path, say: Say) -> Registered:
    done, told = 0, 0
    for registered in register(arrivals(spilled), count, asked.turn_records, state):
        done += registered.turns[-1].records
        if done * PARTS // count > told:
            told = done * PARTS // count
            cpu_s = sum(turn.cpu_s for turn in registered.turns)
            say(f"{done:,} registered, {cpu_s / done * 1e6:.0f} µs CPU each so far")
    return registered
