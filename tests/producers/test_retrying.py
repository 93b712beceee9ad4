"""Refused messages, mapped again after a fix: each takes the place it was refused at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dsn_producers import receipted, retrying, taking
from dsn_producers.limits import Limits
from dsn_producers.mapping import Mapped, Mapper
from dsn_producers.message import Message, Rejection, rejected
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.refused import bytes_of, refused
from dsn_producers.retrying import Retried, retry, waiting
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.records import Alert, Receipt, RejectedMessage, RetryRequest
from dsn_schemas.settings import Settings
from support.establishment import changes_in, map_words, message_of, taken_form

NOW = 1_800_000_000_000


def broken(words: list[tuple[str, str, str]], control_id: str = "1") -> bytes:
    """A message that only the mended mapper understands."""
    return message_of(words, control_id) + b"ZNEW|mended\r"


def mended(data: bytes, source: Source, captured_at: int) -> Mapped:
    """``map_words`` after the fix."""
    return map_words(data.replace(b"ZNEW|mended\r", b""), source, captured_at)


def mapper_of(_: object) -> Mapper:
    return mended


@pytest.fixture
def outbox(settings: Settings, source: Source) -> OutboxFile:
    return OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)


def take(outbox: OutboxFile, source: Source, data: bytes) -> taking.Taken:
    known = taking.seen(outbox, taken_form(data, source).digest)
    message = taken_form(data, source)
    return taking.take(outbox, [replace(message, seen=known)], NOW)[0]


def retry_all(settings: Settings, source: Source, *, dry_run: bool = False) -> list[Retried]:
    return list(retry(settings, source, dry_run=dry_run, rate=100_000, mapper_of=mapper_of))


def said(settings: Settings, source: Source) -> dict[tuple[str, str], str]:
    """What stands for each item, by number alone, as every fold of the journal has it."""
    found = {}
    for change in changes_in(settings, source.name):
        if isinstance(change.content, Alert):
            found[change.number, change.item] = change.content.code.text
    return found


def test_a_retried_message_is_numbered_and_its_refusal_is_over(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """The journal says both: what the message says, and that it is rejected no longer."""
    data = broken([("1", "a", "x"), ("1", "b", "y")])
    take(outbox, source, data)
    (first,) = waiting(settings, source.name)
    assert bytes_of(outbox, first) == data

    (told,) = retry_all(settings, source)

    assert (told.accepted, told.numbered, told.passed_over) == (True, 2, 0)
    assert waiting(settings, source.name) == []
    rejected, *changes, over = changes_in(settings, source.name)
    assert [(c.section, c.seq) for c in changes] == [("alerts", 2), ("alerts", 3)]
    assert (over.section, over.op, over.item) == ("rejected", "delete", rejected.item)
    counters = outbox.counters(outbox.epoch)
    assert counters.received == counters.numbered + counters.duplicate == 4
    assert take(outbox, source, data).numbered == 0, "twice is once"


def test_an_old_message_never_overtakes_a_newer_one(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """What was said of an item after the refusal stands, though it said nothing new then."""
    take(outbox, source, message_of([("1", "a", "old"), ("1", "b", "old")], "1"))
    take(outbox, source, broken([("1", "a", "bad"), ("1", "b", "bad"), ("1", "c", "bad")], "2"))
    newer = take(outbox, source, message_of([("1", "a", "old"), ("1", "b", "new")], "3"))
    assert (newer.numbered, newer.duplicate) == (1, 1), "later changes are not blocked"

    (would,) = retry_all(settings, source, dry_run=True)
    (told,) = retry_all(settings, source)

    assert (would.numbered, would.passed_over) == (told.numbered, told.passed_over) == (1, 2)
    assert said(settings, source) == {("1", "a"): "old", ("1", "b"): "new", ("1", "c"): "bad"}


Step = tuple[str, str, bool]
steps = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.booleans()), max_size=12
)


@given(given_steps=steps, data=st.data())
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_after_every_retry_it_is_as_if_nothing_had_been_refused(
    tmp_path_factory: pytest.TempPathFactory,
    source: Source,
    given_steps: list[Step],
    data: st.DataObject,
) -> None:
    """Whatever is refused, in whatever order it is retried, beside whatever comes meanwhile."""
    settings = Settings(data=tmp_path_factory.mktemp("outbox"))
    outbox = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    expected = {}
    for number, (name, text, is_broken) in enumerate(given_steps):
        words = [("1", name, text)]
        make = broken if is_broken else message_of
        take(outbox, source, make(words, str(number)))
        expected["1", name] = text
        if data.draw(st.booleans(), label="retry some"):
            held = [one.digest.hex() for one in refused(outbox)]
            some = data.draw(st.permutations(held))[: data.draw(st.integers(0, 2))]
            for one in some:
                list(
                    retry(
                        settings,
                        source,
                        messages=[one],
                        dry_run=False,
                        rate=100_000,
                        mapper_of=mapper_of,
                    )
                )
    held = data.draw(st.permutations([one.digest.hex() for one in refused(outbox)]))
    for one in held:
        list(
            retry(
                settings, source, messages=[one], dry_run=False, rate=100_000, mapper_of=mapper_of
            )
        )
    outbox.close()

    assert said(settings, source) == expected


def test_a_message_sent_again_takes_the_same_place(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """Its sender may be the one who retries."""
    take(outbox, source, broken([("1", "a", "bad")]))
    take(outbox, source, message_of([("1", "a", "new")], "2"))
    message = replace(taken_form(broken([("1", "a", "bad")]), source), rejection=None)
    again: Message = replace(
        message, changes=taken_form(message_of([("1", "a", "bad")]), source).changes
    )

    taken = taking.take(outbox, [again], NOW)[0]

    assert (taken.numbered, taken.duplicate) == (1, 1)
    assert said(settings, source) == {("1", "a"): "new"}


def test_a_retry_that_fails_is_told_with_its_reason(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """Each try is a number of its own, so that the centre hears of it; the message keeps its place."""
    data = message_of([]) + b"ZZZ|no\r"
    take(outbox, source, data)
    (before,) = waiting(settings, source.name)

    (would,) = retry_all(settings, source, dry_run=True)
    assert len(changes_in(settings, source.name)) == 1, "a dry run writes nothing"
    (told,) = retry_all(settings, source)
    retry_all(settings, source)

    assert would == told and not told.accepted
    assert (told.reason, told.detail) == ("unknown-segment", "segment 2 is not ZAL (retry 1)")
    (after,) = waiting(settings, source.name)
    assert (after.position, after.attempts) == (before.position, 2)
    assert bytes_of(outbox, after) == data
    contents = [change.content for change in changes_in(settings, source.name)]
    assert [c.detail[-9:] for c in contents if isinstance(c, RejectedMessage)] == [
        "s not ZAL",
        "(retry 1)",
        "(retry 2)",
    ]


def test_the_bytes_stay_when_the_change_that_carried_them_is_freed(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """A fix may take longer than a change is kept."""
    data = broken([("1", "a", "x")])
    take(outbox, source, data)
    with outbox.transaction():
        outbox.put_meta("sent", position_of(outbox.epoch, 1))
    receipt = Receipt(source=source.name, epoch=outbox.epoch, seq=1, at=NOW, seen=1, store="s")
    receipted.take_receipt(outbox, receipt)
    assert receipted.free(outbox, NOW + 1, 10) == 1

    (one,) = waiting(settings, source.name)
    assert bytes_of(outbox, one) == data
    (told,) = retry_all(settings, source)

    assert told.accepted
    assert outbox.one("rejected", one.digest) is None, "and they go once it is taken"


def test_lost_bytes_end_neither_the_retry_nor_the_edge(
    settings: Settings, source: Source, outbox: OutboxFile
) -> None:
    """Of a damaged file: it is told with what to do, those behind it are tried, and it is asked once."""
    take(outbox, source, broken([("1", "a", "x")]))
    take(outbox, source, broken([("1", "b", "y")], "2"))
    first, second = waiting(settings, source.name)
    outbox.execute("drop_change", first.position)
    with outbox.transaction():
        for one in (first, second):
            outbox.execute("put_retry", one.digest)

    lost, told = retry_all(settings, source)

    assert (lost.message, lost.accepted, lost.reason) == (
        first.digest.hex(),
        False,
        "not-in-outbox",
    )
    assert "sent anew" in lost.detail
    assert told.accepted
    retrying.serve(settings, source, Limits())
    assert outbox.all("retries", 10) == []


def test_an_outbox_of_before_learns_to_retry(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    """Its items get a place, and it refuses and retries from then on."""
    path = path_of(settings, source.name)
    file = OutboxFile(path, source=source.name, partitions=4)
    take(file, source, message_of([("1", "a", "x")]))
    file.run("DROP TABLE refused")
    file.run("ALTER TABLE items DROP COLUMN position")
    file.close()

    file = OutboxFile(path, source=source.name, partitions=4)
    take(file, source, broken([("1", "a", "y")], "2"))
    (told,) = retry_all(settings, source)
    file.close()

    assert told.numbered == 1
    assert said(settings, source) == {("1", "a"): "y"}


def test_the_centre_may_ask_for_it(settings: Settings, source: Source, outbox: OutboxFile) -> None:
    """Each request is served once, and only of what was refused here."""
    data = (
        b"MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301101500||ADT^A08^ADT_A01|7|P|2.5\r"
        b"EVN|A08|20260301101500\rPID|1||7^^^CHUM^MR||ROY^ANNE||19700101|F\rPV1|1|I\r"
    )
    message = rejected(
        data,
        Rejection(refusal="AE", reason="mapper-failed", detail="a mistake of before"),
        source=source,
        kind="hl7v2",
        message_id="",
        captured_at=NOW,
        partitions=4,
    )
    taking.take(outbox, [message], NOW)
    names = (message.digest.hex(), "0" * 64, "no digest")
    request = RetryRequest(source=source.name, messages=names, store="s", number=4, at=NOW)

    assert receipted.note_retry(outbox, request) == 1
    assert receipted.note_retry(outbox, request) == 0, "twice is once"
    assert outbox.one("any_retry") is not None
    retrying.serve(settings, source, Limits())

    assert outbox.one("any_retry") is None
    assert waiting(settings, source.name) == []
    first, *changes, over = changes_in(settings, source.name)
    assert {c.section for c in changes} >= {"demographics"}
    assert (over.section, over.op, over.item) == ("rejected", "delete", first.item)
