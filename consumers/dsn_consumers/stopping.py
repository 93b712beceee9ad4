"""Stopping on request: SIGTERM and SIGINT ask, the loop finishes what is in hand and returns."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable
from types import FrameType

#: A batch in hand may take this long after a request to stop; then its statement is cancelled.
#: Supervisors wait 10 s before they kill.
DRAIN_S = 7.0

_CHANCE = random.Random()


class Stop:
    """Has anybody asked us to stop?"""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def on_signals(self) -> None:
        """From now on SIGTERM and SIGINT ask. Call from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ask(self) -> None:
        """Ask."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """True once somebody asked."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Pause, shorter when asked meanwhile; True if asked."""
        return self._asked.wait(seconds)

    def after_drain(self, act: Callable[[], None]) -> threading.Thread:
        """Call ``act`` once if somebody asked and ``DRAIN_S`` went by; the thread ends with us."""

        def watch() -> None:
            self._asked.wait()
            if not threading.Event().wait(DRAIN_S):
                act()

        thread = threading.Thread(target=watch, name="drain", daemon=True)
        thread.start()
        return thread

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Only the flag: a handler may run between any two instructions.
        self._asked.set()


class Backoff:
    """Growing pauses with jitter, so that consumers do not come back all at once."""

    #: The first pause, s: a restarted server is back sooner than a second.
    FIRST_S = 0.1
    #: No pause is longer, s: after a long outage work goes on within this time.
    LONGEST_S = 5.0

    def __init__(self) -> None:
        self._pauses = 0

    def reset(self) -> None:
        """The neighbour answered."""
        self._pauses = 0

    @property
    def attempts(self) -> int:
        """How often in a row it did not."""
        return self._pauses

    def next_s(self, jitter: float | None = None) -> float:
        """Length of the next pause; ``jitter`` from 0 to 1 stands for chance in tests."""
        longest = min(self.LONGEST_S, self.FIRST_S * float(1 << min(self._pauses, 16)))
        self._pauses += 1
        chance = _CHANCE.random() if jitter is None else jitter
        return longest * (0.5 + chance / 2)
