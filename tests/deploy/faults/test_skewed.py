"""A wrong clock, in a process of its own."""

from __future__ import annotations

import subprocess
import sys


def test_only_the_wall_clock_moves() -> None:
    """By what was asked; what counts on goes on as before."""
    code = (
        "import time; from dsn_deploy.faults.skewed import move_clock\n"
        "real, steady = time.time(), time.monotonic()\n"
        "move_clock(86_400_000)\n"
        "print(round(time.time() - real), round(time.time_ns() / 1e9 - real),"
        " time.monotonic() - steady < 60)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert said.stdout.split() == ["86400", "86400", "True"]
