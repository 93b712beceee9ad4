"""``dsn bench identity`` on a small population: the whole way, with the production stage and state."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PEOPLE = 500


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    command = [sys.executable, "-m", "dsn_deploy", "bench", "identity", "--json"]
    result = subprocess.run(
        [*command, "--people", str(PEOPLE)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_figures(figures: dict[str, float]) -> None:
    """The line has what was asked for, and every record was registered."""
    assert figures["people"] == PEOPLE
    assert figures["records"] > 1.8 * PEOPLE
    for name in ("registrations_per_s", "cpu_us", "index_bytes_per_record", "rss_mb_peak"):
        assert figures[name] > 0


def test_quality(figures: dict[str, float]) -> None:
    """Nobody is joined with another, and most pairs are found."""
    assert figures["false_links"] == 0
    assert figures["impure_groups"] == 0
    assert figures["true_pairs"] > PEOPLE
    assert figures["pair_recall"] > 0.9
