"""After heal and drain: is everything as it must be? Every invariant, by the independent checkers."""

from __future__ import annotations

from collections.abc import Sequence

from dsn_deploy.faults import acklog, reader, reads, witnesses
from dsn_deploy.faults.evidence import Recorder, collected
from dsn_deploy.faults.hospital import may_be_one
from dsn_deploy.faults.members import EDGES
from dsn_deploy.faults.verdict import Verdict
from dsn_deploy.faults.world import HOMES, World
from dsn_deploy.proof import invariants

ACKLOG = "acknowledged.jsonl"


class Examiner:
    """Examines one world, round after round."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._judge = reads.Judge()
        self._read_to = 0
        self.recorder = Recorder(world.settings)

    @property
    def charts(self) -> int:
        """Reads judged so far."""
        return self._judge.charts

    def examine(self, stuck: Sequence[str]) -> Verdict:
        """What is wrong now. Raises ``psycopg.Error``, ``KafkaException``, ``TimeoutError``."""
        self.record()
        conninfo = self._world.conninfo()
        sent = acklog.read(self._world.folder / ACKLOG)
        told = witnesses.compare(sent, witnesses.stored(conninfo))
        by_invariant: dict[str, list[str]] = {}
        for violation in invariants.check(
            collected(conninfo, self.recorder, stuck, self._world.cut_at)
        ):
            by_invariant.setdefault(violation.invariant, []).append(
                f"{violation.invariant} {violation.what}"
            )
        group = may_be_one(one.told for one in sent)
        charts, self._read_to = reads.read(self._world.folder / reader.LOG, self._read_to)
        found = by_invariant.get
        return Verdict(
            lost=[*told.lost, *found("I1", [])],
            doubled=[*told.doubled, *found("I3", [])],
            wrong_views=[*told.invented, *found("I2", []), *found("I4", [])],
            wrong_reads=self._judge.wrong(charts, group),
            unexplained=[*found("I6", []), *found("I7", []), *found("I8", [])],
            stuck=found("I10", []),
        )

    def record(self) -> None:
        """Read journal and outboxes on, before somebody deletes from them."""
        edges = [
            (
                self._world.member(edge).settings,
                [s for s, (_, home) in HOMES.items() if home == edge],
            )
            for edge in EDGES
        ]
        for source in self._world.restored:
            self.recorder.forget(source)
        self._world.restored.clear()
        self.recorder.catch_up(edges)
