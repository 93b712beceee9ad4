"""Hospitals that send at a steady pace, whatever happens, and write down what they were told.

One connection for each source: a message is sent again, byte for byte, until it is answered, and
only then comes the next. A message the edge refused because *it* cannot keep anything now is sent
again as well, as an interface engine would.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from dsn_deploy.faults.acklog import REFUSALS, AckLog
from dsn_deploy.faults.hospital import Hospital, Told
from dsn_producers.mllp_client import Answer, MllpClient, NoAnswer

#: An answer takes milliseconds, or the edge is frozen.
ANSWER_S = 8.0
#: Before a message is sent again.
AGAIN_S = 0.2


class SenderThread(threading.Thread):
    """One hospital system."""

    def __init__(self, hospital: Hospital, port: int, log: AckLog, rate: float) -> None:
        super().__init__(name="hospital", daemon=True)
        #: What it tells; its ``poison`` may be changed while it runs.
        self.hospital = hospital
        #: Messages answered with AA.
        self.accepted = 0
        #: Longest a message had to wait for its answer, s.
        self.answer_s_max = 0.0
        self._port = port
        self._log = log
        self._pause_s = 1 / rate
        self._going = threading.Event()
        self._idle = threading.Event()
        self._ended = threading.Event()
        self._idle.set()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with MllpClient("127.0.0.1", self._port, attempts=1, wait_s=ANSWER_S) as client:
                while not self._ended.is_set():
                    if not self._going.wait(0.2):
                        continue
                    self._idle.clear()
                    began = time.monotonic()
                    self._send(client, next(self.hospital))
                    self._idle.set()
                    self._ended.wait(max(0.0, began + self._pause_s - time.monotonic()))
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for us
            self.failure = error
            self._idle.set()

    def resume(self) -> None:
        """Send on."""
        self._going.set()

    def pause(self, deadline_s: float) -> bool:
        """Send no more; True once the last message is answered, False after ``deadline_s``."""
        self._going.clear()
        time.sleep(0.05)  # it may just have looked
        return self._idle.wait(deadline_s)

    def end(self) -> None:
        """Send no more, wait for no answer."""
        self._ended.set()
        self._going.clear()

    def _send(self, client: MllpClient, told: Told) -> None:
        self._log.intend(told)
        began = time.monotonic()
        answer = self._answer(client, told)
        if answer is None:
            return
        self.answer_s_max = max(self.answer_s_max, time.monotonic() - began)
        self._log.answered(told, answer.code, answer.text)
        self.accepted += answer.code == "AA"

    def _answer(self, client: MllpClient, told: Told) -> Answer | None:
        """What the edge says of it in the end; None when we were ended before."""
        while not self._ended.is_set():
            try:
                answer = client.send(told.data)
            except NoAnswer:
                self._ended.wait(AGAIN_S)
                continue
            if answer.code != "AA" and answer.text.startswith(REFUSALS):
                self._ended.wait(AGAIN_S)
                continue
            return answer
        return None


class Senders:
    """Every hospital of a run."""

    def __init__(
        self, hospitals: Mapping[str, Hospital], ports: Mapping[str, int], log: AckLog, rate: float
    ) -> None:
        """``rate``: messages a second of each source."""
        self.threads = {
            source: SenderThread(hospital, ports[source], log, rate)
            for source, hospital in hospitals.items()
        }

    def start(self) -> None:
        """Begin to send."""
        for thread in self.threads.values():
            thread.resume()
            thread.start()

    def resume(self) -> None:
        """Send on."""
        for thread in self.threads.values():
            thread.resume()

    def pause(self, deadline_s: float) -> list[str]:
        """Send no more; the sources whose last message has no answer after ``deadline_s``."""
        end = time.monotonic() + deadline_s
        waiting = []
        for source, thread in self.threads.items():
            if not thread.pause(max(0.1, end - time.monotonic())):
                waiting.append(source)
            if thread.failure is not None:
                raise thread.failure
        return waiting

    def end(self) -> None:
        """End all of them."""
        for thread in self.threads.values():
            thread.end()
        for thread in self.threads.values():
            if thread.is_alive():
                thread.join(ANSWER_S + 1)

    @property
    def accepted(self) -> int:
        """Messages answered with AA."""
        return sum(thread.accepted for thread in self.threads.values())
