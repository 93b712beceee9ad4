"""``dsn bench partition``: what the figures say. No time is asserted, and no server is started."""

from __future__ import annotations

import pytest

from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.partition import Asked, Drained, figures

DRAINED = Drained(mended=100.0, moved=101.0, empty=105.0, readable=110.0, backlog=6_000, sent=6_400)


def test_the_drain_is_held_against_what_arrives() -> None:
    """From the first change that was confirmed; reconnecting is a figure of its own."""
    watched = {"before": [1.0] * 100, "cut": [1.0] * 100, "drain": [1.0] * 98 + [3.0] * 2}

    found = figures(Asked(seconds=60, rate=100), DRAINED, watched)

    assert (6_000, 1.0, 4.0, 10.0) == (
        found["backlog"],
        found["reconnected_s"],
        found["drain_s"],
        found["readable_s"],
    )
    assert (1600.0, 16.0) == (found["drain_per_s"], found["drain_ratio"])
    assert (1.0, 3.0) == (found["slower_p50"], found["slower_p99"])
    assert 100 == found["near_drain_watched"]


def test_a_phase_in_which_nothing_was_watched_is_no_measurement() -> None:
    with pytest.raises(BenchError, match="phase drain"):
        figures(Asked(), DRAINED, {"before": [1.0], "cut": [1.0], "drain": []})
