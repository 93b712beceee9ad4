"""Was this process asked to stop? SIGTERM, Ctrl-C and a closed terminal all ask the same.

The question waits while something runs that must not be cut in half (starting a child and writing
down its pid), and interrupts what may be (waiting for servers to be ready). Asking twice does
not help: stopping is bounded, and cutting it short would leave servers behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopAsked(BaseException):
    """Raised in the main thread, in interruptible code only."""


class Asked:
    """Whether we were asked to stop; handles the signals while it is entered."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._interruptible = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals set this object, and do nothing else, until the end of the block."""
        before = {which: signal.signal(which, self._receive) for which in SIGNALS}
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within this block being asked raises `StopAsked`, once."""
        self._interruptible = True
        try:
            if self._event.is_set():
                raise StopAsked
            yield
        finally:
            self._interruptible = False

    def wait(self, timeout_s: float) -> bool:
        """Wait for being asked; True if it happened."""
        return self._event.wait(timeout_s)

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()
        if self._interruptible:
            self._interruptible = False
            raise StopAsked
