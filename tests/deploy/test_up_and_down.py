"""`dsn up` and `dsn down` as an operator types them, with real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dsn_deploy.errors import FAILED, OK, UNREACHABLE
from dsn_deploy.statefile import read

Dsn = Callable[..., subprocess.CompletedProcess[str]]


def environment(data: Path) -> Mapping[str, str]:
    return {**os.environ, "DSN_DATA": str(data)}


@pytest.fixture
def dsn(tmp_path: Path) -> Iterator[Dsn]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dsn_deploy", *arguments],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    yield run
    run("down")


def status(dsn: Dsn) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(dsn("status", "--json").stdout)
    return answer


def test_up_crash_up_down(dsn: Dsn, tmp_path: Path) -> None:
    """Up, up again, a dead supervisor, up once more, down: each time the right thing runs.

    1. `up` starts everything and prints where it is.
    2. `up` again changes nothing and prints the same.
    3. The supervisor is killed: status says so, the servers run on.
    4. `up` stops those and starts new ones, at the same addresses.
    5. `down` stops all of it.
    """
    first = dsn("up", "--stack-only")  # 1
    assert first.returncode == OK, first.stderr
    assert "kafka is ready" in first.stdout
    before = status(dsn)
    assert dsn("status").returncode == OK

    second = dsn("up", "--stack-only")  # 2
    assert second.returncode == OK
    assert set(second.stdout.splitlines()[1:]) < set(first.stdout.splitlines())
    assert status(dsn) == before

    state = read(tmp_path)  # 3
    assert state is not None
    state.owner.send(signal.SIGKILL)
    assert state.owner.wait(10)
    assert dsn("status").returncode == FAILED
    assert status(dsn)["phase"] == "orphaned"
    assert set(state.orphans()) == {"kafka", "postgres", "registry"}

    assert dsn("up", "--stack-only").returncode == OK  # 4
    after = status(dsn)
    assert after["environment"] == before["environment"]
    assert state.orphans() == {}

    owned = read(tmp_path)
    assert dsn("down").returncode == OK  # 5
    assert dsn("status").returncode == UNREACHABLE
    assert owned is not None
    assert owned.orphans() == {}
    assert owned.is_stale


@pytest.mark.parametrize("after_s", [0.5, 2.5])
def test_ctrl_c_while_starting(tmp_path: Path, after_s: float) -> None:
    """Ctrl-C at any moment of the start leaves nothing running."""
    command = [sys.executable, "-m", "dsn_deploy", "up", "--stack-only"]
    starting = subprocess.Popen(
        command, env=environment(tmp_path), start_new_session=True, stdout=subprocess.DEVNULL
    )
    time.sleep(after_s)
    os.killpg(starting.pid, signal.SIGINT)

    assert starting.wait(60) != OK
    assert read(tmp_path) is None
    assert not [p for p in Path("/proc").glob("[0-9]*") if str(tmp_path) in command_line(p)]


def command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def test_failed_start_is_explained(dsn: Dsn) -> None:
    """When a server cannot start, `dsn up` exits with 1 and shows that server's own words."""
    ended = dsn("up", "--stack-only", "--postgres-port=1")

    if os.geteuid() == 0:  # it runs as nobody, who may not have port 1
        assert ended.returncode == FAILED
    assert "postgres ended" in ended.stderr
    assert "could not bind" in ended.stderr
