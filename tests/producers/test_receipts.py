"""What the centre's words do to an outbox: covered, freed, sent again, filled, begun anew."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsn_producers import hearing, receipted, restoring, sending
from dsn_producers.errors import JournalLost
from dsn_producers.journal_ends import JournalEnds
from dsn_producers.lock import Lock, forwarder_lock
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.receipted import Served
from dsn_producers.receipts import Finding, Known, judge, latest
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import Receipt, ResendRequest
from dsn_schemas.settings import Settings
from support.establishment import (
    FakeBroker,
    FakeRecord,
    assert_chained,
    changes_in,
    message_of,
    taken_form,
)


def receipt(seq: int, *, epoch: int = 1, seen: int = 0, store: str = "s") -> Receipt:
    return Receipt(source="chum-adt", epoch=epoch, seq=seq, at=0, seen=seen, store=store)


def request(number: int, after: int, upto: int = 0, **fields: object) -> ResendRequest:
    values = {"epoch": 1, "store": "s", **fields}
    return ResendRequest(source="chum-adt", after=after, upto=upto, number=number, **values)  # type: ignore[arg-type]


def fill(settings: Settings, source: Source, count: int, first: int = 0) -> None:
    """Take new changes, one message each, at instants that count up from 1000 ms."""
    clock = iter(range(1000 + first, 1_000_000))
    outbox = Outbox(settings, source.name, clock=lambda: next(clock))
    for n in range(first, first + count):
        outbox.take(taken_form(message_of([(str(n % 7), "a", str(n))]), source)).result(10)
    outbox.close()


@pytest.fixture
def file(settings: Settings, source: Source) -> Iterator[OutboxFile]:
    """An outbox of ten changes, all sent, which the centre knows to be ours."""
    fill(settings, source, 10)
    opened = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    sending.mark_sent(opened, position_of(1, 10), {})
    restoring.trust(opened)
    yield opened
    opened.close()


def held(file: OutboxFile) -> list[tuple[int, int]]:
    """(epoch, seq) of every row."""
    found = []
    for epoch in range(1, file.epoch + 1):
        rows = sending.rows_after(file, position_of(epoch, 0), 1000)
        found += [(epoch, row.seq) for row in rows]
    return found


def test_whoever_takes_beside_a_forwarder_doubts_nothing(
    file: OutboxFile, settings: Settings, source: Source
) -> None:
    """What a feed takes is sent by another process, and known before it is marked as sent."""
    forwarding = Lock(forwarder_lock(file.path))
    fill(settings, source, 5, first=10)
    assert sending.position_of(1, 10) == file.meta("sent")

    assert Finding.COVERS is receipted.take_receipt(file, receipt(10, seen=15))

    forwarding.release()
    fill(settings, source, 5, first=15)
    assert Finding.RESTORED is receipted.take_receipt(file, receipt(10, seen=20))


# --- what a receipt shows ------------------------------------------------------------------------

KNOWN = Known(seq=5, store="s")


@pytest.mark.parametrize(
    ("known", "said", "expected"),
    [
        (None, receipt(10), Finding.COVERS),
        (KNOWN, receipt(5), Finding.COVERS),
        (KNOWN, receipt(7, seen=10), Finding.COVERS),
        (KNOWN, receipt(7, store="t"), Finding.COVERS),
        (KNOWN, receipt(4), Finding.LOWER),
        (KNOWN, receipt(4, store="t"), Finding.NEW_STORE),
        (KNOWN, receipt(0, store="s:2"), Finding.NEW_STORE),
        (Known(seq=5, store=""), receipt(0, store="t"), Finding.LOWER),
        (KNOWN, receipt(11), Finding.RESTORED),
        (None, receipt(3, seen=11), Finding.RESTORED),
        (None, receipt(0, epoch=2), Finding.RESTORED),
    ],
)
def test_what_a_receipt_shows(known: Known | None, said: Receipt, expected: Finding) -> None:
    """To an outbox that has given ten numbers in epoch 1."""
    assert expected is judge(known, said, epoch=1, numbered=10)


def test_an_old_epoch_may_be_longer_at_the_centre() -> None:
    """An outbox that began a new epoch because it was restored knows less of the one before."""
    assert Finding.COVERS is judge(None, receipt(99, seen=99), epoch=2, numbered=3)


def test_at_a_start_only_the_last_word_counts() -> None:
    """Of another source nothing, of each epoch the last receipt; all requests, in order."""
    other = Receipt(source="other", epoch=1, seq=1, at=0)
    words = [receipt(9), other, request(1, 0), receipt(1, epoch=2), receipt(4), request(2, 3)]

    assert latest(words, "chum-adt") == [
        receipt(4),
        receipt(1, epoch=2),
        request(1, 0),
        request(2, 3),
    ]


def test_what_was_ever_seen_stands() -> None:
    """A standby that lags took over and knows less; a restored outbox must not believe it alone."""
    words = [receipt(4, seen=9), receipt(2, seen=3, store="standby")]

    (word,) = latest(words, "chum-adt")

    assert word == receipt(2, seen=9, store="standby")
    assert Finding.RESTORED is judge(None, word, epoch=1, numbered=5)


# --- freeing -------------------------------------------------------------------------------------


def test_rows_stay_until_sent_covered_and_old(file: OutboxFile) -> None:
    """Each of the three alone frees nothing, and never more than asked for at a time."""
    assert receipted.free(file, 10_000, 100) == 0

    receipted.take_receipt(file, receipt(6))

    assert receipted.free(file, 1000, 100) == 0
    assert receipted.free(file, 1003, 100) == 3
    assert receipted.free(file, 10_000, 2) == 2
    assert receipted.free(file, 10_000, 100) == 1
    assert [seq for _, seq in held(file)] == [7, 8, 9, 10]


def test_a_receipt_of_a_later_epoch_frees_nothing_of_an_earlier_one(
    settings: Settings, source: Source, file: OutboxFile
) -> None:
    """What the centre has of the new numbers says nothing of the old ones."""
    restoring.begin_new_epoch(file, 0)
    fill(settings, source, 3, first=100)
    sending.mark_sent(file, position_of(2, 3), {})
    receipted.take_receipt(file, receipt(4))
    receipted.take_receipt(file, receipt(3, epoch=2))

    assert receipted.free(file, 10_000, 100) == 7
    assert held(file) == [(1, n) for n in range(5, 11)]
    assert receipted.unconfirmed(file).changes == 6


def test_what_was_freed_is_still_known(
    settings: Settings, source: Source, file: OutboxFile
) -> None:
    """Twice is once, also when the first copy is gone from here."""
    receipted.take_receipt(file, receipt(10))
    receipted.free(file, 10_000, 100)
    assert held(file) == []
    fill(settings, source, 10)

    assert file.counters(1).numbered == 10
    assert file.counters(1).duplicate == 10


def test_what_no_receipt_covers_has_a_number_and_an_age(file: OutboxFile) -> None:
    """Both are what an alarm is made of."""
    assert receipted.unconfirmed(file) == receipted.Unconfirmed(changes=10, since=1000)
    receipted.take_receipt(file, receipt(6))
    assert receipted.unconfirmed(file) == receipted.Unconfirmed(changes=4, since=1006)
    receipted.take_receipt(file, receipt(10))
    assert receipted.unconfirmed(file) == receipted.Unconfirmed(changes=0, since=0)


# --- sending again -------------------------------------------------------------------------------


def test_a_new_store_that_has_less_gets_the_rest(file: OutboxFile) -> None:
    """From what it has on, but not from what is not here any more; a store that only fell back
    under its own name is no reason: the journal has it."""
    receipted.take_receipt(file, receipt(8))
    receipted.free(file, 1003, 100)
    assert receipted.take_receipt(file, receipt(7)) is Finding.LOWER
    assert file.meta("resend", -1) == -1
    assert receipted.take_receipt(file, receipt(2, store="t")) is Finding.NEW_STORE
    assert file.meta("resend") == position_of(1, 3)
    assert receipted.free(file, 10_000, 100) == 0


def test_a_request_is_served_once(file: OutboxFile) -> None:
    """The topic keeps it, and it is read again at each start; another store counts anew."""
    assert receipted.serve(file, request(7, 4)) is Served.RESENT
    assert file.meta("resend") == position_of(1, 4)
    sending.start_resend(file)

    assert receipted.serve(file, request(7, 4)) is Served.NOTHING
    assert receipted.serve(file, request(6, 4)) is Served.NOTHING
    assert receipted.serve(file, request(1, 2, store="t")) is Served.RESENT
    assert file.meta("resend") == position_of(1, 2)


def test_two_requests_go_back_to_the_lower(file: OutboxFile) -> None:
    """Before the first is begun, the second may not narrow it."""
    receipted.serve(file, request(1, 3))
    receipted.serve(file, request(2, 8))

    assert file.meta("resend") == position_of(1, 3)


def test_a_hole_is_filled_only_when_explained_and_nothing_of_it_is_held(file: OutboxFile) -> None:
    """Rows come first: a reason must not stand in the place of a change that is there."""
    receipted.take_receipt(file, receipt(6))
    receipted.free(file, 10_000, 100)
    row = sending.rows_after(file, position_of(1, 0), 1)[0]
    hole = {"partition": row.partition, "fill": True, "reason": "fire"}

    assert receipted.serve(file, request(1, 0, row.seq, **hole)) is Served.RESENT
    assert receipted.serve(file, request(2, 0, 6, partition=row.partition)) is Served.GONE
    assert receipted.serve(file, request(3, 0, 6, **hole)) is Served.FILLED
    assert receipted.fills(file) == [(1, row.partition, 0, 6, "fire")]

    receipted.filled(file, receipted.fills(file))

    assert receipted.fills(file) == []


def test_a_lost_journal_gets_everything_that_is_held(file: OutboxFile) -> None:
    """From the first row on, whatever a receipt covers; its offsets are forgotten with it."""
    sending.mark_sent(file, position_of(1, 10), {}, {0: 55})
    receipted.take_receipt(file, receipt(6))
    receipted.free(file, 1004, 100)

    assert sending.resend_all(file, "other") == 6
    assert sending.start_resend(file)
    assert file.meta("sent") == position_of(1, 4)
    assert sending.journal_ends(file) == {}
    assert receipted.take_receipt(file, receipt(0, store="new")) is Finding.LOWER
    assert file.one("meta", "topic_id") == ("other",)


def test_offsets_that_went_back_mean_that_the_journal_did() -> None:
    """In any order of reports: what counts is what was confirmed when the record was produced."""
    ends = JournalEnds({0: 10})
    ends.reached(FakeRecord(0, 12), ends.known(0))
    ends.reached(FakeRecord(0, 11), 10)
    ends.reached(FakeRecord(1, 0), ends.known(1))
    ends.reached(FakeRecord(0, -1), ends.known(0))
    ends.reached(None, ends.known(0))
    assert ends.lost is None
    assert ends.moved() == {0: 12, 1: 0}

    ends.reached(FakeRecord(0, 12), ends.known(0))

    assert ends.lost is not None and "partition 0" in ends.lost


# --- an outbox that was lost or restored ----------------------------------------------------------


def restored(settings: Settings, source: Source, tmp_path: Path) -> OutboxFile:
    """Ten changes, copied; ten more, lost; the copy put back, and five new ones taken."""
    fill(settings, source, 10)
    path = path_of(settings, source.name)
    copy = tmp_path / "copy"
    with sqlite3.connect(path) as one, sqlite3.connect(copy) as other:
        one.backup(other)
    one.close()
    other.close()
    fill(settings, source, 10, first=10)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    copy.rename(path)
    file = OutboxFile(path, source=source.name, partitions=4)
    restoring.trust(file)  # as it was when it was copied
    fill(settings, source, 5, first=50)
    return file


def test_a_restored_outbox_that_gave_as_many_numbers_again_is_noticed(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    """The centre cannot know what was taken since the file was opened: those numbers are others'."""
    file = restored(settings, source, tmp_path)
    since = file.meta("unverified") - position_of(file.epoch, 0)
    numbered = file.counters(file.epoch).numbered

    assert since < numbered
    assert receipted.take_receipt(file, receipt(numbered, seen=numbered)) is Finding.RESTORED
    file.close()


def test_a_restored_outbox_moves_what_it_took_to_a_new_epoch(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    """What it took before it was copied keeps its numbers; nothing is lost, chains stay whole."""
    file = restored(settings, source, tmp_path)
    assert receipted.take_receipt(file, receipt(18, seen=20)) is Finding.RESTORED
    assert restoring.begin_new_epoch(file, 1) == 5
    counters = [file.counters(epoch) for epoch in (1, 2)]
    heads = dict(file.all("heads", 1))
    file.close()

    changes = changes_in(settings, source.name)
    old, new = changes[:10], changes[10:]
    assert_chained(old, 4)
    assert_chained(new, 4)
    assert [(c.epoch, c.number) for c in new] == [(2, str(n % 7)) for n in range(50, 55)]
    assert [(c.received, c.numbered) for c in counters] == [(10, 10), (5, 5)]
    ends: dict[int, int] = {}
    for change in old:
        ends[partition_of(record_key(change.authority, change.number), 4)] = change.seq
    assert {p: seq for p, seq in heads.items() if seq} == ends


def test_a_lost_folder_goes_above_every_epoch_the_centre_knows(
    settings: Settings, source: Source
) -> None:
    """Nothing beside the outbox tells it; the centre does."""
    fill(settings, source, 3)
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    assert receipted.take_receipt(file, receipt(70, epoch=4)) is Finding.RESTORED
    assert restoring.begin_new_epoch(file, 4) == 3

    assert (file.epoch, held(file)[0]) == (5, (5, 1))
    assert receipted.take_receipt(file, receipt(70, epoch=4)) is Finding.COVERS
    file.close()


@pytest.mark.parametrize("point", range(0, 40, 2))
def test_killed_while_it_begins_a_new_epoch_it_loses_nothing(
    settings: Settings, source: Source, tmp_path: Path, point: int
) -> None:
    """Before, between and after its statements: all of it happened or none; again completes it."""
    file = restored(settings, source, tmp_path)
    file.close()
    path = path_of(settings, source.name)
    pid = os.fork()
    if pid == 0:
        try:
            dying = OutboxFile(path, source=source.name, partitions=4)
            left = iter(range(point))

            def die(_: str) -> None:
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)

            dying._db.set_trace_callback(die)
            restoring.begin_new_epoch(dying, 1)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    file = OutboxFile(path, source=source.name, partitions=4)
    if file.epoch == 1:
        restoring.begin_new_epoch(file, 1)
    epoch = file.epoch
    file.close()

    changes = changes_in(settings, source.name)
    assert [c.number for c in changes[10:]] == [str(n % 7) for n in range(50, 55)]
    assert {c.epoch for c in changes[10:]} == {epoch} and epoch > 1
    assert_chained(changes[:10], 4)
    assert_chained(changes[10:], 4)


@pytest.mark.parametrize("step", ["_serve", "check_journal", "trust"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_while_it_catches_up_it_goes_back_all_the_same(
    file: OutboxFile, source: Source, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    """A request and a journal made anew: whatever it died of, the next start knows of both."""
    broker = FakeBroker(1)
    broker.topic_id = "second"
    broker.words = [request(1, 4)]
    file.put_meta("topic_id", "first")
    place = restoring if step == "trust" else hearing
    real = getattr(place, step)

    class Died(BaseException):
        """The process."""

    def dying(*arguments: object) -> None:
        if when == "after":
            real(*arguments)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(place, step, dying)
        with pytest.raises((Died, JournalLost)):
            hearing.catch_up(file, broker.feed(None, source))
    with contextlib.suppress(JournalLost):
        hearing.catch_up(file, broker.feed(None, source))
    hearing.catch_up(file, broker.feed(None, source))

    assert file.meta("resend") == position_of(1, 0)
    assert file.one("meta", "topic_id") == ("second",)
    assert file.meta("asked") == 1
