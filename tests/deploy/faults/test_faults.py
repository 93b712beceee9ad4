"""``dsn faults`` as an operator types it: real processes die, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dsn_deploy.errors import INTERRUPTED
from dsn_deploy.statefile import read

#: A crowded machine takes minutes to start ten processes, and to let the rounds settle.
DEADLINE_S = 900.0
#: Kinds that need no small disk and are over soon; `make faults` has all of them.
KINDS = "worker-killed,consumer-killed,broker-killed,commit-unknown,postgres-killed,edge-killed"


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dsn_deploy", "faults", "--json", *arguments],
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_short_selection(tmp_path: Path) -> None:
    """Two rounds: everything acknowledged is there once, no view and no read is wrong."""
    faults = command(tmp_path, "--rounds", "2", "--seed", "11", "--rate", "5", "--kinds", KINDS)
    out, err = faults.communicate(timeout=DEADLINE_S)

    assert faults.returncode == 0, err
    figures = json.loads(out.splitlines()[-1])
    wrong = ("lost", "doubled", "wrong_views", "wrong_reads", "unexplained", "stuck")
    assert {name: figures[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert figures["rounds"] == 2
    assert figures["faults"] >= 2
    assert figures["acknowledged"] > 100
    assert figures["reads"] > 0
    assert set(figures["recoveries"]) <= set(KINDS.split(","))
    assert figures["failed_rounds"] == []
    assert list(tmp_path.glob("dsn-faults-*")) == []


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """Pressed while the servers start: no process and no mount is left."""
    faults = command(tmp_path, "--rounds", "1")
    end = time.monotonic() + DEADLINE_S
    try:
        while not _processes(tmp_path):
            assert time.monotonic() < end and faults.poll() is None, "no server was started"
            time.sleep(0.1)
        started = _processes(tmp_path)
        faults.send_signal(signal.SIGINT)
        _, err = faults.communicate(timeout=DEADLINE_S)
    finally:
        faults.kill()

    assert faults.returncode == INTERRUPTED, err
    assert not [name for name, process in started.items() if process.is_alive()]
    assert str(tmp_path) not in Path("/proc/mounts").read_text(encoding="utf-8")


def _processes(folder: Path):  # type: ignore[no-untyped-def]
    """Those the state file names, that live."""
    for place in folder.glob("dsn-faults-*"):
        state = read(place)
        if state is not None:
            return state.orphans()
    return {}
