"""What Kafka, PostgreSQL and the registry have in common: made ready once, probed, waited for."""

from __future__ import annotations

import socket
import time

from dsn_deploy.child import Child
from dsn_deploy.logs import tail
from dsn_deploy.stack.errors import NotReady

#: Between two probes; small beside a start (1 to 9 s), large beside a probe (1 ms).
PROBE_EVERY_S = 0.1

#: A start takes 1 to 9 s alone on a machine; on a crowded one it took six times as long.
READY_S = 90.0


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

    def wait_ready(self, deadline_s: float = READY_S) -> None:
        """Return once it serves; raise `NotReady` if it died or the deadline passed."""
        end = time.monotonic() + deadline_s
        while not self.probe():
            if not self.is_alive():
                raise self._not_ready(f"ended with exit code {self.exit_code}")
            if time.monotonic() >= end:
                raise self._not_ready(f"did not answer within {deadline_s:g} s")
            time.sleep(PROBE_EVERY_S)

    def _not_ready(self, why: str) -> NotReady:
        return NotReady(self.name, why, self.log, tail(self.log))


def accepts(port: int) -> bool:
    """Does anyone listen on this loopback port?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True
