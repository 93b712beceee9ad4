"""What a round came to, and what a run did: the one line of ``dsn faults``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dsn_deploy.bench.figures import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong after a round, in words; empty lists are what everybody wants."""

    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    wrong_views: Sequence[str] = ()
    wrong_reads: Sequence[str] = ()
    #: Books that do not balance, audit chains that do not hold, gaps in numbers.
    unexplained: Sequence[str] = ()
    #: What did not come to rest in time.
    stuck: Sequence[str] = ()

    @property
    def right(self) -> bool:
        """Nothing is wrong."""
        return not any(
            (
                self.lost,
                self.doubled,
                self.wrong_views,
                self.wrong_reads,
                self.unexplained,
                self.stuck,
            )
        )

    def lines(self) -> list[str]:
        """Everything that is wrong, one line each."""
        names = ("lost", "doubled", "wrong_views", "wrong_reads", "unexplained", "stuck")
        return [f"{name}: {one}" for name in names for one in getattr(self, name)]


@dataclass(kw_only=True)
class Tally:
    """A run so far."""

    seed: int
    #: Kinds of fault this machine cannot have.
    left_out: Sequence[str] = ()
    rounds: int = 0
    faults: int = 0
    messages: int = 0
    #: Changes an edge took and vouches for.
    acknowledged: int = 0
    reads: int = 0
    #: Commits whose report was cut off.
    commits_cut: int = 0
    #: Records that consumers wrote again because a standby had not heard of them.
    rolled_back: int = 0
    lost: int = 0
    doubled: int = 0
    wrong_views: int = 0
    wrong_reads: int = 0
    unexplained: int = 0
    stuck: int = 0
    #: Seconds from a fault's end until everything taken before that was readable, by kind.
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    #: Rounds in which something was wrong.
    failed: list[int] = field(default_factory=list)

    def add(self, number: int, verdict: Verdict) -> None:
        """A round is over."""
        self.rounds += 1
        self.lost += len(verdict.lost)
        self.doubled += len(verdict.doubled)
        self.wrong_views += len(verdict.wrong_views)
        self.wrong_reads += len(verdict.wrong_reads)
        self.unexplained += len(verdict.unexplained)
        self.stuck += len(verdict.stuck)
        if not verdict.right:
            self.failed.append(number)

    def figures(self) -> dict[str, object]:
        """As they are printed; the names are read by scripts."""
        return {
            "rounds": self.rounds,
            "seed": self.seed,
            "faults": self.faults,
            "messages": self.messages,
            "acknowledged": self.acknowledged,
            "lost": self.lost,
            "doubled": self.doubled,
            "wrong_views": self.wrong_views,
            "wrong_reads": self.wrong_reads,
            "unexplained": self.unexplained,
            "stuck": self.stuck,
            "reads": self.reads,
            "commits_cut": self.commits_cut,
            "rolled_back": self.rolled_back,
            "recoveries": {
                kind: {
                    "times": len(found),
                    "p50_s": round(percentile(found, 0.50), 1),
                    "p99_s": round(percentile(found, 0.99), 1),
                }
                for kind, found in sorted(self.recoveries.items())
            },
            "left_out": list(self.left_out),
            "failed_rounds": self.failed,
        }
