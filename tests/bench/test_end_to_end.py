"""``dsn bench end-to-end``, tiny: what it reports and that the books balance. No time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHANGES = 400
#: A crowded machine takes a minute to start eight processes.
DEADLINE_S = 400

PROCESSES = {
    "kafka",
    "registry",
    "postgres",
    "store",
    "audit",
    "receipts",
    "streams",
    "web",
    "edge",
    "bench",
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    """The figures of one run, and the folder it was given for temporary files."""
    folder = tmp_path_factory.mktemp("bench")
    sizes = ["--people", "40", "--changes", str(CHANGES), "--rate", "50", "--seconds", "2"]
    command = [sys.executable, "-m", "dsn_deploy", "bench", "end-to-end", "--json", *sizes]
    command += ["--messages-rate", "20", "--messages-seconds", "1"]
    done = subprocess.run(  # the exit code is judged below
        command,
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout.splitlines()[-1]), folder


def test_output_is_one_line(ended: tuple[dict[str, Any], Path]) -> None:
    """A script finds every promised figure in the last line."""
    figures, _ = ended

    assert figures.keys() >= {
        "changes",
        "changes_per_s",
        "cpu_s_per_million",
        "rss_mb",
        "readable_ms_p50",
        "readable_ms_p99",
        "hops_ms_p50",
        "ack_ms_p50",
        "ack_ms_p99",
    }
    assert figures["cpu_s_per_million"].keys() == PROCESSES
    assert figures["rss_mb"].keys() == PROCESSES
    # The registry and the pages have nothing to do here, and may use less than the clock shows.
    assert all(figures["cpu_s_per_million"][name] > 0 for name in ("kafka", "streams", "store"))


def test_hops_are_the_way(ended: tuple[dict[str, Any], Path]) -> None:
    """Where the time went: every stage wrote the watched changes after the one before it."""
    figures, _ = ended
    hops = figures["hops_ms_p50"]

    assert list(hops) == ["outbox_to_journal", "to_contribution", "to_entry", "to_readable"]
    assert all(0 <= wait_ms <= figures["readable_ms_p99"] for wait_ms in hops.values())


def test_books_balance(ended: tuple[dict[str, Any], Path]) -> None:
    """Every change that was taken has one fate, and the measured ones were all numbered."""
    figures, _ = ended
    fates = ("shown", "superseded", "duplicate", "quarantined")

    assert figures["received"] == sum(figures[fate] for fate in fates)
    assert figures["unexplained"] == 0
    assert figures["quarantined"] == 0
    assert figures["changes"] + figures["duplicates"] == CHANGES


def test_nothing_is_left(ended: tuple[dict[str, Any], Path]) -> None:
    """A measurement that succeeded leaves no folder behind."""
    _, folder = ended

    assert list(folder.glob("dsn-bench-*")) == []
