"""What a crashed supervisor left behind is stopped in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dsn_deploy.orphans import sweep
from dsn_deploy.process import ProcessIdentity
from dsn_deploy.statefile import Entry, State, ourselves

GONE = ProcessIdentity(pid=1, started="before the flood")

#: Writes its name to a file when it is told to stop, by whichever signal.
LAST_WORDS = """
import signal, sys, time
def say(*_):
    with open(sys.argv[1], "a") as said: said.write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, say); signal.signal(signal.SIGINT, say)
print(flush=True); time.sleep(60)
"""


def start(name: str, said: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LAST_WORDS, str(said), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_services_stop_before_servers(tmp_path: Path) -> None:
    """A service still needs Kafka while it stops."""
    said = tmp_path / "said"
    processes = {name: start(name, said) for name in ("kafka", "streams")}
    entries = {
        name: Entry(process=ProcessIdentity.of(process.pid)) for name, process in processes.items()
    }

    assert set(sweep(State(owner=GONE, entries=entries))) == {"kafka", "streams"}
    assert said.read_text().split() == ["streams", "kafka"]
    for process in processes.values():
        process.wait(5)


def test_living_owner_is_respected() -> None:
    """As long as the owner lives, its processes are its own business."""
    entries = {"kafka": Entry(process=ourselves())}

    assert sweep(State(owner=ourselves(), entries=entries)) == []


def test_nothing_to_sweep() -> None:
    """No state file, no orphans."""
    assert sweep(None) == []
