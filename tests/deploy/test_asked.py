"""Being asked to stop."""

from __future__ import annotations

import os
import signal

import pytest

from dsn_deploy.asked import Asked, StopAsked


def ask(which: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), which)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_asks(which: signal.Signals) -> None:
    """A service manager, Ctrl-C and a closed terminal all ask the same."""
    asked = Asked()
    with asked.listening():
        assert not asked.wait(0)
        ask(which)
        assert asked.wait(1)


def test_waiting_is_interrupted() -> None:
    """What may be cut short is cut short."""
    asked = Asked()
    with asked.listening(), pytest.raises(StopAsked), asked.interruptible():
        ask()


def test_earlier_question_is_not_lost() -> None:
    """Being asked just before an interruptible part counts in it."""
    asked = Asked()
    with asked.listening():
        ask()
        with pytest.raises(StopAsked), asked.interruptible():
            pass


def test_asking_twice_does_not_cut_the_stop() -> None:
    """The second Ctrl-C does not interrupt the cleaning up after the first."""
    cleaned = False
    asked = Asked()
    with asked.listening(), pytest.raises(StopAsked), asked.interruptible():
        try:
            ask()
        finally:
            ask(signal.SIGINT)
            cleaned = True

    assert cleaned


def test_handlers_are_given_back() -> None:
    """Afterwards signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    with Asked().listening():
        pass

    assert signal.getsignal(signal.SIGTERM) == before
