"""The outbox's process dies: what was acknowledged is there, and no number is missing or double."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.sources import Source
from dsn_schemas.settings import Settings
from support.establishment import assert_chained, changes_in, message_of, taken_form

#: Statements of the first groups of three messages: each gap between two of them is a crash point.
CRASH_POINTS = range(1, 46)


def _messages() -> list[bytes]:
    """Thirty messages of three changes, one in three saying what was said before."""
    return [
        message_of([(str(n % 7), f"a{k}", str(n // 2)) for k in range(3)], str(n))
        for n in range(30)
    ]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def _die_at_statement(count: int) -> None:
    """From here on, this process is killed in front of its ``count``-th statement that matters."""
    left = [count]

    for name in ("execute", "many", "run"):
        real = getattr(OutboxFile, name)

        def dying(self: OutboxFile, statement: str, *values: object, real=real) -> object:  # type: ignore[no-untyped-def]
            if not statement.startswith("PRAGMA"):
                left[0] -= 1
                if left[0] == 0:
                    _die()
            return real(self, statement, *values)

        setattr(OutboxFile, name, dying)


def _child(settings: Settings, source: Source, die: Callable[[], None]) -> list[int]:
    """Take all messages in a process that dies; returns the indices it acknowledged."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            outbox = Outbox(settings, source.name)
            die()
            futures = []
            for index, data in enumerate(_messages()):
                future = outbox.take(taken_form(data, source))
                future.add_done_callback(lambda _, i=index: os.write(write, bytes([i])))
                futures.append(future)
                if index % 3 == 2:
                    future.result(30)
            outbox.close()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        acknowledged = list(pipe.read())
    os.waitpid(pid, 0)
    return acknowledged


def _assert_kept(settings: Settings, source: Source, acknowledged: list[int]) -> None:
    """What was acknowledged is numbered; the rest is sent again and completes the whole."""
    said = {(c.number, c.item, c.content.code.text) for c in changes_in(settings, source.name)}
    for index in acknowledged:
        for segment in _messages()[index].decode().split("\r")[1:-1]:
            assert tuple(segment.split("|")[1:]) in said
    outbox = Outbox(settings, source.name)
    for data in _messages():
        outbox.take(taken_form(data, source)).result(30)
    counters = outbox.counters()
    outbox.close()
    changes = changes_in(settings, source.name)
    assert_chained(changes, settings.partitions)
    assert counters.numbered == len(changes)
    assert counters.received == counters.numbered + counters.duplicate
    assert len({(c.number, c.item, c.content.code.text) for c in changes}) == len(changes)


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_killed_in_any_gap_nothing_acknowledged_is_lost(
    settings: Settings, source: Source, point: int
) -> None:
    """Before, between and after the statements of a group, its commit included."""
    acknowledged = _child(settings, source, lambda: _die_at_statement(point))

    assert len(acknowledged) < 30
    _assert_kept(settings, source, acknowledged)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_moment_nothing_acknowledged_is_lost(
    settings: Settings, source: Source, seed: int
) -> None:
    """Also between an fsync and the acknowledgement, wherever the clock falls."""
    delay_s = random.Random(seed).uniform(0.0, 0.02)

    def die_later() -> None:
        signal.signal(signal.SIGALRM, lambda *_: _die())
        signal.setitimer(signal.ITIMER_REAL, delay_s + 1e-6)

    _assert_kept(settings, source, _child(settings, source, die_later))
