"""Pairs that others labelled: what is joined without a person must be one person."""

from __future__ import annotations

from collections import Counter

import pytest

from dsn_streams.matching.compare import compare
from dsn_streams.matching.features import features_of
from dsn_streams.matching.weights import load
from support.labelled import LabelledPair, miis, recordlinker

WEIGHTS = load()


def outcomes(pairs: list[LabelledPair]) -> Counter[tuple[str, str]]:
    """How often each label got each outcome."""
    found: Counter[tuple[str, str]] = Counter()
    for one, two, label in pairs:
        a, b = features_of(one, WEIGHTS), features_of(two, WEIGHTS)
        found[label, compare(a, b, WEIGHTS).outcome] += 1
    return found


def test_none_of_recordlinkers_strangers_is_joined():
    """0 of the pairs labelled as two people is automatic."""
    found = outcomes(list(recordlinker()))

    assert found["not", "same"] == 0, found
    assert found["match", "same"] >= 100, found


def test_children_of_immunization_registries():
    """At most 0.3 % of the strangers are joined, at least 94 % of the matches; three ways at least
    81 % agree."""
    pairs = list(miis())
    found = outcomes(pairs)
    strangers = sum(found["not", outcome] for outcome in ("same", "review", "different"))
    matches = sum(found["match", outcome] for outcome in ("same", "review", "different"))
    agreed = found["match", "same"] + found["possible", "review"] + found["not", "different"]

    assert found["not", "same"] <= 0.003 * strangers, found
    assert found["match", "same"] >= 0.94 * matches, found
    assert agreed / len(pairs) == pytest.approx(0.9, abs=0.09)
