"""Which process is it? A pid alone does not say: the kernel gives it to someone else one day.

So a process is a pid *and* the moment the kernel started it. Used by everything that signals a
process it did not start itself in this run, above all by ``dsn down`` after a crash of ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Seconds between two looks at a process that is not our child and cannot be waited for.
LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process, for ever: it is never confused with a later holder of its pid."""

    #: The number the kernel gave.
    pid: int
    #: When the kernel started it, in the kernel's own words; only ever compared for equality.
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process that has this pid now, unless it is gone or only waits to be reaped."""
        started = _started(pid)
        return None if started is None else cls(pid=pid, started=started)

    def is_alive(self) -> bool:
        return _started(self.pid) == self.started

    def send(self, what: signal.Signals) -> bool:
        """Signal this process and no other; False when it is gone.

        1. Take a handle on whoever has the pid.
        2. Check that this is still our process; it cannot change under the handle.
        3. Signal through the handle.
        """
        try:
            handle = os.pidfd_open(self.pid)  # 1
        except ProcessLookupError:
            return False
        except (AttributeError, OSError):  # a kernel before 5.3, or not Linux
            return self.is_alive() and _kill(self.pid, what)
        try:
            if not self.is_alive():  # 2
                return False
            signal.pidfd_send_signal(handle, what)  # 3
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def wait(self, deadline_s: float) -> bool:
        """True once it is gone, False if it still lives after `deadline_s`."""
        end = time.monotonic() + deadline_s
        while self.is_alive():
            if time.monotonic() >= end:
                return False
            time.sleep(LOOK_S)
        return True

    def stop(self, *, what: signal.Signals = signal.SIGTERM, deadline_s: float) -> bool:
        """Ask it to stop, then make it; True if asking was enough."""
        self.send(what)
        if self.wait(deadline_s):
            return True
        self.send(signal.SIGKILL)
        self.wait(5.0)  # a killed process is gone as soon as its memory is given back
        return False


def children(pid: int) -> list[ProcessIdentity]:
    """Direct children of a process, by looking at everybody's parent."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields is not None and fields[1] == str(pid):
            identity = ProcessIdentity.of(int(entry.name))
            if identity is not None:
                found.append(identity)
    return found


def _kill(pid: int, what: signal.Signals) -> bool:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


def _started(pid: int) -> str | None:
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":  # dead already, only its parent does not know yet
        return None
    return f"{_boot()}/{fields[19]}"


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on; the name before may hold spaces and ')'."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return text.rpartition(")")[2].split()


def _started_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    said = ended.stdout.split(None, 1)
    return said[1].strip() if len(said) == 2 and said[0][0] not in "ZX" else None


@cache
def _boot() -> str:
    """Start times count from boot, so two boots may repeat one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
