"""How well records are grouped, against the truth of labelled ones.

The way is the production one: features, blocking keys, comparison of those that meet, edges from
the automatic pairs, groups with every bar. What a person would be asked is the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from dsn_deploy.identity.lists import list_keys_of
from dsn_deploy.identity.mapping import LabelledRecord
from dsn_streams.grouping import MATCH, Edge, components, group
from dsn_streams.matching.blocking import BLOCK_RECORDS_MAX, keys_of
from dsn_streams.matching.compare import Comparison, compare
from dsn_streams.matching.features import Features, features_of
from dsn_streams.matching.gates import NAMED_PARENT
from dsn_streams.matching.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairwise figures."""

    true: int
    false: int
    missed: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an evaluation found."""

    weights: str
    records: int
    people: int
    true_pairs: int
    #: Pairs that are compared, and the share of true pairs among them.
    compared: int
    blocking_recall: float
    longest_block: int
    #: Blocks too long to bring anybody together.
    crowded_blocks: int
    #: As grouped without a person.
    automatic: Pairs
    #: When a person answers every question, rightly.
    with_review: Pairs
    #: Groups that hold records of more than one person.
    impure_groups: int
    #: Groups, and those that are exactly one person's records.
    groups: int
    exact_groups: int
    review_pairs: int
    review_true: int
    #: Per 100 records.
    review_rate: float

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Records, the groups they were put in, and the questions that remain."""

    #: Record id -> group.
    group_of: Mapping[str, str]
    #: Pairs for a person, ids in order.
    reviews: frozenset[tuple[str, str]]
    #: Pairs that were compared.
    compared: Mapping[tuple[str, str], Comparison]
    #: How many records each block has.
    blocks: Sequence[int]


def grouped(features: Mapping[str, Features], weights: Weights) -> Grouped:
    """Group records by what is known of them."""
    pairs, blocks = candidates(features, weights.families)
    compared = {pair: compare(features[pair[0]], features[pair[1]], weights) for pair in pairs}
    edges = [
        Edge(MATCH, -found.weight, a, b)
        for (a, b), found in compared.items()
        if found.outcome == "same"
    ]

    def barred(a: str, b: str, _decided: bool) -> str | None:
        return compare(features[a], features[b], weights).barred

    group_of: dict[str, str] = {}
    blocked: set[tuple[str, str]] = set()
    for keys, joins in _regions(features, edges):
        groups = group(dict.fromkeys(keys, 0), joins, barred)
        group_of.update(groups.person)
        blocked |= {(one.edge.a, one.edge.b) for one in groups.blocked}
    asked = {
        pair
        for pair, found in compared.items()
        if found.outcome == "review" and found.reasons[0] != NAMED_PARENT
    } | blocked
    reviews = frozenset((a, b) for a, b in asked if group_of[a] != group_of[b])
    return Grouped(group_of, reviews, compared, blocks)


def candidates(
    features: Mapping[str, Features], families: bool
) -> tuple[set[tuple[str, str]], list[int]]:
    """Pairs that share a blocking key which not too many share, and the records of each block.

    Production's keys, unless the records are a list of unrelated people (`lists`).
    """
    blocks: dict[bytes | str, list[str]] = defaultdict(list)
    for name in sorted(features):
        one = features[name]
        keys: Iterable[bytes | str] = keys_of(one) if families else list_keys_of(one)
        for key in keys:
            blocks[key].append(name)
    small = [names for names in blocks.values() if len(names) <= BLOCK_RECORDS_MAX]
    pairs = {pair for names in small for pair in combinations(names, 2)}
    return pairs, [len(names) for names in blocks.values()]


def evaluate(records: Sequence[LabelledRecord], weights: Weights) -> tuple[Figures, Grouped]:
    """Group labelled records and compare with their truth."""
    found = grouped({one.id: features_of(one.demographics, weights) for one in records}, weights)
    truth = {one.id: one.truth for one in records}
    people = Counter(truth.values())
    true_pairs = sum(_pairs(size) for size in people.values())
    compared_true = sum(truth[a] == truth[b] for a, b in found.compared)
    impure = exact = 0
    groups = _members(found.group_of)
    for names in groups.values():
        said = {truth[name] for name in names}
        impure += len(said) > 1
        exact += len(said) == 1 and len(names) == people[truth[names[0]]]
    review_true = sum(truth[a] == truth[b] for a, b in found.reviews)
    figures = Figures(
        weights=weights.version,
        records=len(truth),
        people=len(people),
        true_pairs=true_pairs,
        compared=len(found.compared),
        blocking_recall=_share(compared_true, true_pairs),
        longest_block=max(found.blocks, default=0),
        crowded_blocks=sum(records > BLOCK_RECORDS_MAX for records in found.blocks),
        automatic=_figures(groups.values(), truth, true_pairs),
        with_review=_figures(_answered(found, truth), truth, true_pairs),
        impure_groups=impure,
        groups=len(groups),
        exact_groups=exact,
        review_pairs=len(found.reviews),
        review_true=review_true,
        review_rate=100 * _share(len(found.reviews), len(truth)),
    )
    return figures, found


def _answered(found: Grouped, truth: Mapping[str, str]) -> list[list[str]]:
    """The groups after each question that is truly one person was answered yes."""
    joined = _Joined(found.group_of.values())
    for a, b in found.reviews:
        if truth[a] == truth[b]:
            joined.join(found.group_of[a], found.group_of[b])
    members: dict[str, list[str]] = defaultdict(list)
    for name, of in found.group_of.items():
        members[joined.root(of)].append(name)
    return list(members.values())


def _figures(groups: Iterable[Sequence[str]], truth: Mapping[str, str], true_pairs: int) -> Pairs:
    true = joined = 0
    for names in groups:
        joined += _pairs(len(names))
        true += sum(_pairs(size) for size in Counter(truth[name] for name in names).values())
    precision, recall = _share(true, joined), _share(true, true_pairs)
    return Pairs(
        true=true,
        false=joined - true,
        missed=true_pairs - true,
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if true else 0.0,
    )


def _regions(names: Iterable[str], edges: Sequence[Edge]) -> Iterator[tuple[list[str], list[Edge]]]:
    """Records that edges connect, with those edges: what `group` decides on at once."""
    joins: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        joins[edge.a].append(edge)
    for component in components(names, edges):
        keys = sorted(component)
        yield keys, [edge for key in keys for edge in joins.get(key, ())]


class _Joined:
    """Names joined into sets."""

    def __init__(self, names: Iterable[str]) -> None:
        self._above = {name: name for name in names}

    def root(self, name: str) -> str:
        """The name that stands for the set."""
        while self._above[name] != name:
            self._above[name] = self._above[self._above[name]]
            name = self._above[name]
        return name

    def join(self, a: str, b: str) -> None:
        """Make one set of two."""
        one, two = sorted((self.root(a), self.root(b)))
        self._above[two] = one


def _members(group_of: Mapping[str, str]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = defaultdict(list)
    for name, of in group_of.items():
        members[of].append(name)
    return members


def _pairs(size: int) -> int:
    return size * (size - 1) // 2


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
