"""Did it come out right? The ledger and the people of the store, held against the truth.

Pure: ``run`` reads the store and prints what is found here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dsn_deploy.demo.truth import Record, Truth

#: Keys of the JSON line, in its order.
FATES = ("received", "shown", "superseded", "duplicate", "quarantined", "unexplained")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The ledger of one source."""

    source: str
    received: int
    shown: int
    superseded: int
    duplicate: int
    quarantined: int
    in_flight: int
    unexplained: int

    @property
    def balances(self) -> bool:
        """Every change has its one fate, and none is on its way."""
        fates = self.shown + self.superseded + self.duplicate + self.quarantined
        return self.received == fates and not self.in_flight and not self.unexplained


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demonstration came to."""

    #: One line per source, in the order of feeding.
    lines: tuple[Line, ...]
    #: Different people behind the demonstration's records.
    people: int
    #: From the first message to the last change in the store.
    seconds: float
    #: Changes taken in during this run.
    changes: int
    #: What is not as it must be, in words; empty when all is well.
    wrong: tuple[str, ...]

    def total(self, fate: str) -> int:
        """A column of the ledger, summed."""
        return sum(int(getattr(line, fate)) for line in self.lines)

    @property
    def changes_per_s(self) -> float:
        """Changes taken in during this run, by its seconds."""
        return self.changes / self.seconds if self.seconds > 0 else 0.0

    def as_object(self) -> dict[str, int | float]:
        """For scripts; the names here stay as they are."""
        return {
            **{fate: self.total(fate) for fate in FATES},
            "people": self.people,
            "seconds": round(self.seconds, 3),
            "changes_per_s": round(self.changes_per_s, 1),
        }


def findings(
    truth: Truth, lines: Sequence[Line], people: Mapping[Record, str], sources: Sequence[str]
) -> tuple[str, ...]:
    """What is not as it must be. ``people``: the person of each record of the store."""
    return (*_unbalanced(lines), *_missing(lines, sources), *_rejected(truth, lines)) + (
        *_grouping(truth, people),
        *_merges(truth, people),
    )


def _unbalanced(lines: Iterable[Line]) -> list[str]:
    return [
        f"{line.source}: {line.received} changes received and not every one has a fate"
        f" ({line.in_flight} on their way, {line.unexplained} unexplained)"
        for line in lines
        if not line.balances
    ]


def _missing(lines: Iterable[Line], sources: Sequence[str]) -> list[str]:
    heard = {line.source for line in lines}
    return [
        f"{source}: nothing of it reached the store" for source in sources if source not in heard
    ]


def _rejected(truth: Truth, lines: Iterable[Line]) -> list[str]:
    return [
        f"{line.source}: {line.quarantined} in quarantine instead of"
        f" {truth.rejected.get(line.source, 0)}"
        for line in lines
        if line.quarantined != truth.rejected.get(line.source, 0)
    ]


def _grouping(truth: Truth, people: Mapping[Record, str]) -> list[str]:
    """Charts that hold too little or too much. Counts only: a local number is a patient's."""
    found: defaultdict[str, set[Record]] = defaultdict(set)
    for record, person in people.items():
        found[person].add(record)
    wanted = {frozenset(records) for records in truth.people}
    there = {frozenset(records) for records in found.values()}
    expected = {record for records in truth.people for record in records}
    wrong = []
    if absent := len(expected - people.keys()):
        wrong.append(f"{absent} of {len(expected)} records have no person")
    if len(found) != len(truth.people):
        wrong.append(f"{len(found)} people instead of {len(truth.people)}")
    if other := len(there - wanted):
        wrong.append(f"{other} people are made of other records than they should be")
    return wrong


def _merges(truth: Truth, people: Mapping[Record, str]) -> list[str]:
    undone = sum(
        1 for survivor, ended in truth.merges if people.get(survivor) != people.get(ended, "")
    )
    return [f"{undone} of {len(truth.merges)} merges did not happen"] if undone else []
