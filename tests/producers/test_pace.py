"""A backlog goes out some times as fast as it came, and others' changes go between."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import pytest

from dsn_producers import session as forwarding
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.pace import FLOOR_PER_S, TIMES, rest_s
from dsn_producers.session import Session
from dsn_producers.sources import Source
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec
from support.establishment import FakeBroker, FakeIds, message_of, taken_form

BATCH = 50


def test_a_backlog_goes_some_times_as_fast_as_it_came() -> None:
    """A busy source's: a thousand that came within two seconds."""
    assert rest_s(1_000, 2_000) == pytest.approx(2.0 / TIMES)


def test_a_source_that_says_little_is_not_held_back() -> None:
    """A thousand changes of six hours go at the floor."""
    assert rest_s(1_000, 6 * 3600 * 1000) == pytest.approx(1_000 / FLOOR_PER_S)


def test_a_clock_that_was_wrong_does_not_matter() -> None:
    """It went back, or by half a century."""
    assert rest_s(1_000, -5_000) == 0.0
    assert rest_s(1_000, 50 * 365 * 86_400_000) == pytest.approx(1_000 / FLOOR_PER_S)


@dataclass
class Clock:
    """Seconds that pass when they are told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sent(settings: Settings, source: Source, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """How many changes of a backlog of three and a half batches the journal has, after a step."""
    monkeypatch.setattr(forwarding, "ROWS_MAX", BATCH)
    outbox = Outbox(settings, source.name)
    for n in range(BATCH * 7 // 2):
        outbox.take(taken_form(message_of([(str(n % 20), "a", str(n))], str(n)), source))
    outbox.close()
    path = path_of(settings, source.name)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE changes SET captured_at = position % (1 << 40) * 10")
    file = OutboxFile(path, source=source.name, partitions=4)
    broker, codec = FakeBroker(1), Codec(FakeIds())
    session = Session(
        *(file, settings, "dsn.changes.chum", codec, codec.frame_of("RecordChange")),
        broker.client(settings),
        monotonic=clock,
    )

    def step(*, last: bool = False) -> int:
        session.step(last=last)
        records = (codec.decode(value) for log in broker.logs.values() for _, value in log)
        return sum(record.op != "mark" for record in records)

    yield step
    session.end()
    file.close()


def test_each_batch_of_a_backlog_is_followed_by_a_rest(sent, clock) -> None:
    """Changes that came 10 ms apart: 50 of them rest for a twentieth of half a second."""
    rest = BATCH * 0.01 / TIMES
    assert [sent(), sent(), sent()] == [BATCH, BATCH, BATCH]
    clock.now += rest * 0.9
    assert sent() == BATCH
    clock.now += rest * 0.2
    assert [sent(), sent()] == [2 * BATCH, 2 * BATCH]


def test_the_end_of_a_backlog_is_followed_by_none(sent, clock) -> None:
    """What is taken from then on goes at once."""
    for _ in range(3):
        sent()
        clock.now += 1.0

    assert sent() == BATCH * 7 // 2


def test_nothing_rests_when_the_edge_is_to_stop(sent) -> None:
    """It has seconds, and what is not sent waits for the next start."""
    assert [sent(last=True), sent(last=True)] == [BATCH, 2 * BATCH]
