"""How well records were linked: groups against a known truth, counted in pairs of records.

Pure; memory is a few bytes a record, so that a province fits.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """The figures; a pair is two records, whatever their order."""

    #: Pairs in one group whose records are two people's.
    false_links: int
    #: Pairs of one person that are in two groups.
    missed_links: int
    #: Of those, pairs between groups that are not on the list for review either: one pair of records
    #: on it puts a steward before both groups.
    missed_unseen: int
    #: Groups with records of more than one person.
    impure_groups: int
    #: Pairs of one person.
    true_pairs: int
    #: Pairs on the list for review, and how many of them are of one person.
    review_pairs: int
    review_true: int

    @property
    def pair_recall(self) -> float:
        """Share of the pairs of one person that are in one group."""
        if not self.true_pairs:
            return 1.0
        return 1 - self.missed_links / self.true_pairs

    @property
    def review_true_share(self) -> float:
        """Share of the pairs on the list that are of one person; 1 when the list is empty."""
        return self.review_true / self.review_pairs if self.review_pairs else 1.0


def linkage(
    groups: Sequence[int], truth: Sequence[int], reviews: Collection[tuple[int, int]]
) -> Linkage:
    """Compare the group of each record with its person; ``reviews`` are pairs of positions.

    Raises ``ValueError`` unless there is one of each for every record.
    """
    if len(groups) != len(truth):
        raise ValueError(f"{len(groups)} groups for {len(truth)} records")
    together = right = impure = 0
    order = sorted(range(len(groups)), key=groups.__getitem__)
    for _, members in groupby(order, key=groups.__getitem__):
        people = Counter(truth[at] for at in members)
        together += _pairs(people.total())
        right += sum(map(_pairs, people.values()))
        impure += len(people) > 1
    of_one = sum(map(_pairs, _sizes(truth)))
    asked_true = sum(1 for a, b in reviews if truth[a] == truth[b])
    return Linkage(
        false_links=together - right,
        missed_links=of_one - right,
        missed_unseen=_unseen(groups, truth, reviews),
        impure_groups=impure,
        true_pairs=of_one,
        review_pairs=len(reviews),
        review_true=asked_true,
    )


def _unseen(
    groups: Sequence[int], truth: Sequence[int], reviews: Collection[tuple[int, int]]
) -> int:
    """Pairs of one person between two groups of which no pair is on the list."""
    asked = {frozenset((groups[a], groups[b])) for a, b in reviews}
    count = 0
    order = sorted(range(len(truth)), key=truth.__getitem__)
    for _, members in groupby(order, key=truth.__getitem__):
        sizes = Counter(groups[at] for at in members)
        if len(sizes) > 1:
            for (one, some), (two, others) in combinations(sizes.items(), 2):
                count += 0 if frozenset((one, two)) in asked else some * others
    return count


def _sizes(truth: Sequence[int]) -> array[int]:
    sizes = array("L", bytes(8 * (max(truth, default=-1) + 1)))
    for person in truth:
        sizes[person] += 1
    return sizes


def _pairs(records: int) -> int:
    return records * (records - 1) // 2
