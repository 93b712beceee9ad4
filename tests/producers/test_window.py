"""Up to where the journal has everything."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.outbox_file import EPOCH_SPAN
from dsn_producers.window import Window

START = EPOCH_SPAN


@given(count=st.integers(1, 50), seed=st.integers(0, 999), missing=st.sets(st.integers(1, 50)))
def test_confirmed_up_to_the_first_that_is_missing(
    count: int, seed: int, missing: set[int]
) -> None:
    """Reports may come in any order, twice, and for what was never sent."""
    window = Window(START)
    for seq in range(1, count + 1):
        window.add(START + seq, seq % 3, 10)
    reports = [seq for seq in range(1, count + 1) if seq not in missing] * 2
    random.Random(seed).shuffle(reports)
    for seq in reports:
        window.written(START + seq)

    first_missing = min((m for m in missing if m <= count), default=count + 1)
    assert window.acked == START + first_missing - 1
    assert window.handed == START + count
    assert len(window) == count - (first_missing - 1)
    assert window.size_bytes == 10 * len(window)
    assert window.heads == {seq % 3: seq for seq in range(1, first_missing)}


def test_positions_only_grow() -> None:
    """A row handed over twice in one session would be a mistake of ours."""
    window = Window(START)
    window.add(START + 1, 0, 1)

    with pytest.raises(ValueError, match="is not after"):
        window.add(START + 1, 0, 1)
    with pytest.raises(ValueError, match="cannot skip"):
        window.skip_to(START + 5)
