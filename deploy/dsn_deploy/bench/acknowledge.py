"""How long a hospital system waits for its acknowledgement over MLLP, at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.load import registration
from dsn_producers.mllp_client import MllpClient
from dsn_producers.sources import Source

#: Connections: a hospital's interface engine has one for each feed, and waits for each answer.
CONNECTIONS = 4


def measure(source: Source, rate: int, seconds: int, say: Callable[[str], object]) -> list[float]:
    """Milliseconds from the first byte sent to the answer read, of each message.

    A connection whose answer is late sends its next message late: the rate is an upper bound.
    Raises ``BenchError`` for any answer but AA, ``NoAnswer``.
    """
    say(f"{rate} messages/s over MLLP for {seconds} s")
    sender = _Sender(source, rate, seconds)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for sent in [pool.submit(sender.send, which) for which in range(CONNECTIONS)]:
            sent.result()
    return sender.waits_ms


class _Sender:
    def __init__(self, source: Source, rate: int, seconds: int) -> None:
        self._source = source
        self._rate = rate
        self._count = rate * seconds
        self._began = time.monotonic()
        self._mutex = threading.Lock()
        self.waits_ms: list[float] = []

    def send(self, which: int) -> None:
        """Send every ``CONNECTIONS``th message at its due time."""
        with MllpClient(self._source.mllp_host, self._source.mllp_port) as client:
            for number in range(which, self._count, CONNECTIONS):
                message = registration(self._source.authority, number)
                time.sleep(max(0.0, self._began + number / self._rate - time.monotonic()))
                self._one(client, message)

    def _one(self, client: MllpClient, message: bytes) -> None:
        began = time.monotonic()
        answer = client.send(message)
        wait_ms = (time.monotonic() - began) * 1000
        if answer.code != "AA":
            raise BenchError(f"the edge answered {answer.code} to a registration")
        with self._mutex:
            self.waits_ms.append(wait_ms)
