"""Processes are told apart by pid and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsn_deploy.process import ProcessIdentity, children

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEPER)
    yield process
    process.kill()
    process.wait()


def identity_of(process: subprocess.Popen[bytes]) -> ProcessIdentity:
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    return identity


def test_living_process_is_alive(sleeper: subprocess.Popen[bytes]) -> None:
    """A process is alive as long as it runs."""
    assert identity_of(sleeper).is_alive()


def test_recycled_pid_is_never_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    """A later holder of the pid is not the process, and no signal reaches it."""
    earlier = replace(identity_of(sleeper), started="some other moment")

    assert not earlier.is_alive()
    assert not earlier.send(signal.SIGKILL)
    assert earlier.stop(deadline_s=1.0)
    assert sleeper.poll() is None


def test_dead_but_unreaped_process_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    """A process that ended is gone even before its parent has noticed."""
    identity = identity_of(sleeper)
    os.kill(sleeper.pid, signal.SIGKILL)

    assert identity.wait(5.0)
    assert ProcessIdentity.of(sleeper.pid) is None


def test_stop_kills_what_does_not_listen() -> None:
    """A process that ignores the request is killed after the deadline."""
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(9)"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()

    clean = identity_of(process).stop(deadline_s=0.2)

    assert not clean
    assert process.wait(5) == -signal.SIGKILL
    process.stdout.close()


def test_children_are_found(sleeper: subprocess.Popen[bytes]) -> None:
    """A parent's children are found without asking the parent."""
    assert identity_of(sleeper) in children(os.getpid())
