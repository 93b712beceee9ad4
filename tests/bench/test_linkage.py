"""Counting pairs of records against the truth."""

from __future__ import annotations

import pytest

from dsn_deploy.bench.linkage import linkage


def test_perfect() -> None:
    """Groups that are the people: nothing false, nothing missed."""
    found = linkage([7, 7, 9, 7], [0, 0, 1, 0], set())

    assert (found.false_links, found.missed_links, found.impure_groups) == (0, 0, 0)
    assert found.true_pairs == 3
    assert found.pair_recall == 1.0


def test_false() -> None:
    """Two people in one group: each pair across is false, the group is impure once."""
    found = linkage([5, 5, 5], [0, 0, 1], set())

    assert (found.false_links, found.missed_links, found.impure_groups) == (2, 0, 1)


def test_missed() -> None:
    """One person in three groups: the pairs across are missed, unseen where groups are not asked."""
    found = linkage([5, 5, 6, 7], [0, 0, 0, 0], {(0, 2)})

    assert (found.missed_links, found.missed_unseen) == (5, 3)
    assert found.pair_recall == pytest.approx(1 / 6)


def test_review() -> None:
    """Of the pairs on the list some are of one person."""
    found = linkage([1, 2, 3, 4], [0, 0, 1, 2], {(0, 1), (2, 3)})

    assert (found.review_pairs, found.review_true) == (2, 1)
    assert found.review_true_share == 0.5


def test_lengths() -> None:
    """Every record has a group and a person."""
    with pytest.raises(ValueError):
        linkage([1], [1, 2], set())
