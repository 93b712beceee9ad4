"""What Kafka, PostgreSQL and the registry have in common: made ready once, probed, waited for."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Sequence

from dsn_deploy.child import Child
from dsn_deploy.errors import NotReady
from dsn_deploy.logs import tail
from dsn_deploy.user import spawn_options

#: Between two probes; small beside a start (1 to 9 s), large beside a probe (1 ms).
PROBE_EVERY_S = 0.1

#: A start takes 1 to 9 s alone on a machine; on two cores with a load of 12 it took 50 s.
READY_S = 150.0


class Server(Child):
    """A server on loopback, with a folder of its own and a question that tells if it answers."""

    def prepare(self) -> None:
        """Write what it needs before it can start; does nothing the second time."""
        raise NotImplementedError

    def probe(self) -> bool:
        """Does it serve its clients? Answers within a second or two, never raises."""
        raise NotImplementedError

    def start(self) -> None:
        """Prepare and start it; `wait_ready` waits for it to serve."""
        if not self.is_alive():
            self.prepare()
            super().start()

    def wait_ready(
        self, deadline_s: float = READY_S, *, abandoned: threading.Event | None = None
    ) -> None:
        """Return once it serves; raise `NotReady` if it died, or the deadline passed.

        Setting `abandoned` ends the wait at once, for a person who pressed Ctrl-C.
        """
        end = time.monotonic() + deadline_s
        while not self.probe():
            if abandoned is not None and abandoned.is_set():
                raise self._not_ready("was given up")
            if not self.is_alive():
                raise self._not_ready(f"ended with exit code {self.exit_code}")
            if time.monotonic() >= end:
                raise self._not_ready(f"did not answer within {deadline_s:g} s")
            time.sleep(PROBE_EVERY_S)

    def _run_once(self, command: Sequence[str], what: str, deadline_s: float) -> None:
        """Run a program of this server's to its end; raise `NotReady` with its words if it fails.

        Its output goes to a file and not to a pipe, which a process it left behind would keep open.
        """
        log = self.log.with_suffix(".once")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            try:
                code = subprocess.call(
                    command,
                    env=dict(self.environment()),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    timeout=deadline_s,
                    **spawn_options(self.user()),
                )
            except subprocess.TimeoutExpired:
                code = None
        if code != 0:
            why = f"within {deadline_s:g} s" if code is None else f"(exit code {code})"
            raise NotReady(self.name, f"could not {what} {why}", log, tail(log))
        log.unlink()

    def _not_ready(self, why: str) -> NotReady:
        return NotReady(self.name, why, self.log, tail(self.log))


def accepts(port: int) -> bool:
    """Does anyone listen on this loopback port?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True
