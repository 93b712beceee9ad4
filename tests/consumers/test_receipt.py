"""Which receipts are due, and what is done about holes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dsn_consumers import gap
from dsn_consumers.gap import Gap, Hole
from dsn_consumers.receipt import REPEAT_MS, STUCK_S, Look, Moves, Progress, due, highest_seen

T = "dsn.changes.a"
LOOK = Look(store="s:1", issued=7, at=1000)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOLE = Hole(T, 2, "adt", 1, 4, 9)


def progress(complete: int, seen: int = 0, epoch: int = 1) -> Progress:
    return Progress(topic=T, source="adt", epoch=epoch, complete=complete, seen=seen or complete)


def test_each_source_and_epoch_is_told_what_is_new() -> None:
    """And not told again, until a minute has passed or the store is another."""
    said = due([progress(5, 9), progress(0, 2, epoch=2)], {}, LOOK)
    assert [(r.epoch, r.seq, r.seen, r.store, r.issued) for r in said.values()] == [
        (1, 5, 9, "s:1", 7),
        (2, 0, 2, "s:1", 7),
    ]

    assert due([progress(5, 9)], said, LOOK) == {}
    assert len(due([progress(5, 10)], said, LOOK)) == 1
    assert len(due([progress(6, 9)], said, LOOK)) == 1
    assert len(due([progress(5, 9)], said, replace(LOOK, at=1000 + REPEAT_MS))) == 1
    assert len(due([progress(5, 9)], said, replace(LOOK, store="s:2"))) == 1


def test_a_store_that_went_back_says_so() -> None:
    """The outbox must know what the centre has now, not what it had."""
    told = due([progress(5)], {}, LOOK)

    assert due([progress(3)], told, LOOK)[T, "adt", 1].seq == 3


def test_the_highest_number_seen_never_goes_back() -> None:
    """A standby that took over has not read it again yet; a restored outbox must not give it again."""
    told = due([progress(5, 9)], {}, LOOK)
    seen = highest_seen((key[0], one) for key, one in told.items())
    standby = replace(LOOK, store="s:2", issued=1)

    (now,) = due([progress(3, 4)], {}, standby, seen=seen).values()
    assert (now.seq, now.seen, now.store) == (3, 9, "s:2")
    (later,) = due([progress(3, 11)], {}, standby, seen=seen).values()
    assert later.seen == 11


def test_the_highest_number_is_of_each_source_and_epoch() -> None:
    """Whatever order the receipts are read in."""
    said = list(due([progress(5, 9), progress(0, 2, epoch=2)], {}, LOOK).values())
    older = [replace(one, seen=1) for one in said]

    assert highest_seen((T, one) for one in [*said, *older]) == {(T, "adt", 1): 9, (T, "adt", 2): 2}


def test_a_source_with_a_move_that_does_not_end_is_held() -> None:
    """It is told what it was told, what is new not; and nothing when that is not known."""
    told = due([progress(5)], {}, LOOK)
    held = {(T, "adt")}

    assert due([progress(8)], {}, LOOK, held) == {}
    assert due([progress(8)], told, LOOK, held)[T, "adt", 1].seq == 5
    assert due([progress(2)], told, LOOK, held)[T, "adt", 1].seq == 2


def test_only_a_record_that_moves_for_long_holds() -> None:
    """One that settled in between begins anew."""
    moves = Moves()
    moving = {"r": ((T, "adt"),), "q": ((T, "lab"),)}
    assert moves.stuck(moving, 0) == set()
    assert moves.stuck({"q": ((T, "lab"),)}, 10) == set()
    assert moves.stuck(moving, STUCK_S + 5) == {(T, "lab")}
    assert moves.stuck(moving, 2 * STUCK_S + 6) == {(T, "adt"), (T, "lab")}


# --- holes ---------------------------------------------------------------------------------------


def test_a_hole_is_noticed_then_asked_for_then_closed() -> None:
    """After a short grace, less and less often; closed when it is not there any more."""
    (noticed,), asked = gap.decide([HOLE], [], NOW)
    assert (noticed, asked) == (Gap(hole=HOLE, since=NOW), [])

    later = NOW + gap.GRACE
    (known,), (request,) = gap.decide([HOLE], [noticed], later)
    assert (request.after, request.upto, request.partition, request.fill) == (4, 9, 2, False)
    assert (known.asked, known.asked_at, known.since) == (1, later, NOW)

    assert gap.decide([HOLE], [known], later + timedelta(seconds=29)) == ([], [])
    (known,), again = gap.decide([HOLE], [known], later + timedelta(seconds=30))
    assert (known.asked, len(again)) == (2, 1)
    assert gap.decide([HOLE], [known], known.asked_at + timedelta(seconds=59))[1] == []  # type: ignore[operator]
    often = replace(known, asked=90, asked_at=later)
    assert gap.decide([HOLE], [often], later + gap.ASK_LAST)[1] != []

    (closed,), asked = gap.decide([], [known], later)
    assert (closed.closed_at, asked) == (later, [])


def test_holes_that_come_one_after_the_other_are_asked_for_once() -> None:
    """What only the streams miss is named number by number while the outbox sends all of it again."""
    (asked,), requests = gap.decide([HOLE], [Gap(hole=HOLE, since=NOW - gap.GRACE)], NOW)
    assert len(requests) == 1
    behind = HOLE._replace(after=9, upto=10)
    soon, late = NOW + timedelta(seconds=10), NOW + gap.ASK_FIRST

    (following, closed), _ = gap.decide([behind], [asked], soon)
    assert (following.asked, following.asked_at, following.since) == (1, NOW, soon)
    assert closed.closed_at == soon
    assert gap.decide([behind], [following], late - timedelta(seconds=1))[1] == []
    assert len(gap.decide([behind], [following], late)[1]) == 1

    for other in (
        replace(asked, hole=HOLE._replace(partition=3)),
        replace(asked, hole=HOLE._replace(after=20, upto=30)),
        replace(asked, reason="the disk burned"),
        replace(asked, asked_at=soon - gap.ASK_FIRST),
    ):
        assert Gap(hole=behind, since=soon) in gap.decide([behind], [other], soon)[0], other


def test_holes_of_one_source_are_one_request() -> None:
    """What is behind the first is sent again anyway."""
    others = [HOLE._replace(partition=3, after=2, upto=30), HOLE._replace(source="lab")]
    known = [Gap(hole=hole, since=NOW) for hole in [HOLE, *others]]
    _, requests = gap.decide([HOLE, *others], known, NOW + gap.GRACE)

    assert [(r.source, r.after, r.upto, r.partition) for r in requests] == [
        ("adt", 2, 30, -1),
        ("lab", 4, 9, 2),
    ]


def test_what_is_left_of_a_hole_keeps_its_age_and_reason() -> None:
    """A hole that was filled in part is the same trouble."""
    known = gap.explained(Gap(hole=HOLE, since=NOW, asked=5), "fire", "dre.roy", NOW)
    rest = HOLE._replace(upto=6)
    later = NOW + timedelta(hours=1)
    changed, (request,) = gap.decide([rest], [known], later)

    smaller, closed = changed
    assert (smaller.hole, smaller.since, smaller.reason) == (rest, NOW, "fire")
    assert (closed.hole, closed.closed_at) == (HOLE, later)
    assert (request.upto, request.fill, request.reason) == (6, True, "fire")


def test_an_explained_hole_is_to_be_filled_at_once() -> None:
    """However often the outbox was asked before."""
    known = gap.explained(Gap(hole=HOLE, since=NOW, asked=9, asked_at=NOW), "fire", "roy", NOW)
    (after,), (request,) = gap.decide([HOLE], [known], NOW)

    assert (request.fill, request.partition, request.after, request.upto) == (True, 2, 4, 9)
    assert (after.asked, after.explained_by) == (1, "roy")
    assert gap.decide([HOLE], [after], NOW + timedelta(seconds=1)) == ([], [])
