"""The command `dsn`, as a person and a script meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsn_deploy.commands.status import exit_code
from dsn_deploy.errors import FAILED, OK, UNREACHABLE, USAGE
from dsn_deploy.process import ProcessIdentity
from dsn_deploy.services import SERVICES
from dsn_deploy.statefile import Entry, State, StateFile, ourselves

GONE = ProcessIdentity(pid=1, started="before the flood")


def dsn(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DSN_DATA": str(data), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "dsn_deploy", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", ["up", "down", "status", "run", "topics"])
def test_help_lists_every_command(command: str, tmp_path: Path) -> None:
    """`dsn --help` names each command, and each has a help of its own."""
    assert f"\n  {command} " in dsn("--help", data=tmp_path).stdout
    assert dsn(command, "--help", data=tmp_path).returncode == OK


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    """`dsn --help` answers without Kafka, PostgreSQL, faust or the resolver of jars."""
    script = (
        "import sys; from dsn_deploy.cli import application; application();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    heavy = {"confluent_kafka", "faust", "jgo", "psycopg", "pydantic", "rocksdict", "starlette"}
    assert heavy & set(said.stdout.split()) == set()


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["up", "--nonsense"], ["run", "nonsense"], ["run"], ["up", "--kafka-port=x"]],
)
def test_usage_error_is_2(arguments: list[str], tmp_path: Path) -> None:
    """A command that cannot be understood exits with 2."""
    assert dsn(*arguments, data=tmp_path).returncode == USAGE


def test_unknown_service_lists_the_known(tmp_path: Path) -> None:
    """Mistyping a service shows the right names."""
    said = dsn("run", "stroe", data=tmp_path).stderr

    assert all(name in said for name in SERVICES)


def test_status_of_nothing_is_3(tmp_path: Path) -> None:
    """Where nothing runs, `dsn status` exits with 3 and says how to start."""
    ended = dsn("status", data=tmp_path)

    assert ended.returncode == UNREACHABLE
    assert "dsn up" in ended.stdout


def test_status_for_scripts_is_json(tmp_path: Path) -> None:
    """`dsn status --json` is one JSON object, also where nothing runs."""
    said = json.loads(dsn("status", "--json", data=tmp_path).stdout)

    nothing = {"phase": "stopped", "processes": {}, "environment": {}, "outboxes": []}
    assert said == {"data": str(tmp_path), **nothing}


def test_status_names_each_process(tmp_path: Path) -> None:
    """`dsn status` shows every process with its state."""
    state_file = StateFile(tmp_path, State(owner=ourselves()))
    state_file.note("kafka", process=ourselves(), ready=True)
    state_file.note("store", process=GONE, note="ended with exit code 70")
    ended = dsn("status", data=tmp_path)

    assert ended.returncode == FAILED
    assert "kafka" in ended.stdout
    assert "down" in ended.stdout
    assert "\x1b[" not in ended.stdout


def test_down_of_nothing_is_fine(tmp_path: Path) -> None:
    """Stopping what does not run is no error."""
    assert dsn("down", data=tmp_path).returncode == OK


def test_down_cleans_up_after_a_crash(tmp_path: Path) -> None:
    """What a dead supervisor left running is stopped, and its file removed."""
    script = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script]) as orphan:
        identity = ProcessIdentity.of(orphan.pid)
        StateFile(tmp_path, State(owner=GONE, entries={"store": Entry(process=identity)}))
        ended = dsn("down", data=tmp_path)
        orphan.wait(10)

    assert ended.returncode == OK
    assert "store" in ended.stdout
    assert not (tmp_path / "stack.json").exists()


def test_down_spares_strangers(tmp_path: Path) -> None:
    """A process that merely got a pid from the stale file is left alone."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        recycled = ProcessIdentity(pid=stranger.pid, started="another moment")
        StateFile(tmp_path, State(owner=GONE, entries={"kafka": Entry(process=recycled)}))
        dsn("down", data=tmp_path)

        assert stranger.poll() is None
        stranger.kill()
    assert not (tmp_path / "stack.json").exists()


READY = Entry(process=ourselves(), ready=True)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (None, UNREACHABLE),
        (State(owner=ourselves(), entries={"kafka": READY}), OK),
        (State(owner=ourselves(), entries={"kafka": READY, "web": Entry()}), FAILED),
        (State(owner=ourselves()), FAILED),
        (State(owner=GONE, entries={"kafka": READY}), FAILED),
        (State(owner=GONE, entries={"kafka": Entry(process=GONE)}), UNREACHABLE),
    ],
    ids=["nothing", "all ready", "one is not", "none yet", "orphans", "all gone"],
)
def test_exit_code_of_status(state: State | None, code: int) -> None:
    """Scripts learn from the exit code whether everything is ready."""
    assert exit_code(state) == code
