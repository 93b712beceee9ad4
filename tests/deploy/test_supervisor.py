"""The supervisor keeps processes running and stops them in order."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsn_deploy.asked import Asked
from dsn_deploy.child import Child
from dsn_deploy.errors import NotReady
from dsn_deploy.statefile import Phase, State, StateFile, ourselves, read
from dsn_deploy.supervisor import Supervisor

#: Far more than any of these takes; only a broken test waits this long.
DEADLINE_S = 20.0

STEADY = "import time; time.sleep(60)"
CRASHING = "import sys; sys.exit(7)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"


class Script(Child):
    """A child that runs a line of Python."""

    def __init__(self, name: str, script: str, state_file: StateFile, data: Path) -> None:
        super().__init__(name, log=data / f"{name}.log", record=state_file.record)
        self._script = script

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", self._script]


class NoServers:
    """A stack without servers: only a state file, and a memory of what was asked of it."""

    def __init__(self, data: Path, broken: Exception | None = None) -> None:
        self.data = data
        self.servers: Sequence[Child] = ()
        self.state_file = StateFile(data, State(owner=ourselves()))
        self.calls: list[str] = []
        self._broken = broken

    def start(self) -> None:
        self.calls.append("start")
        if self._broken:
            raise self._broken

    def stop(self) -> None:
        alive = list(self.state_file.state.orphans())
        self.calls.append(f"stop while {alive} run")


class Trial:
    """A supervisor on a thread, for scripts."""

    def __init__(self, data: Path, **scripts: str) -> None:
        self.stack = NoServers(data)
        self.provisioned = 0
        self.asked = Asked()
        self.supervisor = Supervisor(
            self.stack,
            services=lambda file: [Script(n, s, file, data) for n, s in scripts.items()],
            provision=self._provision,
        )

    def _provision(self) -> None:
        self.provisioned += 1
        self.stack.calls.append("provision")

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.supervisor.run, args=(self.asked,))
        thread.start()
        try:
            wait_for(lambda: self.state.phase is Phase.RUNNING)
            yield
        finally:
            self.ask()
            thread.join(DEADLINE_S)
            assert not thread.is_alive()

    def ask(self) -> None:
        self.asked._receive(signal.SIGTERM, None)

    @property
    def state(self) -> State:
        state = read(self.stack.data)
        assert state is not None
        return state


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def test_order_of_a_life(tmp_path: Path) -> None:
    """Servers, then topics and tables, then services; back in the reverse order."""
    trial = Trial(tmp_path, store=STEADY)
    with trial.running():
        wait_for(lambda: trial.state.entries["store"].ready)

    assert trial.stack.calls == ["start", "provision", "stop while [] run"]


def test_killed_service_is_started_again(tmp_path: Path) -> None:
    """A service that was killed runs again, as another process."""
    trial = Trial(tmp_path, store=STEADY)
    with trial.running():
        first = trial.state.entries["store"].process
        assert first is not None
        first.send(signal.SIGKILL)
        wait_for(lambda: trial.state.entries["store"].restarts == 1)
        second = trial.state.entries["store"].process

        assert second is not None
        assert second != first
        assert second.is_alive()


def test_crash_loop_is_visible(tmp_path: Path) -> None:
    """A service that ends at once is tried again and again, and its exit code is shown."""
    trial = Trial(tmp_path, streams=CRASHING)
    with trial.running():
        wait_for(lambda: trial.state.entries["streams"].restarts >= 2)
        wait_for(lambda: "exit code 7" in trial.state.entries["streams"].note)


def test_crash_of_one_leaves_the_others(tmp_path: Path) -> None:
    """While one service crashes, another keeps its process."""
    trial = Trial(tmp_path, streams=CRASHING, store=STEADY)
    with trial.running():
        steady = trial.state.entries["store"].process
        wait_for(lambda: trial.state.entries["streams"].restarts >= 1)

        assert trial.state.entries["store"].process == steady


def test_failed_start_stops_what_was_started(tmp_path: Path) -> None:
    """When servers do not come up, the error says why and nothing stays behind."""
    trial = Trial(tmp_path, store=STEADY)
    broken = NotReady("kafka", "ended with exit code 1", tmp_path / "log", ["out of disk"])
    trial.stack._broken = broken

    with pytest.raises(NotReady, match="out of disk"):
        trial.supervisor.run(trial.asked)
    assert trial.stack.calls == ["start", "stop while [] run"]


def test_asked_while_starting(tmp_path: Path) -> None:
    """Being asked to stop before anything runs starts nothing."""
    trial = Trial(tmp_path, store=STEADY)
    trial.ask()

    trial.supervisor.run(trial.asked)

    assert trial.stack.calls == ["stop while [] run"]


def test_deaf_service_is_killed(tmp_path: Path) -> None:
    """A service that ignores the request is killed once its time is over."""
    log = tmp_path / "ready"
    deaf = f"import pathlib; {DEAF.replace('time.sleep', f'pathlib.Path({str(log)!r}).touch(); time.sleep')}"
    child = Script("deaf", deaf, StateFile(tmp_path, State(owner=ourselves())), tmp_path)
    child.start()
    wait_for(log.exists)

    assert not child.stop(deadline_s=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_child_is_out_of_reach_of_the_terminal(tmp_path: Path) -> None:
    """A child has a session of its own, so Ctrl-C in our terminal does not reach it."""
    script = "import os; print(os.getsid(0) == os.getpid())"
    child = Script("child", script, StateFile(tmp_path, State(owner=ourselves())), tmp_path)
    child.start()
    wait_for(lambda: not child.is_alive())

    assert child.log.read_text() == "True\n"


def test_a_deleted_data_folder_ends_everything(tmp_path: Path) -> None:
    """Whoever deletes the folder of a running system leaves no servers behind."""
    trial = Trial(tmp_path / "data", store=STEADY)
    thread = threading.Thread(target=trial.supervisor.run, args=(trial.asked,))
    thread.start()
    wait_for(lambda: trial.state.phase is Phase.RUNNING)
    store = trial.state.entries["store"].process
    assert store is not None

    shutil.rmtree(tmp_path / "data")
    thread.join(DEADLINE_S)

    assert not thread.is_alive()
    assert not store.is_alive()
    assert "stop while [] run" == trial.stack.calls[-1]
