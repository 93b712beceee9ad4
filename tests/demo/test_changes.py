"""The scalable source for benchmarks."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsn_deploy.demo.changes import LATE_MAX, record_changes
from dsn_deploy.demo.crowd import PEOPLE_MAX, demographics
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.nam import verified
from dsn_schemas.records import Demographics, RecordChange
from dsn_schemas.wire import encode_content


def _first_copies(changes: list[RecordChange]) -> list[RecordChange]:
    return list({change.seq: change for change in changes}.values())


@settings(max_examples=30, deadline=None)
@given(
    people=st.integers(1, 200),
    count=st.integers(0, 3_000),
    seed=st.integers(),
    duplicates=st.sampled_from((0.0, 0.1, 0.5)),
    out_of_order=st.sampled_from((0.0, 0.05, 0.5)),
    partitions=st.integers(1, 7),
)
def test_numbers(
    people: int, count: int, seed: int, duplicates: float, out_of_order: float, partitions: int
) -> None:
    """Whatever is asked: exactly so many changes, numbers without a gap, chained by partition."""
    changes = list(
        record_changes(
            people,
            count,
            seed,
            duplicates=duplicates,
            out_of_order=out_of_order,
            partitions=partitions,
        )
    )
    ordered = sorted(_first_copies(changes), key=lambda change: change.seq)
    last: defaultdict[int, int] = defaultdict(int)

    assert len(changes) == count
    assert [change.seq for change in ordered] == list(range(1, len(ordered) + 1))
    for change in ordered:
        lane = partition_of(record_key(change.authority, change.number), partitions)
        assert change.previous == last[lane]
        last[lane] = change.seq


def test_same_everywhere() -> None:
    """The same arguments give the same changes, another seed gives others."""
    one = list(record_changes(50, 2_000, 7))

    assert one == list(record_changes(50, 2_000, 7))
    assert one != list(record_changes(50, 2_000, 8))


def test_shares() -> None:
    """Duplicates, late changes and deletions come in the shares that were asked for."""
    changes = list(record_changes(1_000, 50_000, 1))
    copies = len(changes) - len(_first_copies(changes))
    late = highest = 0
    for change in _first_copies(changes):
        late += change.seq < highest
        highest = max(highest, change.seq)
    deletes = sum(change.op == "delete" for change in changes)

    assert copies / len(changes) == pytest.approx(0.10, abs=0.01)
    assert late / len(_first_copies(changes)) == pytest.approx(0.05, abs=0.01)
    assert deletes / len(changes) == pytest.approx(0.03, abs=0.003)


def test_copies_are_exact() -> None:
    """A duplicate is the earlier change to the last byte, its numbers included."""
    seen: dict[int, RecordChange] = {}
    for change in record_changes(100, 5_000, 3):
        assert seen.setdefault(change.seq, change) == change


def test_lateness_is_bounded() -> None:
    """A late change is passed by a bounded number of others: memory does not grow with the run."""
    made = record_changes(100, 20_000, 5, duplicates=0.0, out_of_order=0.2)
    behind = [index - (change.seq - 1) for index, change in enumerate(made)]

    assert 100 < max(behind) <= 2 * LATE_MAX
    assert min(behind) >= -2 * LATE_MAX


def test_demographics_first() -> None:
    """A record's first number is its demographics, so that identity knows it from the start."""
    known: set[str] = set()
    for change in sorted(_first_copies(list(record_changes(300, 5_000, 2))), key=lambda c: c.seq):
        if change.number not in known:
            assert change.section == "demographics"
        known.add(change.number)

    assert len(known) == 300


def test_delete_follows_upsert() -> None:
    """Only an item that is there is deleted, and a deletion carries no content."""
    alive: set[tuple[str, str]] = set()
    for change in sorted(_first_copies(list(record_changes(20, 5_000, 4))), key=lambda c: c.seq):
        item = (change.number, change.item)
        if change.op == "delete":
            assert item in alive
            assert change.content is None
            alive.remove(item)
        else:
            alive.add(item)


@pytest.mark.parametrize("size", [250, 300, 1_000])
def test_content_size(size: int) -> None:
    """Contents are about as long as asked for."""
    sizes = [
        len(encode_content(change.content))
        for change in record_changes(100, 3_000, 6, content_bytes=size)
        if change.content is not None and change.section != "demographics"
    ]

    assert sum(sizes) / len(sizes) == pytest.approx(size, rel=0.1)


def test_sections() -> None:
    """Changes spread over seven sections."""
    sections = Counter(change.section for change in record_changes(100, 5_000, 9))

    assert set(sections) == {
        "demographics",
        "allergies",
        "problems",
        "medications",
        "results",
        "immunizations",
        "alerts",
    }


def test_two_establishments() -> None:
    """A second source and authority speak of the same people under their own authority."""

    def nams(source: str, authority: str) -> set[str | None]:
        made = record_changes(40, 2_000, 1, source=source, authority=authority)
        return {verified(c.content) for c in made if isinstance(c.content, Demographics)}

    assert nams("a-adt", "A") == nams("b-adt", "B")
    assert len(nams("a-adt", "A")) == 40


@given(st.lists(st.integers(0, PEOPLE_MAX - 1), min_size=2, max_size=50, unique=True))
def test_everybody_has_a_nam(people: list[int]) -> None:
    """Two indices never share a NAM, and every NAM is valid."""
    numbers = [verified(demographics(person, "B", "1", 0)) for person in people]

    assert None not in numbers
    assert len(set(numbers)) == len(people)


@pytest.mark.parametrize(
    ("people", "changes", "duplicates", "partitions"),
    [(0, 1, 0.1, 4), (PEOPLE_MAX + 1, 1, 0.1, 4), (1, -1, 0.1, 4), (1, 1, 0.9, 4), (1, 1, 0.1, 0)],
)
def test_refused(people: int, changes: int, duplicates: float, partitions: int) -> None:
    """Figures that make no sense are refused before the first change."""
    with pytest.raises(ValueError):
        next(record_changes(people, changes, 1, duplicates=duplicates, partitions=partitions))


def test_lazy() -> None:
    """A million changes of a million people begin at once: nothing is made ahead."""
    assert len(list(islice(record_changes(1_000_000, 1_000_000, 1), 100))) == 100
