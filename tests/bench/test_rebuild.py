"""``dsn bench rebuild``, tiny: what it reports, and that both generations agree. No time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from dsn_deploy.bench.rebuild import Asked, Measured

#: A crowded machine takes a minute to start ten processes.
DEADLINE_S = 400


def test_a_journal_is_built_again_and_compared(tmp_path: Path) -> None:
    """Every change that had a number is counted, and nothing differs; nothing is left behind."""
    sizes = ["--people", "40", "--changes", "400", "--partitions", "2"]
    done = subprocess.run(  # the exit code is judged below
        [sys.executable, "-m", "dsn_deploy", "bench", "rebuild", "--json", *sizes],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["differences"] == 0
    assert 400 < figures["changes"] <= 500  # with those that warmed the system up
    assert {"streams-g1", "store-g1", "kafka", "postgres"} <= figures["cpu_s_per_million"].keys()
    assert figures["cpu_s_per_million"]["streams-g1"] > 0
    assert list(tmp_path.glob("dsn-bench-*")) == []


def test_starting_is_a_figure_of_its_own() -> None:
    """The rate is that of building; a short rebuild is mostly the start of its processes."""
    found = Measured(
        asked=Asked(),
        changes=1_000,
        seconds=5.0,
        starting_s=3.0,
        cpu_s={"streams-g1": 0.1},
        differences=0,
    ).figures()

    assert (500.0, 200.0) == (found["changes_per_s"], found["changes_per_s_with_start"])
    assert {"streams-g1": 100.0} == found["cpu_s_per_million"]
