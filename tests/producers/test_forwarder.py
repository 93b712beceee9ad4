"""The forwarder over a journal that fails, repeats and reorders its reports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache

import pytest

from dsn_producers import hearing, marks, restoring, sending
from dsn_producers import session as forwarding
from dsn_producers.errors import OutboxFull
from dsn_producers.forwarder import Forwarder
from dsn_producers.limits import Limits
from dsn_producers.lock import Locked
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.receipts import Word
from dsn_producers.receiving import NotHeard
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.keys import partition_of
from dsn_schemas.records import Receipt, RecordChange, RejectedMessage, ResendRequest, SourceMark
from dsn_schemas.registry import RegistryUnreachable
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec
from support.establishment import (
    FakeBroker,
    FakeFeed,
    FakeIds,
    FakeJournal,
    changes_in,
    message_of,
    taken_form,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries and heartbeats in milliseconds."""
    monkeypatch.setattr("dsn_producers.backoff.FIRST_S", 0.001)
    monkeypatch.setattr("dsn_producers.backoff.LAST_S", 0.005)
    monkeypatch.setattr(marks, "MARK_S_MIN", 0.02)
    monkeypatch.setattr(marks, "MARK_S_MAX", 0.05)
    monkeypatch.setattr(marks, "IDLE_S", 0.3)


def fill(settings: Settings, source: Source, count: int, first: int = 0) -> None:
    """Take ``count`` new changes of 20 records."""
    outbox = Outbox(settings, source.name)
    for n in range(first, first + count):
        outbox.take(taken_form(message_of([(str(n % 20), "a", str(n))], str(n)), source))
    outbox.close()


def start(settings: Settings, source: Source, broker: FakeBroker, **options: object) -> Forwarder:
    """A running forwarder over the double."""
    forwarder = Forwarder(
        settings, source, ids=FakeIds(), journal=broker.client, feed=broker.feed, **options
    )  # type: ignore[arg-type]
    forwarder.start()
    return forwarder


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for 20 s at most."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.02)


def records(broker: FakeBroker, partition: int) -> list[RecordChange]:
    """A partition of the journal, decoded."""
    return [decoded(value) for _, value in list(broker.logs.get(partition, []))]


@cache
def decoded(value: bytes) -> RecordChange:
    """A record of the journal; read once, since tests look again and again."""
    record = Codec(FakeIds()).decode(value)
    assert isinstance(record, RecordChange)
    return record


def first_seen(broker: FakeBroker, partitions: int) -> dict[int, list[int]]:
    """Numbers of each partition in the order of their first copy."""
    return {
        p: list(dict.fromkeys(r.seq for r in records(broker, p) if r.op != "mark"))
        for p in range(partitions)
    }


def marked(broker: FakeBroker, partitions: int) -> list[int]:
    """The highest number that the marks of each partition say."""
    return [
        max((r.seq for r in records(broker, p) if r.op == "mark"), default=-1)
        for p in range(partitions)
    ]


@pytest.mark.parametrize("faults", [0.0, 0.001, 0.02])
@pytest.mark.parametrize("seed", range(3))
def test_everything_arrives_in_order_under_its_numbers(
    settings: Settings, source: Source, seed: int, faults: float
) -> None:
    """Failed is not "not written": copies may come, but first copies are gapless and in order."""
    broker = FakeBroker(seed, faults)
    fill(settings, source, 1200)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [1200] * 4)
    forwarder.stop()

    assert forwarder.failure is None
    assert broker.topics == {"dsn.changes.chum"}
    stored = changes_in(settings, source.name)
    for partition, seqs in first_seen(broker, 4).items():
        expected = [c.seq for c in stored if _partition(c) == partition]
        assert seqs == expected, f"seed {seed}"
    for partition in range(4):
        for key, value in broker.logs[partition]:
            record = decoded(value)
            if record.op != "mark":
                assert record == stored[record.seq - 1]
                assert key == f"{record.authority}|{record.number}".encode()
    if faults == 0:
        assert broker.clients == 1
    elif faults > 0.01:
        assert broker.clients > 1


def _partition(change: RecordChange) -> int:
    return partition_of(f"{change.authority}|{change.number}", 4)


def test_a_mark_claims_no_more_than_its_partition_has(settings: Settings, source: Source) -> None:
    """In front of a mark stands every change it speaks of; ``previous`` is the last of them."""
    broker = FakeBroker(5, 0.002)
    fill(settings, source, 3000)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [3000] * 4)
    forwarder.stop()
    stored = changes_in(settings, source.name)

    for partition in range(4):
        seen: set[int] = set()
        for record in records(broker, partition):
            if record.op != "mark":
                seen.add(record.seq)
                last = record.seq
                continue
            due = {c.seq for c in stored if c.seq <= record.seq and _partition(c) == partition}
            assert due <= seen
            assert record.previous == max(due, default=0)
            assert record.previous in (0, last)


def test_marks_carry_what_the_edge_counted(settings: Settings, source: Source) -> None:
    """Duplicates have no number: the centre learns of them from the marks alone."""
    broker = FakeBroker(1)
    fill(settings, source, 10)
    fill(settings, source, 10)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [10] * 4)
    fill(settings, source, 10)

    def counted() -> tuple[int, int]:
        content = records(broker, 0)[-1].content
        return (content.received, content.duplicate) if isinstance(content, SourceMark) else (0, 0)

    until(lambda: counted() == (30, 20))
    forwarder.stop()
    mark = records(broker, 2)[-1]
    assert (mark.source, mark.section, mark.authority, mark.item) == ("chum-adt", "marks", "", "")
    assert broker.logs[2][-1][0] == b"chum-adt"


def test_a_quiet_source_still_says_that_it_is_there(settings: Settings, source: Source) -> None:
    """Its *as of* moves; a source that never said anything marks number 0."""
    broker = FakeBroker(1)
    forwarder = start(settings, source, broker)
    until(lambda: len(records(broker, 3)) >= 3)
    forwarder.stop()

    assert marked(broker, 4) == [0] * 4
    sent = [r.captured_at for r in records(broker, 3)]
    assert sent == sorted(set(sent))


def test_what_was_confirmed_is_not_sent_again_after_a_restart(
    settings: Settings, source: Source
) -> None:
    """A stopped forwarder has kept how far it was; the next goes on there."""
    broker = FakeBroker(1)
    fill(settings, source, 100)
    for _ in range(3):
        forwarder = start(settings, source, broker)
        until(lambda: marked(broker, 4) == [100] * 4)
        forwarder.stop()

    assert sum(r.op != "mark" for p in range(4) for r in records(broker, p)) == 100


def test_asked_to_it_sends_again_under_the_same_numbers(settings: Settings, source: Source) -> None:
    """What the centre lost comes again byte for byte."""
    broker = FakeBroker(1)
    fill(settings, source, 100)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [100] * 4)
    before = {p: broker.logs.pop(p) for p in range(4)}
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    # Longer than before: what is written comes behind what was confirmed, as in a log that goes on.
    broker.logs = {p: [(b"chum-adt", log[-1][1])] * len(log) for p, log in before.items()}
    sending.ask_resend(file, 1, 0)
    until(lambda: all(len(broker.logs[p]) > 2 * len(before[p]) - 5 for p in range(4)))
    until(lambda: marked(broker, 4) == [100] * 4)
    file.close()
    forwarder.stop()

    for partition in range(4):
        again = dict.fromkeys(v for k, v in broker.logs[partition] if k != b"chum-adt")
        assert list(again) == [v for k, v in before[partition] if k != b"chum-adt"]


def test_an_epoch_is_closed_before_the_next_begins(settings: Settings, source: Source) -> None:
    """The last marks of the old one, then the numbers of the new one, from 1."""
    broker = FakeBroker(1)
    fill(settings, source, 30)
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    file.put_meta("unverified", position_of(1, 30))
    restoring.begin_new_epoch(file, 0)
    fill(settings, source, 30)
    forwarder = start(settings, source, broker)
    until(lambda: file.meta("sent") == position_of(2, 30))
    until(lambda: all(r[-1].epoch == 2 for r in (records(broker, p) for p in range(4))))
    forwarder.stop()
    file.close()

    for partition in range(4):
        epochs = [r.epoch for r in records(broker, partition)]
        assert epochs == sorted(epochs)
        old = [r for r in records(broker, partition) if r.epoch == 1]
        assert old[-1].op == "mark" and old[-1].seq == 30


def test_a_backlog_is_sent_whole_before_the_next_epoch_begins(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks that are due in the middle of it are no end: what waits behind them still goes."""
    monkeypatch.setattr(marks, "MARK_S_MAX", 0.0)
    monkeypatch.setattr(forwarding, "ROWS_MAX", 50)

    class Late(FakeJournal):
        """Reports nothing the first time it is asked."""

        asked = 0

        def poll(self, timeout: float) -> int:
            self.asked += 1
            return super().poll(timeout) if self.asked % 2 == 0 else 0

    broker = FakeBroker(1)
    fill(settings, source, 400)
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    file.put_meta("unverified", position_of(1, 400))
    restoring.begin_new_epoch(file, 0)
    fill(settings, source, 30)
    forwarder = Forwarder(
        settings, source, ids=FakeIds(), journal=lambda _: Late(broker), feed=broker.feed
    )
    forwarder.start()
    until(lambda: file.meta("sent") == position_of(2, 30))
    forwarder.stop()
    file.close()

    sent = [(r.epoch, r.seq) for p in range(4) for r in records(broker, p) if r.op != "mark"]
    assert {1: 400, 2: 30} == {epoch: sum(e == epoch for e, _ in set(sent)) for epoch in (1, 2)}


def test_a_second_forwarder_of_a_source_is_refused(settings: Settings, source: Source) -> None:
    """Two would mix their copies; the lock is given back at the end."""
    broker = FakeBroker(1)
    forwarder = start(settings, source, broker)
    with pytest.raises(Locked, match="another edge"):
        Forwarder(settings, source, ids=FakeIds(), journal=broker.client, feed=broker.feed)
    forwarder.stop()

    again = start(settings, source, broker)
    again.stop()


def test_while_kafka_is_away_nothing_grows(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bounded number waits in memory, the rest on disk; afterwards all of it arrives."""
    monkeypatch.setattr(forwarding, "IN_FLIGHT_MAX", 300)
    monkeypatch.setattr(forwarding, "ROWS_MAX", 100)
    away = threading.Event()
    away.set()
    held: list[int] = []

    class Away(FakeJournal):
        def poll(self, timeout: float) -> int:
            if not away.is_set():
                return super().poll(timeout)
            held.append(len(self._reports))
            time.sleep(min(timeout, 0.01))
            return 0

    broker = FakeBroker(1)
    broker.client = lambda _settings: Away(broker)  # type: ignore[method-assign]
    fill(settings, source, 2000)
    forwarder = start(settings, source, broker)
    until(lambda: len(held) > 50)
    assert max(held) <= 304
    away.clear()
    until(lambda: marked(broker, 4) == [2000] * 4)
    forwarder.stop()


def test_a_client_that_hangs_is_replaced(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No report for too long ends the session, whatever the client believes."""
    monkeypatch.setattr(forwarding, "QUIET_S", 0.05)
    monkeypatch.setattr(forwarding, "STALLED_S", 0.1)
    broker = FakeBroker(1)

    class Deaf(FakeJournal):
        def poll(self, timeout: float) -> int:
            time.sleep(0.005)
            return 0

        def flush(self, timeout: float) -> int:
            return len(self._reports)

    real = broker.client
    clients = iter([Deaf(broker)])
    broker.client = lambda s: next(clients, None) or real(s)  # type: ignore[method-assign]
    fill(settings, source, 50)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [50] * 4)
    forwarder.stop()


def test_without_a_registry_at_the_first_start_it_waits(settings: Settings, source: Source) -> None:
    """Acknowledging needs no schema id; forwarding begins when there is one."""

    class Ids(FakeIds):
        asked = 0

        def id_of(self, name: str) -> int:
            self.asked += 1
            if self.asked < 4:
                raise RegistryUnreachable("not yet")
            return super().id_of(name)

    broker = FakeBroker(1)
    fill(settings, source, 5)
    forwarder = Forwarder(settings, source, ids=Ids(), journal=broker.client, feed=broker.feed)
    forwarder.start()
    until(lambda: marked(broker, 4) == [5] * 4)
    forwarder.stop()


def test_a_full_disk_does_not_stop_what_empties_it(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress that cannot be written costs a resend after a restart, nothing else."""
    from dsn_producers import sending

    def full(*_: object) -> None:
        raise OutboxFull("full")

    monkeypatch.setattr(sending, "mark_sent", full)
    broker = FakeBroker(1)
    fill(settings, source, 50)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [50] * 4)
    forwarder.stop()

    assert forwarder.failure is None


def test_our_own_mistake_ends_the_thread_visibly(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edge sees it and ends, so that the supervisor restarts it."""

    def wrong(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(forwarding, "mark_of", wrong)
    forwarder = start(settings, source, FakeBroker(1))
    until(lambda: not forwarder.alive)

    assert isinstance(forwarder.failure, ZeroDivisionError)


# --- what the centre says, and a journal that is lost ---------------------------------------------


def says(seq: int, *, epoch: int = 1, seen: int = 0, store: str = "s") -> Receipt:
    """A receipt."""
    return Receipt(source="chum-adt", epoch=epoch, seq=seq, at=0, seen=seen, store=store)


def rows(settings: Settings, source: Source) -> int:
    """Changes that the outbox holds."""
    return len(changes_in(settings, source.name))


def told(broker: FakeBroker) -> SourceMark:
    """The newest mark on partition 0."""
    return next(
        content
        for record in reversed(records(broker, 0))
        if isinstance(content := record.content, SourceMark)
    )


def test_a_receipt_frees_what_is_old_enough(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else does; what it does not cover stays."""
    monkeypatch.setattr(hearing, "FREE_S", 0.02)
    monkeypatch.setattr(hearing, "FREE_MAX", 20)
    monkeypatch.setattr(hearing, "_DAY_MS", 1)  # an hour is 42 microseconds
    broker = FakeBroker(1)
    fill(settings, source, 100)
    forwarder = start(settings, source, broker, limits=Limits(outbox_keep_days=1))
    until(lambda: marked(broker, 4) == [100] * 4)
    assert rows(settings, source) == 100
    broker.words.append(says(60))
    until(lambda: rows(settings, source) == 40)
    until(lambda: told(broker).unconfirmed == 40)
    forwarder.stop()

    assert forwarder.failure is None
    assert told(broker).outbox_bytes_max == Limits().outbox_bytes_max


@pytest.mark.parametrize("topic_id", [None, "second"])
def test_a_journal_that_is_lost_gets_everything_again(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch, topic_id: str | None
) -> None:
    """By itself, under the same numbers, whether or not the topic was made anew; once."""
    monkeypatch.setattr(hearing, "TOPIC_S", 0.05)
    broker = FakeBroker(1)
    fill(settings, source, 100)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [100] * 4)
    broker.words.append(says(70))
    broker.lose(topic_id=topic_id)
    fill(settings, source, 20, first=100)
    until(lambda: marked(broker, 4) == [120] * 4)
    until(lambda: sum(len(seqs) for seqs in first_seen(broker, 4).values()) == 120)
    forwarder.stop()

    assert forwarder.failure is None
    stored = changes_in(settings, source.name)
    for partition in range(4):
        # The few that went ahead of the discovery come again in their place.
        seqs = sorted(first_seen(broker, 4)[partition])
        assert seqs == [c.seq for c in stored if _partition(c) == partition]
    copies = sum(r.op != "mark" for p in range(4) for r in records(broker, p))
    assert copies <= 120 + 20


def test_a_journal_lost_while_the_edge_is_down_is_noticed_at_its_start(
    settings: Settings, source: Source
) -> None:
    """The id of the topic and the offsets are kept on disk."""
    broker = FakeBroker(1)
    fill(settings, source, 50)
    for topic_id in ("first", "second"):
        broker.lose(topic_id=topic_id)
        forwarder = start(settings, source, broker)
        until(lambda: marked(broker, 4) == [50] * 4)
        forwarder.stop()

    assert sum(r.op != "mark" for p in range(4) for r in records(broker, p)) == 50


def test_the_centre_asks_and_gets_it(settings: Settings, source: Source) -> None:
    """Everything behind the hole, once."""
    broker = FakeBroker(1)
    fill(settings, source, 60)
    forwarder = start(settings, source, broker)
    until(lambda: marked(broker, 4) == [60] * 4)
    ask = ResendRequest(source="chum-adt", epoch=1, after=40, upto=41, number=1, store="s")
    broker.words += [ask, ask]
    until(lambda: sum(r.op != "mark" for p in range(4) for r in records(broker, p)) >= 80)
    until(lambda: all(r[-1].op == "mark" for r in (records(broker, p) for p in range(4))))
    forwarder.stop()

    again = [r.seq for p in range(4) for r in records(broker, p) if r.op != "mark"]
    assert sorted(again) == sorted([*range(1, 61), *range(41, 61)])


def test_an_explained_hole_is_filled(settings: Settings, source: Source) -> None:
    """In its partition and chain, as a rejected message that carries the operator's reason."""
    broker = FakeBroker(1)
    fill(settings, source, 10)
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    file.run("DELETE FROM changes WHERE position <= (1 << 40) + 5")
    sending.mark_sent(file, position_of(1, 5), {})
    file.close()
    fields = {"fill": True, "reason": "fire", "partition": 2, "store": "s", "number": 1}
    broker.words.append(ResendRequest(source="chum-adt", epoch=1, after=0, upto=5, **fields))  # type: ignore[arg-type]
    forwarder = start(settings, source, broker)
    until(lambda: any(r.section == "rejected" for r in records(broker, 2)))
    until(lambda: marked(broker, 4) == [10] * 4)
    forwarder.stop()

    (filler,) = [r for p in range(4) for r in records(broker, p) if r.section == "rejected"]
    assert (filler.epoch, filler.seq, filler.previous, filler.op) == (1, 5, 0, "upsert")
    assert isinstance(filler.content, RejectedMessage)
    assert filler.content.reason == "number-lost" and filler.content.detail.endswith(": fire")


def test_a_restored_outbox_sends_nothing_under_a_number_that_is_taken(
    settings: Settings, source: Source
) -> None:
    """It hears first; what it took meanwhile goes out in a new epoch, and is acknowledged all along."""
    broker = FakeBroker(1)
    broker.words.append(says(900, seen=1000))
    fill(settings, source, 30)
    forwarder = start(settings, source, broker)
    until(lambda: all(records(broker, p) and records(broker, p)[-1].seq == 30 for p in range(4)))
    forwarder.stop()

    assert forwarder.failure is None
    sent = [r for p in range(4) for r in records(broker, p) if r.op != "mark"]
    assert sorted(r.seq for r in sent) == list(range(1, 31))
    assert {r.epoch for r in sent} == {2}


def test_nothing_is_sent_while_the_centre_cannot_be_heard(
    settings: Settings, source: Source
) -> None:
    """The outbox might be an old copy: hospitals are acknowledged, the journal waits."""
    broker = FakeBroker(1)
    deaf = threading.Event()

    class Feed(FakeFeed):
        def catch_up(self, deadline_s: float) -> list[Word]:
            if not deaf.is_set():
                raise NotHeard("not yet")
            return super().catch_up(deadline_s)

    broker.feed = lambda _, source: Feed(broker, source.name)  # type: ignore[method-assign]
    fill(settings, source, 10)
    forwarder = start(settings, source, broker)
    time.sleep(0.3)
    assert broker.logs == {}
    deaf.set()
    until(lambda: marked(broker, 4) == [10] * 4)
    forwarder.stop()
