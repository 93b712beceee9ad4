"""Planted bugs: what the checks must find. ``make mutants`` prints how many runs each one survives.

Every mutant is a switch that changes shipped code (or, where the shipped code is SQL or Kafka, its
model) the way a tired person would. Run as a program it looks for each, seed after seed, prints the
table, and ends with status 1 when one survives.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from dsn_consumers import gap
from dsn_consumers.audit import AuditSink
from dsn_consumers.chart_rows import Encoder
from dsn_consumers.pump import Pump
from dsn_deploy.simulation import snapshot, tables
from dsn_deploy.simulation.broker import Broker, Kept
from dsn_deploy.simulation.campaign import quiet
from dsn_deploy.simulation.edge import Edge
from dsn_deploy.simulation.outcome import live
from dsn_deploy.simulation.plan import plan_of
from dsn_deploy.simulation.reader import Reader
from dsn_producers import receipted, taking
from dsn_producers.message import Message
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipts import Finding
from dsn_producers.window import Window
from dsn_streams import admit, lane, unify
from dsn_streams import claims as streams_claims
from dsn_streams.contribution import Contribution
from dsn_streams.crew import Crew
from dsn_streams.identity import claims
from dsn_streams.lane import Turn
from dsn_streams.numbering import SourceProgress
from dsn_streams.writer import Record

Patch = pytest.MonkeyPatch

#: Runs after which a mutant has survived.
RUNS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A planted bug."""

    name: str
    #: What somebody did wrong.
    what: str
    plant: Callable[[Patch], None]


def _ack_before_fsync(patch: Patch) -> None:
    def early(self: Edge, file: OutboxFile, messages: list[Message]) -> None:
        with file.transaction():
            group = taking._Group(file, self.clock_ms())
            for message in messages:
                group.take(message)
            group.finish()
            self.answer(file, len(messages))

    patch.setattr(Edge, "take_and_answer", early)


def _new_number_on_retry(patch: Patch) -> None:
    original = OutboxFile.one

    def forgetful(self: OutboxFile, name: str, *values: object) -> tuple[Any, ...] | None:
        return None if name in ("message", "item") else original(self, name, *values)

    patch.setattr(OutboxFile, "one", forgetful)


def _failed_counts_as_sent(patch: Patch) -> None:
    def careless(self: Window, position: int) -> None:
        self.acked = max(self.acked, position)
        self._order.clear()

    patch.setattr(Window, "written", careless)


def _skip_on_decode_error(patch: Patch) -> None:
    original = admit._Turn._quarantine

    def skipping(self: Any, *args: Any, **kwargs: Any) -> None:
        if "unreadable-record" not in args:
            original(self, *args, **kwargs)

    patch.setattr(admit._Turn, "_quarantine", skipping)


def _wrong_partitioner(patch: Patch) -> None:
    patch.setattr(admit, "partition_of", lambda key, count: zlib.crc32(key.encode()) % count)


def _last_by_wall_clock(patch: Patch) -> None:
    def by_clock(item: Contribution) -> tuple[int, int, int]:
        return (0, item.captured_at, item.seq)

    patch.setattr(unify, "standing_key", by_clock)


def _unlink_not_folded(patch: Patch) -> None:
    patch.setattr(claims, "PARTING", frozenset())


def _late_not_forwarded(patch: Patch) -> None:
    patch.setattr(unify._Turn, "_leaving", lambda self, person, record, version: None)


def _fencing_off(patch: Patch) -> None:
    patch.setattr(Broker, "_check", lambda self, transaction, epoch: None)


def _claims_unread(patch: Patch) -> None:
    patch.setattr(streams_claims, "_read", lambda *_: {})


def _read_uncommitted(patch: Patch) -> None:
    original = Broker.read

    def everything(self: Broker, place: tuple[str, int], at: int, count_max: int) -> Any:
        log = self.logs[place]
        if not log.open and all(r.kept is not Kept.ABORTED for r in log.records):
            return original(self, place, at, count_max)
        found = [r for r in log.records if r.offset >= at and r.kept is not Kept.MARKER]
        return found[:count_max]

    patch.setattr(Broker, "read", everything)


def _position_outside_transaction(patch: Patch) -> None:
    original = lane._encode

    def unsaid(value: object) -> bytes:
        return original([])

    patch.setattr(lane, "_encode", unsaid)


def _state_before_commit(patch: Patch) -> None:
    original = Crew._written

    def hasty(self: Crew, turns: Mapping[int, Turn]) -> Iterable[Record]:
        for number, turn in turns.items():
            state = self.lanes[number]._opened()
            state.commit(turn.decision.writes, turn.positions, state.changelog, 0.0)
        return original(self, turns)

    patch.setattr(Crew, "_written", hasty)


def _commit_before_write(patch: Patch) -> None:
    def backwards(self: Any, connection: Any, before: Any, after: Any, prepared: Any) -> None:
        with connection.transaction():
            self._move(connection, before, after)
        with connection.transaction():
            self._sink.write(connection, prepared)

    patch.setattr(Pump, "_write", backwards)


def _audit_outside_transaction(patch: Patch) -> None:
    original = Pump._write

    def apart(self: Any, connection: Any, before: Any, after: Any, prepared: Any) -> None:
        if not isinstance(self._sink, AuditSink):
            original(self, connection, before, after, prepared)
            return
        with connection.transaction():
            self._sink.write(connection, prepared)
        with connection.transaction():
            self._move(connection, before, after)

    patch.setattr(Pump, "_write", apart)


def _upsert_without_guard(patch: Patch) -> None:
    def unguarded(found: Any, rows: Any, table: str, columns: Any, guard: int) -> int:
        for row in rows:
            found.put(table, tuple(row[column] for column in columns), row)
        return len(rows)

    patch.setattr(tables, "_guarded", unguarded)


def _offset_without_guard(patch: Patch) -> None:
    def unguarded(found: Any, staged: Any, values: Any) -> Any:
        lines = zip(values["topics"], values["partitions"], values["after"], strict=True)
        for topic, partition, after in lines:
            found.put("offsets", (values["consumer"], topic, partition), after)
        return len(values["topics"]), []

    patch.setitem(tables._OTHERS, "move_offsets", unguarded)


def _view_without_link_check(patch: Patch) -> None:
    patch.setattr(snapshot, "linked", _everybody)


def _everybody(found: Any) -> Any:
    class Anybody(dict[str, str]):
        def get(self, record: str, default: Any = None) -> Any:
            return _Anyone()

    return Anybody({row[0].decode(): row[3].decode() for row in found["links"].values()})


class _Anyone:
    """Equal to every person."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _stale_replica_unlabelled(patch: Patch) -> None:
    patch.setattr(Reader, "rows", lambda self: self._database.standby())


def _removals_forgotten(patch: Patch) -> None:
    original = Encoder._entry

    def keeping(self: Any, rows: Any, read: Any, key: str) -> None:
        if read.value is not None:
            original(self, rows, read, key)

    patch.setattr(Encoder, "_entry", keeping)


def _barrier_before_entries(patch: Patch) -> None:
    original = unify._Turn.decision

    def first(self: Any, lane: int) -> Any:
        decision = original(self, lane)
        said = [o for o in decision.outputs if (o.key or b"").startswith(b"|")]
        rest = [o for o in decision.outputs if not (o.key or b"").startswith(b"|")]
        decision.outputs = [*said, *rest]
        return decision

    patch.setattr(unify._Turn, "decision", first)


def _gaps_not_asked(patch: Patch) -> None:
    original = gap.decide

    def silent(*args: Any) -> Any:
        return original(*args)[0], []

    patch.setattr(gap, "decide", silent)


def _restored_outbox_unnoticed(patch: Patch) -> None:
    original = receipted.judge

    def trusting(*args: Any, **kwargs: Any) -> Finding:
        found = original(*args, **kwargs)
        return Finding.COVERS if found is Finding.RESTORED else found

    patch.setattr(receipted, "judge", trusting)


def _hole_takes_back(patch: Patch) -> None:
    def behind_last(self: SourceProgress, upto: int) -> None:
        self.holes.append((self.last, upto))

    patch.setattr(SourceProgress, "_missing", behind_last)


MUTANTS: tuple[Mutant, ...] = (
    Mutant(name="ack-before-fsync", what="the sender is answered before the outbox commits",
           plant=_ack_before_fsync),
    Mutant(name="new-number-on-retry", what="a message sent again gets new numbers",
           plant=_new_number_on_retry),
    Mutant(name="any-report-is-progress", what="the forwarder goes on behind the newest report, not the"
           " last unbroken one", plant=_failed_counts_as_sent),
    Mutant(name="skip-on-decode-error", what="admit passes over what it cannot read",
           plant=_skip_on_decode_error),
    Mutant(name="wrong-partitioner", what="admit routes people by another hash than unify",
           plant=_wrong_partitioner),
    Mutant(name="last-by-wall-clock", what="the newest change is the one with the latest clock",
           plant=_last_by_wall_clock),
    Mutant(name="unlink-not-folded", what="identity does not hear unlinks",
           plant=_unlink_not_folded),
    Mutant(name="late-not-forwarded", what="what arrives behind a hand-over stays at the old person",
           plant=_late_not_forwarded),
    Mutant(name="fencing-off", what="an old owner of a lane may still write",
           plant=_fencing_off),
    Mutant(name="claims-unread", what="who claimed a lane before is not asked for",
           plant=_claims_unread),
    Mutant(name="read-uncommitted", what="readers see transactions under way and aborted ones",
           plant=_read_uncommitted),
    Mutant(name="position-outside-transaction", what="the input position is not in the transaction",
           plant=_position_outside_transaction),
    Mutant(name="state-before-commit", what="rows go to the disk before the transaction commits",
           plant=_state_before_commit),
    Mutant(name="commit-before-write", what="a consumer moves its offsets before it writes",
           plant=_commit_before_write),
    Mutant(name="audit-outside-transaction", what="audit rows and offsets are two transactions",
           plant=_audit_outside_transaction),
    Mutant(name="upsert-without-guard", what="ON CONFLICT DO UPDATE without its WHERE",
           plant=_upsert_without_guard),
    Mutant(name="offset-without-guard", what="offsets move wherever they were before",
           plant=_offset_without_guard),
    Mutant(name="removals-forgotten", what="the store passes over removals in the view",
           plant=_removals_forgotten),
    Mutant(name="view-without-link-check", what="entries are shown whoever their records belong to",
           plant=_view_without_link_check),
    Mutant(name="stale-replica-unlabelled", what="charts come from a replica, labels from the primary",
           plant=_stale_replica_unlabelled),
    Mutant(name="gaps-not-asked", what="holes are noticed and nobody is asked to send again",
           plant=_gaps_not_asked),
    Mutant(name="restored-outbox-unnoticed", what="a restored outbox goes on under known numbers",
           plant=_restored_outbox_unnoticed),
    Mutant(name="hole-takes-back-complete", what="a hole behind a mark takes complete back",
           plant=_hole_takes_back),
    Mutant(name="barrier-before-entries", what="unify says that entries have arrived in front of them",
           plant=_barrier_before_entries),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """When a mutant was found."""

    #: Runs until then; 0 when it survived.
    runs: int
    #: Invariants that told.
    invariants: Sequence[str] = ()


def look_for(mutant: Mutant, seed: int = 0, runs_max: int = RUNS_MAX) -> Found:
    """Plant it, and run seeds until an invariant is violated."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        for runs, at in enumerate(itertools.count(seed), start=1):
            if violations := live(plan_of(at)).violations:
                told = sorted({violation.invariant for violation in violations})
                return Found(runs=runs, invariants=told)
            if runs >= runs_max:
                return Found(runs=0)
    raise AssertionError("the loop ends by itself")


def main() -> None:
    """Look for every mutant; the table on stdout."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--runs-max", type=int, default=RUNS_MAX)
    asked.add_argument("names", nargs="*", help="of mutants; all when none is named")
    options = asked.parse_args()
    quiet()
    wanted = [m for m in MUTANTS if not options.names or m.name in options.names]
    survivors = 0
    print(f"{'mutant':30} {'found in run':>12}  by")
    for mutant in wanted:
        found = look_for(mutant, options.seed, options.runs_max)
        survivors += not found.runs
        said = str(found.runs) if found.runs else "SURVIVED"
        print(f"{mutant.name:30} {said:>12}  {', '.join(found.invariants)}", flush=True)
    print(f"{len(wanted) - survivors} of {len(wanted)} found")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
