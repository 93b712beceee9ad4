"""Every service looks for garbage seldom, and still finds it."""

from __future__ import annotations

import subprocess
import sys

CYCLES = """
import gc
from dsn_schemas.garbage import YOUNG, collect_seldom
collect_seldom()
looks = []
gc.callbacks.append(lambda phase, info: looks.append(phase) if phase == "start" else None)
for _ in range(YOUNG):
    cycle = []
    cycle.append(cycle)
print(len(looks), gc.get_freeze_count() > 1000)
"""


def test_seldom() -> None:
    """Twenty thousand pieces of garbage cost one or two looks, and what was loaded is left alone."""
    done = subprocess.run(
        [sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True, timeout=60
    )
    looks, frozen = done.stdout.split()

    assert 1 <= int(looks) <= 2
    assert frozen == "True"
