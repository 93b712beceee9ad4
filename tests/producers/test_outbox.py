"""Numbers, duplicates and refusals of the outbox."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dsn_producers import restoring, sending, taking
from dsn_producers.errors import OutboxClosed, OutboxFull, OutboxUnusable
from dsn_producers.limits import Limits
from dsn_producers.mapping import Unmappable
from dsn_producers.message import Rejection, mapped, rejected
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sources import Source
from dsn_schemas.records import RejectedMessage
from dsn_schemas.settings import Settings
from support.establishment import (
    assert_chained,
    changes_in,
    message_of,
    taken_form,
)

Words = tuple[str, str, str]

words = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "5"]), st.sampled_from("ab"), st.sampled_from("xyz")
)
messages = st.lists(st.lists(words, min_size=1, max_size=4), max_size=30)


@given(given_messages=messages, data=st.data())
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_new_thing_said_gets_the_next_number(
    tmp_path_factory: pytest.TempPathFactory,
    source: Source,
    given_messages: list[list[Words]],
    data: st.DataObject,
) -> None:
    """Whatever is repeated, grouped and restarted: numbers gapless, chains whole, counts exact."""
    settings = Settings(data=tmp_path_factory.mktemp("outbox"))
    outbox = Outbox(settings, source.name)
    waiting = []
    for words_of_one in given_messages:
        waiting.append(outbox.take(taken_form(message_of(words_of_one), source)))
        if data.draw(st.booleans(), label="restart"):
            outbox.close()
            outbox = Outbox(settings, source.name)
    taken = [future.result(10) for future in waiting]
    counters = outbox.counters()
    outbox.close()

    expected, received = _model(given_messages)
    changes = changes_in(settings, source.name)
    said = [(c.number, c.item, c.content.code.text) for c in changes]
    assert said == expected
    assert_chained(changes, settings.partitions)
    assert counters.messages == len(given_messages)
    assert counters.received == received == sum(t.numbered + t.duplicate for t in taken)
    assert counters.numbered == len(expected) == sum(t.numbered for t in taken)
    assert counters.duplicate == received - len(expected)


def _model(given_messages: list[list[Words]]) -> tuple[list[Words], int]:
    """What is numbered, and how many changes are received, in the plainest words."""
    said: dict[tuple[str, str], str] = {}
    taken: set[bytes] = set()
    expected: list[Words] = []
    received = 0
    for words_of_one in given_messages:
        received += len(words_of_one)
        if message_of(words_of_one) in taken:
            continue
        taken.add(message_of(words_of_one))
        for number, name, text in words_of_one:
            if said.get((number, name)) != text:
                expected.append((number, name, text))
                said[number, name] = text
    return expected, received


def test_a_message_taken_twice_counts_as_it_did_the_first_time(
    settings: Settings, source: Source
) -> None:
    """Its changes are received and duplicate once more, though another message came between."""
    outbox = Outbox(settings, source.name)
    first = message_of([("1", "a", "x"), ("1", "b", "x")])
    outbox.take(taken_form(first, source)).result(10)
    outbox.take(taken_form(message_of([("1", "a", "y")]), source)).result(10)
    again = outbox.take(taken_form(first, source)).result(10)
    counters = outbox.counters()
    outbox.close()

    assert (again.numbered, again.duplicate) == (0, 2)
    assert (counters.received, counters.numbered, counters.duplicate) == (5, 3, 2)
    assert changes_in(settings, source.name)[-1].seq == 3


def test_many_senders_share_one_commit(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one group is being committed the next one gathers: few fsyncs serve many messages."""
    sizes: list[int] = []
    real = taking.take
    slow = threading.Event()

    def counted(*args: object) -> list[taking.Taken]:
        slow.wait(10)
        sizes.append(len(args[1]))  # type: ignore[arg-type] # the messages
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(taking, "take", counted)
    outbox = Outbox(settings, source.name)
    futures = [
        outbox.take(taken_form(message_of([(str(n), "a", "x")]), source)) for n in range(300)
    ]
    assert not any(future.done() for future in futures)
    slow.set()
    seqs = [future.result(10).seq for future in futures]
    outbox.close()

    assert seqs == list(range(1, 301))
    assert sum(sizes) == 300 and len(sizes) <= 3


def test_processes_that_take_at_once_share_the_numbers(settings: Settings, source: Source) -> None:
    """The edge and a feed write the same outbox: numbers come from the file, never from memory."""
    outboxes = [Outbox(settings, source.name) for _ in range(3)]
    futures = [
        outbox.take(taken_form(message_of([(str(n), f"i{n}", str(k))], f"{k}-{n}"), source))
        for n in range(100)
        for k, outbox in enumerate(outboxes)
    ]
    for future in futures:
        future.result(20)
    for outbox in outboxes:
        outbox.close()

    changes = changes_in(settings, source.name)
    assert len(changes) == 300
    assert_chained(changes, settings.partitions)


def test_a_rejected_message_is_a_numbered_change(settings: Settings, source: Source) -> None:
    """What cannot be mapped is counted, covered by receipts and kept byte for byte."""
    data = b"MSH|^~\\&|\rZZZ|\xff\x00\r"
    message = taken_form(data, source)
    outbox = Outbox(settings, source.name)
    outbox.take(message).result(10)
    outbox.take(message).result(10)
    counters = outbox.counters()
    outbox.close()

    (change,) = changes_in(settings, source.name)
    assert message.rejection == Rejection(
        refusal="AE", reason="unknown-segment", detail="segment 2 is not ZAL"
    )
    assert (change.authority, change.number, change.section) == ("edge", "chum-adt", "rejected")
    assert isinstance(change.content, RejectedMessage)
    assert change.content.payload == data and change.content.size == len(data)
    assert change.item == change.content.sha256
    assert (counters.received, counters.duplicate, counters.rejected) == (2, 1, 2)


def test_a_rejected_message_is_mapped_once_its_mapper_is_mended(
    settings: Settings, source: Source
) -> None:
    """After a correction of mapping or settings the sender just sends it again; the second number
    says that the refusal is over."""
    data = message_of([("1", "a", "x")])
    refused = rejected(
        data,
        Rejection(refusal="AE", reason="r", detail="d"),
        source=source,
        kind="hl7v2",
        message_id="",
        captured_at=1,
        partitions=4,
    )
    outbox = Outbox(settings, source.name)
    outbox.take(refused).result(10)
    digest = refused.digest
    assert not outbox.seen(digest)
    taken = outbox.take(taken_form(data, source)).result(10)
    assert outbox.seen(digest)
    outbox.close()

    assert (taken.numbered, taken.seq) == (2, 3)
    assert changes_in(settings, source.name)[-1].op == "delete"


def test_a_mappers_mistake_is_kept_and_says_nothing_of_the_message(source: Source) -> None:
    """An exception we did not foresee becomes a rejected message, without its own words."""
    message = taken_form(b"MSH|^~\\&|\rZBUG\r", source)

    assert message.rejection is not None
    assert message.rejection.reason == "mapper-failed"
    assert "anybody" not in message.rejection.detail


def test_a_message_of_which_nothing_is_mapped_is_rejected(source: Source) -> None:
    """Every message has a visible fate."""
    message = taken_form(b"MSH|^~\\&|\r", source)

    assert message.rejection is not None and message.rejection.reason == "nothing-mapped"


def test_a_control_id_that_is_no_text_does_not_stop_a_rejection(source: Source) -> None:
    """Undecodable words of the mapper are left out; the bytes themselves are kept."""

    def mapper(data: bytes, source: Source, captured_at: int) -> object:
        raise Unmappable("r", "d\udcff", message_id="\udcff")

    message = mapped(b"x", source=source, mapper=mapper, kind="hl7v2", captured_at=1, partitions=4)

    assert len(message.changes) == 1


def test_a_message_too_large_for_the_journal_is_kept_at_the_edge(
    settings: Settings, source: Source
) -> None:
    """Byte for byte in the outbox; the journal gets its size and digest."""
    data = b"MSH|^~\\&|\r" + b"x" * (17 * 1024 * 1024)
    message = taken_form(data, source)
    outbox = Outbox(settings, source.name)
    outbox.take(message).result(10)
    outbox.close()

    (change,) = changes_in(settings, source.name)
    assert isinstance(change.content, RejectedMessage)
    assert (change.content.payload, change.content.size) == (b"", len(data))
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    assert file.one("rejected", message.digest) == (data,)
    file.close()


def test_a_quota_refuses_before_anything_is_taken(settings: Settings, source: Source) -> None:
    """A full outbox says so to the sender; what it has stays, and room makes it go on."""
    outbox = Outbox(settings, source.name, limits=Limits(outbox_bytes_max=1024 * 1024))
    big = [message_of([("1", f"a{n}", "x" * 400_000)]) for n in range(4)]
    results = [outbox.take(taken_form(m, source)).exception(10) for m in big]
    outbox.close()

    assert results[:2] == [None, None]
    assert isinstance(results[3], OutboxFull) and results[3].reason == "outbox-full"
    taken = [r for r in results if r is None]
    assert len(changes_in(settings, source.name)) == len(taken)
    outbox = Outbox(settings, source.name)
    assert outbox.take(taken_form(big[3], source)).result(10).seq == len(taken) + 1
    outbox.close()


def test_a_nearly_full_disk_refuses(
    settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite needs room to recover: 95 % is the end, whatever the quota says."""
    disk = SimpleNamespace(f_bavail=4, f_blocks=100, f_frsize=1 << 30)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    outbox = Outbox(settings, source.name)
    error = outbox.take(taken_form(message_of([("1", "a", "x")]), source)).exception(10)
    outbox.close()

    assert isinstance(error, OutboxFull) and "96% full" in str(error)


def test_a_disk_that_fails_refuses_and_the_next_message_goes_on(
    settings: Settings, source: Source
) -> None:
    """SQLITE_FULL inside the transaction leaves nothing and stops nothing."""
    outbox = Outbox(settings, source.name)
    outbox._file.run("PRAGMA max_page_count = 40")
    full = outbox.take(taken_form(message_of([("1", "a", "x" * 500_000)]), source)).exception(10)
    outbox._file.run("PRAGMA max_page_count = 1000000")
    taken = outbox.take(taken_form(message_of([("1", "a", "y")]), source)).result(10)
    outbox.close()

    assert isinstance(full, OutboxFull)
    assert taken.seq == 1


def test_a_closed_outbox_commits_what_it_took_and_refuses_the_rest(
    settings: Settings, source: Source
) -> None:
    """Closing drains."""
    outbox = Outbox(settings, source.name)
    message = taken_form(message_of([("1", "a", "x")]), source)
    futures = [outbox.take(message) for _ in range(1000)]
    outbox.close()

    assert all(future.result(0).seq == 1 for future in futures)
    with pytest.raises(OutboxClosed):
        outbox.take(message)


@pytest.mark.parametrize(
    ("name", "partitions", "said"), [("chum-adt", 8, "partitions"), ("chum-lab", 4, "source")]
)
def test_an_outbox_of_something_else_is_refused(
    settings: Settings, name: str, partitions: int, said: str
) -> None:
    """Numbers belong to a source and its partitions; under others they would be wrong."""
    path = path_of(settings, "chum-adt")
    OutboxFile(path, source="chum-adt", partitions=4).close()

    with pytest.raises(OutboxUnusable, match=f"its {said} is"):
        OutboxFile(path, source=name, partitions=partitions)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """It is named, so that an operator can look at it."""
    path = tmp_path / "x.sqlite3"
    path.write_bytes(b"not a database, but long enough to be looked at " * 100)

    with pytest.raises(OutboxUnusable, match=r"x\.sqlite3 is no outbox"):
        OutboxFile(path, source="chum-adt", partitions=4)


def test_a_deleted_outbox_begins_a_new_epoch(settings: Settings, source: Source) -> None:
    """Beginning at epoch 1 again would make the centre take new changes for repeats."""
    path = path_of(settings, source.name)
    OutboxFile(path, source=source.name, partitions=4).close()
    for file in path.parent.glob("*.sqlite3*"):
        file.unlink()

    again = OutboxFile(path, source=source.name, partitions=4)

    assert 2 == again.epoch
    again.close()


def test_a_new_epoch_numbers_from_one_and_believes_nothing(
    settings: Settings, source: Source
) -> None:
    """A restored outbox may be wrong about what was said last: it says it all again."""
    message = taken_form(message_of([("1", "a", "x")]), source)
    outbox = Outbox(settings, source.name)
    outbox.take(message).result(10)
    outbox.close()
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    file.put_meta("unverified", sending.position_of(1, 1))
    assert (restoring.begin_new_epoch(file, 0), file.epoch) == (0, 2)
    file.close()
    outbox = Outbox(settings, source.name)
    taken = outbox.take(message).result(10)
    outbox.close()

    assert (taken.numbered, taken.epoch, taken.seq) == (1, 2, 1)
    assert [(c.epoch, c.seq, c.previous) for c in changes_in(settings, source.name)] == [
        (1, 1, 0),
        (2, 1, 0),
    ]


def test_going_back_restores_the_ends_of_the_chains(settings: Settings, source: Source) -> None:
    """A mark after a resend must not claim that a partition has what is not sent again yet."""
    outbox = Outbox(settings, source.name)
    for n in range(40):
        outbox.take(taken_form(message_of([(str(n), "a", "x")]), source)).result(10)
    outbox.close()
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    rows = sending.rows_after(file, sending.position_of(1, 0), 100)
    last = {row.partition: row.seq for row in rows}
    before = {row.partition: row.seq for row in rows[:17]}
    sending.mark_sent(file, rows[-1].position, last)
    sending.ask_resend(file, 1, 17)
    assert sending.start_resend(file)
    assert not sending.start_resend(file)
    heads, sent = sending.heads_sent(file, 1), file.meta("sent")
    file.close()

    assert sent == sending.position_of(1, 17)
    assert heads == before and before != last


def test_words_stay_out_of_errors(settings: Settings, source: Source) -> None:
    """A refusal speaks of bytes and disks, never of what the message says."""
    outbox = Outbox(settings, source.name, limits=Limits(outbox_bytes_max=1024 * 1024))
    secret = message_of([("TREMBLAY", "a", "x" * 2_000_000)])
    error = outbox.take(taken_form(secret, source)).exception(10)
    outbox.close()

    assert isinstance(error, OutboxFull) and "TREMBLAY" not in str(error)
