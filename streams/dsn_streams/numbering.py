"""How far a source has come on one partition: chains, gaps and repeats, in constant space.

Each change names the number that went to the same partition just before it (``previous``). A break
in that chain is a hole; a number at or below the newest that lies in no hole was seen before.
"""

from __future__ import annotations

import msgspec

#: Holes kept apart per source and partition; beyond it the two oldest become one, which can only
#: let a repeat through (harmless: every decision is a join), never hide a loss.
HOLES_MAX = 1_000


class SourceProgress(msgspec.Struct, array_like=True):
    """One source and epoch on one partition of its changes topic."""

    #: Newest change seen.
    last: int = 0
    #: Newest number a mark vouched for: nothing else for this partition up to it.
    covered: int = 0
    #: Missing ranges as (after, upto): numbers above ``after`` up to ``upto`` may be missing, and
    #: ``upto`` is missing.
    holes: list[tuple[int, int]] = msgspec.field(default_factory=list)
    #: Edge clock of the newest change or mark, milliseconds.
    as_of: int = 0
    #: Next offset of the partition when this last moved.
    position: int = 0

    @property
    def complete(self) -> int:
        """Everything up to this number that belongs to this partition has been seen."""
        return self.holes[0][0] if self.holes else max(self.last, self.covered)

    def take(self, seq: int, previous: int, at: int) -> bool:
        """Note a change; ``True`` when it is new, ``False`` when it was seen before."""
        if seq > self.last:
            if previous > self.last:
                self._missing(previous)
            self.last = seq
            self.as_of = max(self.as_of, at)
            return True
        return self._fill(seq, previous)

    def mark(self, seq: int, previous: int, at: int) -> None:
        """Note a mark: up to ``seq`` this partition got nothing after ``previous``."""
        if previous > self.last:
            self._missing(previous)
            self.last = previous
        self.covered = max(self.covered, seq)
        self.as_of = max(self.as_of, at)

    def _missing(self, upto: int) -> None:
        # What a mark vouched for is not missing: complete never goes back.
        after = self.covered if self.last < self.covered < upto else self.last
        self.holes.append((after, upto))
        if len(self.holes) > HOLES_MAX:
            first, second = self.holes[0], self.holes[1]
            self.holes[:2] = [(first[0], second[1])]

    def _fill(self, seq: int, previous: int) -> bool:
        for index, (after, upto) in enumerate(self.holes):
            if after < seq <= upto:
                before = [(after, previous)] if previous > after else []
                behind = [(seq, upto)] if seq < upto else []
                self.holes[index : index + 1] = before + behind
                return True
        return False
