"""How far a source has been read in one partition, without ever looking back.

Each change names the number that went to the same partition just before it (``previous``). Numbers
that follow each other make a *run*; one run from 0 means that nothing is missing, and a later
arrival joins two runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

#: Runs kept apart. Beyond it the two newest become one: then a loss between them no longer holds
#: ``complete`` back, but the ledger, which counts numbers, still shows it.
RUNS_MAX = 1_000


@dataclass(slots=True)
class Lane:
    """One source and epoch in one partition of its changes topic."""

    #: Runs by the number before them: previous -> last number. The run from 0 is always there.
    runs: dict[int, int] = field(default_factory=lambda: {0: 0})
    #: Highest number read, or published before a mark that was read.
    read: int = 0
    #: Numbered changes, each once.
    changes: int = 0
    #: Further copies of them.
    copies: int = 0
    #: Of the changes, messages the edge rejected.
    rejected: int = 0
    #: Edge clock of the latest change, ms; 0 before the first.
    captured_at: int = 0

    @property
    def complete(self) -> int:
        """Every number up to this one that belongs to the partition has been read."""
        return self.runs[0] if len(self.runs) > 1 else self.read

    def change(self, seq: int, previous: int, *, rejected: bool, captured_at: int) -> bool:
        """Note a change; ``False`` for a copy of one noted before."""
        self.read = max(self.read, seq)
        self.captured_at = max(self.captured_at, captured_at)
        if any(before < seq <= last for before, last in self.runs.items()):
            self.copies += 1
            return False
        self.changes += 1
        self.rejected += rejected
        self._extend(min(previous, seq - 1), seq)
        return True

    def mark(self, seq: int, previous: int) -> None:
        """Note a mark: the partition got nothing between ``previous`` and ``seq``."""
        self.read = max(self.read, seq)
        if all(last < previous for last in self.runs.values()):
            self.runs[previous] = previous  # a run of nothing yet, behind what is missing
        before, last = max(self.runs.items())
        if last == previous < seq:
            # The run is unbroken up to the mark: what is missing later is behind it, and complete
            # never goes back.
            self.runs[before] = seq

    def copy(self) -> Lane:
        """One that can be changed without changing this one."""
        return replace(self, runs=dict(self.runs))

    def _extend(self, previous: int, seq: int) -> None:
        before = next((b for b, last in self.runs.items() if b <= previous <= last), previous)
        self.runs[before] = seq
        follower = self.runs.pop(seq, None)
        if follower is not None:
            self.runs[before] = follower
        if len(self.runs) > RUNS_MAX:
            first, second = sorted(self.runs)[-2:]
            self.runs[first] = self.runs.pop(second)
