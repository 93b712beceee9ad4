"""An MLLP sender, as a hospital's interface engine is one: for the demo, the tests and a trial.

It sends a message until it is answered, for a bounded number of times; a message whose answer was
lost is sent again byte for byte, which an edge counts as a duplicate.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dsn_producers.ack import header_of
from dsn_producers.backoff import Backoff
from dsn_producers.errors import EdgeError
from dsn_producers.framing import CARRIAGE_RETURN, END, START, Frame, Framer

_ANSWER_BYTES_MAX = 1024 * 1024


class NoAnswer(EdgeError):
    """The listener gave no acknowledgement, after every attempt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement."""

    #: AA, AE, AR, or empty when there is no MSA.
    code: str
    #: MSA-2: the message it answers.
    control_id: str
    #: MSA-3.
    text: str
    #: The whole of it.
    data: bytes


class MllpClient:
    """One connection; opened when needed and again after it broke."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        attempts: int = 5,
        wait_s: float = 30,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = (host, port)
        self._attempts = attempts
        self._wait_s = wait_s
        self._tls = tls
        self._sleep = sleep
        self._socket: socket.socket | None = None
        self._framer = Framer(_ANSWER_BYTES_MAX)
        self._answers: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._framer = Framer(_ANSWER_BYTES_MAX)
        self._answers.clear()

    def send(self, message: bytes) -> Answer:
        """Send a message and wait for its answer. Raises ``NoAnswer``."""
        backoff = Backoff()
        while True:
            try:
                self.send_raw(START + message + END + CARRIAGE_RETURN)
                return self.receive()
            except OSError as error:
                self.close()
                if backoff.attempts + 1 >= self._attempts:
                    host, port = self._address
                    raise NoAnswer(
                        f"{host}:{port} gave no answer in {self._attempts} attempts ({error})"
                    ) from error
                self._sleep(backoff.next_delay_s())

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are. Raises ``OSError``."""
        self._connected().sendall(data)

    def receive(self) -> Answer:
        """The next answer. Raises ``OSError`` when the connection ends or is silent."""
        connection = self._connected()
        while not self._answers:
            data = connection.recv(65536)
            if not data:
                raise ConnectionResetError("closed before the answer")
            self._answers += [e.data for e in self._framer.feed(data) if isinstance(e, Frame)]
        return answer_of(self._answers.pop(0))

    def _connected(self) -> socket.socket:
        if self._socket is None:
            plain = socket.create_connection(self._address, timeout=self._wait_s)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            host = self._address[0]
            wrap = self._tls
            self._socket = wrap.wrap_socket(plain, server_hostname=host) if wrap else plain
        return self._socket


def answer_of(data: bytes) -> Answer:
    """What an acknowledgement says."""
    separator = header_of(data).separator
    fields = [b"", b"", b"", b""]
    for segment in data.split(b"\r"):
        if segment.startswith(b"MSA" + separator):
            fields = [*segment.split(separator), *fields]
            break
    code, control_id, text = (field.decode("latin-1") for field in fields[1:4])
    return Answer(code, control_id, text, data)
