"""An epoch that an outbox was lost in ends at what the centre has seen of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dsn_consumers.lanes import Lane
from dsn_producers import receipted, restoring, sending
from dsn_producers.backoff import Backoff
from dsn_producers.hearing import catch_up
from dsn_producers.limits import Limits
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.receipted import End
from dsn_producers.receipts import Finding, end_of
from dsn_producers.session import Session
from dsn_producers.sources import Source
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import Receipt, RecordChange, ResendRequest
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec
from dsn_streams.numbering import SourceProgress
from support.establishment import FakeBroker, FakeIds, changes_in, message_of, taken_form

HELD, LOST, TAKEN = 10, 9, 5
PARTITIONS = 4


def receipt(seq: int, seen: int, epoch: int = 1) -> Receipt:
    return Receipt(source="chum-adt", epoch=epoch, seq=seq, at=0, seen=seen, store="s", issued=1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (receipt(12, 20), 20),
        (receipt(0, 20), 20),
        (receipt(20, 20), None),  # all of it is complete
        (receipt(5, 10), None),  # we have all of it, and our own marks will say so
        (receipt(12, 20, epoch=3), None),  # that is what a new epoch is begun for
        (receipt(12, 20, epoch=4), None),
    ],
)
def test_where_an_epoch_ends(said: Receipt, expected: int | None) -> None:
    """To an outbox in epoch 3 that has ten numbers of the receipt's."""
    assert expected == end_of(said, epoch=3, numbered=10)


def fill(settings: Settings, source: Source, count: int, first: int) -> list[RecordChange]:
    outbox = Outbox(settings, source.name)
    for n in range(first, first + count):
        message = message_of([(str(n % 7), "a", str(n))], str(n))
        outbox.take(taken_form(message, source)).result(20)
    outbox.close()
    return changes_in(settings, source.name)


class Centre:
    """What reads the journal: how far admit and the audit are, by (partition, epoch)."""

    def __init__(self) -> None:
        self.broker = FakeBroker(1)
        self._codec = Codec(FakeIds())

    def put(self, changes: list[RecordChange], partition_by: dict[int, int]) -> None:
        for change in changes:
            log = self.broker.logs.setdefault(partition_by[change.seq], [])
            log.append((b"k", self._codec.encode(change)))

    def complete(self, epoch: int) -> tuple[int, int]:
        """What admit and what the audit say is complete."""
        admits, audits = [], []
        for partition in range(PARTITIONS):
            admit, audit = SourceProgress(), Lane()
            for _, value in self.broker.logs.get(partition, []):
                change = self._codec.decode(value)
                assert isinstance(change, RecordChange)
                if change.epoch != epoch:
                    continue
                if change.op == "mark":
                    admit.mark(change.seq, change.previous, 0)
                    audit.mark(change.seq, change.previous)
                else:
                    admit.take(change.seq, change.previous, 0)
                    audit.change(change.seq, change.previous, rejected=False, captured_at=0)
            admits.append(admit.complete)
            audits.append(audit.complete)
        return min(admits), min(audits)


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def lost(settings: Settings, source: Source, tmp_path) -> Iterator[list[RecordChange]]:
    """Ten changes, copied, nine more that are lost; the copy is put back and five new ones come."""
    fill(settings, source, HELD, 0)
    path, copy = path_of(settings, source.name), tmp_path / "copy"
    file = OutboxFile(path, source=source.name, partitions=PARTITIONS)
    restoring.trust(file)
    file.checkpoint()
    file.close()
    copy.write_bytes(path.read_bytes())
    given = fill(settings, source, LOST, HELD)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(copy.read_bytes())
    fill(settings, source, TAKEN, 50)
    yield given


def forward(settings: Settings, source: Source, centre: Centre) -> OutboxFile:
    """One session of the forwarder, until it has nothing left to do."""
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=PARTITIONS)
    codec, feed = Codec(FakeIds()), centre.broker.feed(settings, source)
    catch_up(file, feed)
    session = Session(
        *(file, settings, "dsn.changes.chum", codec, codec.frame_of("RecordChange")),
        centre.broker.client(settings),
        feed=feed,
        limits=Limits(),
    )
    stopping = threading.Event()
    stopping.set()
    session.run(threading.Event(), stopping, Backoff(), 20)
    # What is published at the very end is kept by the next session.
    for _ in range(3):
        session.step(last=True)
    session.end()
    return file


def begun(settings: Settings, source: Source, said: Receipt) -> None:
    """The centre's word shows it that it was restored."""
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=PARTITIONS)
    assert receipted.take_receipt(file, said) is Finding.RESTORED
    restoring.begin_new_epoch(file, said.epoch)
    file.close()


def lanes(settings: Settings, source: Source, given: list[RecordChange]) -> dict[int, int]:
    return {c.seq: partition_of(record_key(c.authority, c.number), PARTITIONS) for c in given}


def test_what_arrived_is_complete(settings, source, centre, lost) -> None:
    """All the lost outbox gave arrived, but no mark of it: nothing stays behind, in either epoch."""
    centre.put(lost, lanes(settings, source, lost))
    centre.broker.words.append(receipt(HELD, seen=HELD + LOST))
    begun(settings, source, centre.broker.words[-1])

    file = forward(settings, source, centre)

    assert (HELD + LOST, HELD + LOST) == centre.complete(1)
    assert (TAKEN, TAKEN) == centre.complete(2)
    assert [] == receipted.ends(file)
    file.close()


def test_it_is_said_again_when_the_centre_has_seen_more(settings, source, centre, lost) -> None:
    """The audit was behind when the outbox was restored; later it has read all of the old epoch."""
    centre.put(lost, lanes(settings, source, lost))
    centre.broker.words.append(receipt(HELD, seen=HELD + 2))
    begun(settings, source, centre.broker.words[-1])
    forward(settings, source, centre).close()
    assert max(centre.complete(1)) < HELD + LOST

    centre.broker.words.append(receipt(HELD + 2, seen=HELD + LOST))
    forward(settings, source, centre).close()

    assert (HELD + LOST, HELD + LOST) == centre.complete(1)


def test_a_hole_stays_until_it_is_explained(settings, source, centre, lost) -> None:
    """A number that a later one shows to be missing is not passed over; an explanation fills it."""
    place = lanes(settings, source, lost)
    by_lane: dict[int, list[RecordChange]] = {}
    for change in lost[HELD:]:
        by_lane.setdefault(place[change.seq], []).append(change)
    missing = next(found[0] for found in by_lane.values() if len(found) > 1)
    centre.put([c for c in lost if c is not missing], place)
    seen = max(c.seq for c in lost)
    centre.broker.words.append(receipt(HELD, seen=seen))
    begun(settings, source, centre.broker.words[-1])
    forward(settings, source, centre).close()
    assert (missing.previous, missing.previous) == centre.complete(1)

    explained = ResendRequest(
        source="chum-adt",
        epoch=1,
        after=missing.previous,
        upto=missing.seq,
        partition=place[missing.seq],
        fill=True,
        reason="lost with the disk",
        store="s",
        number=1,
        at=0,
    )
    centre.broker.words.append(explained)
    forward(settings, source, centre).close()

    assert (seen, seen) == centre.complete(1)


def test_what_the_copy_holds_is_not_passed_over(settings, source, centre, lost) -> None:
    """Its own rows of the old epoch come first where the journal lacks them, under their numbers."""
    place = lanes(settings, source, lost)
    centre.put(lost[HELD - 4 :], place)
    centre.broker.words.append(receipt(0, seen=HELD + LOST))
    begun(settings, source, centre.broker.words[-1])

    forward(settings, source, centre).close()

    assert (HELD + LOST, HELD + LOST) == centre.complete(1)


def test_a_journal_made_anew_is_told_again(settings, source, centre, lost) -> None:
    """The old one had the end of the epoch; the new one has to hear it, too."""
    centre.put(lost, lanes(settings, source, lost))
    centre.broker.words.append(receipt(HELD, seen=HELD + LOST))
    begun(settings, source, centre.broker.words[-1])
    file = forward(settings, source, centre)

    sending.resend_all(file)

    assert [End(1, HELD + LOST)] == receipted.ends(file)
    file.close()
