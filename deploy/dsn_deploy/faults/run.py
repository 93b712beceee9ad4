"""``dsn faults``: rounds of faults in one world, each followed by heal, drain and every check."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsn_consumers import ledger
from dsn_deploy.faults import reader
from dsn_deploy.faults.acklog import AckLog
from dsn_deploy.faults.examine import ACKLOG, Examiner
from dsn_deploy.faults.kinds import BY_NAME, KINDS
from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.members import EDGES
from dsn_deploy.faults.nemesis import Struck, strike
from dsn_deploy.faults.recovery import Watch, recovered_s
from dsn_deploy.faults.schedule import plan
from dsn_deploy.faults.senders import Senders
from dsn_deploy.faults.verdict import Tally, Verdict
from dsn_deploy.faults.world import World, WorldError
from dsn_producers.status import status

Say = Callable[[str], object]

#: Hospitals send this long after the last fault was undone, s, if that was not enough to recover.
RECOVER_S = 150.0
#: For everything taken to be in the store, s; generous, because the machine may be busy.
DRAIN_S = 180.0
#: For the last message of a hospital to be answered, s.
ANSWERED_S = 90.0
#: After a round in which something is still stuck the run ends: what follows would say nothing.
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to do."""

    rounds: int = 50
    seed: int = 1
    #: Messages a second of each hospital system.
    rate: float = 12.0
    #: First round, so that one of them can be had again.
    first: int = 1
    #: Names of kinds; empty: all.
    kinds: tuple[str, ...] = ()
    #: Keep the folder, with every log, whatever comes of it.
    keep: bool = False


def run(asked: Asked, say: Say) -> Tally:
    """Play the rounds. Raises ``StackError``, ``WorldError``; the folder is then kept and named."""
    chosen = [BY_NAME[name] for name in asked.kinds] or list(KINDS)
    with _folder(asked, say) as folder, World(folder, asked.seed, say) as world:
        possible = [kind for kind in chosen if world.disks or not kind.needs_disks]
        tally = Tally(
            seed=asked.seed,
            left_out=[kind.name for kind in chosen if kind not in possible],
        )
        with ExitStack() as opened:
            game = _Game(world, asked, say, opened)
            for number in range(asked.first, asked.first + asked.rounds):
                verdict = game.play(number, possible, tally)
                tally.add(number, verdict)
                for line in verdict.lines():
                    say(f"round {number}: {line}")
                if verdict.stuck:
                    break
        if tally.failed:
            raise Failed(tally)
    return tally


class Failed(WorldError):
    """Something was wrong; carries the figures through the end of the world."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("something was wrong")
        self.tally = tally


class _Game:
    """Hospitals, a reader and a watch around one world."""

    def __init__(self, world: World, asked: Asked, say: Say, opened: ExitStack) -> None:
        self._world = world
        self._asked = asked
        self._say = say
        self._examiner = Examiner(world)
        self._watch = Watch(world.conninfo, len(world.sources))
        log = AckLog(world.folder / ACKLOG)
        opened.callback(log.close)
        ports = {name: source.mllp_port or 0 for name, source in world.sources.items()}
        self._senders = Senders(world.hospitals, ports, log, asked.rate)
        opened.callback(self._senders.end)
        self._reader = self._start_reader()
        opened.callback(self._reader.kill)
        self._watch.start()
        opened.callback(self._watch.end)
        self._senders.start()

    def play(self, number: int, kinds: Sequence[Kind], tally: Tally) -> Verdict:
        """One round.

        1. Hospitals send, and everything is well. 2. Faults. 3. Hospitals send on until everything
        is readable again. 4. They pause; what they were told is in the store. 5. Every check.
        """
        world, began = self._world, time.monotonic()
        world.keeper.forgive()
        self._senders.resume()
        stuck = (
            [] if self._watch.await_complete(time.time(), RECOVER_S) else ["the quiet start"]
        )  # 1
        planned = plan(self._asked.seed, number, kinds)
        names = ", ".join(f"{one.kind} ({one.target})" for one in planned)
        self._say(f"round {number}: {names}")
        struck = strike(world, planned)  # 2
        stuck += self._recover(struck, tally)  # 3
        stuck += self._drain()  # 4
        self._say("everything has arrived")
        verdict = self._examiner.examine(stuck)  # 5
        tally.faults += len(struck)
        tally.messages = self._senders.accepted
        tally.acknowledged = len(self._examiner.recorder.taken)
        tally.reads = self._examiner.charts
        tally.commits_cut = sum(link.cuts for link in world.links.values())
        tally.rolled_back = world.rolled_back
        self._say(
            f"round {number}: {'right' if verdict.right else 'WRONG'} after"
            f" {time.monotonic() - began:.0f} s, {tally.acknowledged} changes, {tally.reads} reads"
        )
        if stuck:
            self._tell_logs()
        return verdict

    def _recover(self, struck: Sequence[Struck], tally: Tally) -> list[str]:
        """Wait until everything is readable again; how long it took counts for the fault that
        ended last, because the others' recovery was in its way."""
        last = max(struck, key=lambda one: one.healed)
        if not self._watch.await_complete(last.healed, RECOVER_S):
            return [f"not recovered {RECOVER_S:g} s after {last.planned.kind}"]
        seconds = recovered_s(self._watch.looks, last.healed)
        if seconds is not None:
            tally.recoveries.setdefault(last.planned.kind, []).append(seconds)
            self._say(f"readable again {seconds:.1f} s after {last.planned.kind}")
        return []

    def _drain(self) -> list[str]:
        waiting = self._senders.pause(ANSWERED_S)
        stuck = [f"{source} had no answer for {ANSWERED_S:g} s" for source in waiting]
        end = time.monotonic() + DRAIN_S
        settings = [self._world.member(name).settings for name in EDGES]
        edges = [one for each in settings for one in status(each)]
        expected = {one.source: one.received - one.duplicate for one in edges}
        heard = {one.source: one.received for one in edges}
        try:
            ledger.wait_complete(self._world.conninfo(), expected, DRAIN_S)
        except ledger.NotComplete as error:
            return [*stuck, str(error)]
        while self._heard() != heard:
            if time.monotonic() >= end:
                return [*stuck, f"the marks say {self._heard()}, the edges {heard}"]
            time.sleep(_LOOK_S)
        return stuck

    def _heard(self) -> dict[str, int]:
        """What the centre heard that each source received, in its newest epoch."""
        rows = ledger.sources(self._world.conninfo())
        return {one.source: one.received for one in sorted(rows, key=lambda one: one.epoch)}

    def _start_reader(self) -> subprocess.Popen[bytes]:
        where = self._world.folder / reader.WHERE
        where.write_text(self._world.conninfo(), encoding="utf-8")
        (self._world.folder / reader.LOG).touch()
        command = [sys.executable, "-m", "dsn_deploy.faults.reader", str(self._world.folder)]
        return subprocess.Popen(
            [*command, str(self._asked.seed)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._world.folder / "logs" / "reader.log").open("wb"),
            start_new_session=True,
        )

    def _tell_logs(self) -> None:
        for name, child in self._world.children.items():
            self._say(f"{name} is {'alive' if child.is_alive() else f'dead ({child.exit_code})'}")
        for name in ("store", "audit", "streams-0", "streams-1", *EDGES):
            self._say(f"{name}:\n{self._world.log_tail(name)}")


@contextmanager
def _folder(asked: Asked, say: Say) -> Iterator[Path]:
    """A new folder, removed unless something went wrong."""
    place = Path(tempfile.mkdtemp(prefix="dsn-faults-"))
    os.chmod(place, 0o755)  # PostgreSQL runs as somebody else
    try:
        yield place
    except BaseException:
        say(f"everything is left in {place}")
        raise
    if asked.keep:
        say(f"everything is in {place}")
    else:
        shutil.rmtree(place)
