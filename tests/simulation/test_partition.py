"""One site is cut off for hours, in compressed time, and comes back beside another that works on.

A minute stands for six hours: what counts is how much waits when the link is mended, against what
keeps arriving. Time is the simulation's, so nothing here depends on the machine.
"""

from __future__ import annotations

import random
from pathlib import Path

from dsn_deploy.simulation import snapshot
from dsn_deploy.simulation.campaign import quiet
from dsn_deploy.simulation.judge import judge
from dsn_deploy.simulation.network import KAFKA
from dsn_deploy.simulation.plan import Plan
from dsn_deploy.simulation.story import story
from dsn_deploy.simulation.world import World

BEFORE_S, CUT_S, AFTER_S = 10.0, 60.0, 8.0
#: Messages a second, both sites together.
RATE = 2.0
LOOK_S = 0.05
DRAIN_RATIO = 10
#: A change of the other site may take this long meanwhile. Turns of the simulation take random times: how
#: much slower others really get, ``dsn bench partition`` measures.
WAIT_S_MAX = 6.0


class Watched(World):
    """Notes when each number was acknowledged and could be read, and how much the far site kept."""

    far, near = "adt", "lab"

    def __init__(self, seed: int, folder: Path) -> None:
        seconds = BEFORE_S + CUT_S + AFTER_S
        said = story(random.Random(seed), int(RATE * seconds), seconds)
        super().__init__(Plan(seed, 2, 2, said, (), seconds), folder)
        self.acknowledged: dict[tuple[str, int], float] = {}
        self.readable: dict[tuple[str, int], float] = {}
        self.backlog = 0
        #: When the far site's outbox was empty again, s.
        self.drained_at = 0.0
        self.kernel.after(0.0, self.look)
        self.kernel.after(BEFORE_S, self._cut)

    @property
    def mended_at(self) -> float:
        return BEFORE_S + CUT_S

    def waits(self, begin: float, end: float) -> list[float]:
        """From acknowledged to readable, of what the near site took between two instants."""
        return sorted(
            self.readable[key] - at
            for key, at in self.acknowledged.items()
            if key[0] == self.near and begin <= at < end
        )

    def _cut(self) -> None:
        self.network.cut(f"edge-{self.far}", KAFKA, CUT_S, answers_only=False)

    def note_readable(self) -> None:
        complete = snapshot.complete(self.database.tables)
        for (source, _), seq in complete.items():
            for one in range(seq, 0, -1):
                if (source, one) in self.readable:
                    break
                self.readable[source, one] = self.kernel.now

    def look(self) -> None:
        now = self.kernel.now
        self.note_readable()
        for edge in self.edges:
            for (source, _), seq in edge.numbered().items():
                for one in range(seq, 0, -1):
                    if (source, one) in self.acknowledged:
                        break
                    self.acknowledged[source, one] = now
        far = next(edge for edge in self.edges if edge.source == self.far)
        if now < self.mended_at:
            self.backlog = far.unsent
        elif not self.drained_at and far.unsent == 0:
            self.drained_at = now
        self.kernel.after(LOOK_S, self.look)


def test_a_site_that_was_away_drains_fast_and_starves_nobody(tmp_path: Path) -> None:
    """Everything arrives; the backlog goes at ten times what arrives; the other site is not behind it."""
    quiet()
    world = Watched(5, tmp_path)
    world.run()
    world.note_readable()

    assert judge(world) == []
    assert set(world.acknowledged) == set(world.readable)
    arriving = len([key for key in world.acknowledged if key[0] == world.far]) / world.plan.seconds
    assert world.backlog > CUT_S * arriving / 2
    # Its reconnecting included, which is not compressed.
    drain_s = world.drained_at - world.mended_at
    assert world.backlog / drain_s >= DRAIN_RATIO * arriving, (world.backlog, drain_s, arriving)

    worked_off = max(
        at
        for (source, seq), at in world.readable.items()
        if source == world.far and world.acknowledged[source, seq] < world.mended_at
    )
    meanwhile = [
        wait
        for (source, seq), at in world.acknowledged.items()
        if source == world.near and at >= world.mended_at
        for wait in [world.readable[source, seq] - at]
        if at + wait <= worked_off
    ]
    assert meanwhile, "the other site's changes waited for the whole backlog"
    after = world.waits(world.mended_at, worked_off)
    assert after[-1] <= WAIT_S_MAX, after
