"""How far a source has been read: never further than what is there, and all of it when it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsn_consumers.lanes import RUNS_MAX, Lane


def take(lane: Lane, seq: int, previous: int) -> bool:
    return lane.change(seq, previous, rejected=False, captured_at=seq)


def test_a_chain_is_complete_up_to_its_last_number() -> None:
    """Numbers between them belong to other partitions."""
    lane = Lane()
    news = [take(lane, seq, previous) for seq, previous in ((3, 0), (4, 3), (9, 4))]

    assert news == [True, True, True]
    assert (lane.complete, lane.read, lane.changes, lane.copies) == (9, 9, 3, 0)


def test_a_gap_holds_until_it_is_filled() -> None:
    """What comes after it waits, then counts at once."""
    lane = Lane()
    for seq, previous in ((3, 0), (9, 6), (11, 9)):
        take(lane, seq, previous)
    held = lane.complete
    take(lane, 6, 3)

    assert (held, lane.complete) == (3, 11)
    assert lane.runs == {0: 11}


def test_a_mark_vouches_for_what_has_no_traffic() -> None:
    """And shows what is missing at the end, where no later change would."""
    idle, cut = Lane(), Lane()
    idle.mark(40, 0)
    take(cut, 3, 0)
    cut.mark(40, 7)
    held = cut.complete
    take(cut, 7, 3)

    assert idle.complete == 40
    assert (held, cut.complete, cut.read) == (3, 40, 40)


def test_more_gaps_than_we_keep_stay_bounded() -> None:
    """A source that loses every second number does not fill the database."""
    lane = Lane()
    for n in range(1, RUNS_MAX + 50):
        take(lane, 4 * n, 4 * n - 2)

    assert len(lane.runs) <= RUNS_MAX + 1
    assert lane.complete == 0
    assert lane.changes == RUNS_MAX + 49


@given(st.lists(st.integers(1, 30), unique=True, min_size=1), st.data())
def test_any_order_and_repetition_ends_the_same(numbers: list[int], data: st.DataObject) -> None:
    """Complete is the last number before the first missing one; copies are counted as copies."""
    chain = sorted(numbers)
    links = list(zip(chain, [0, *chain], strict=False))
    arriving = data.draw(st.permutations(links))
    arriving = arriving[: data.draw(st.integers(1, len(arriving)))]
    again = data.draw(st.lists(st.sampled_from(arriving)))
    lane = Lane()
    for seq, previous in [*arriving, *again]:
        take(lane, seq, previous)
    there = {seq for seq, _ in arriving}
    missing = [seq for seq in chain if seq not in there and seq < max(there)]

    before = [seq for seq in chain if not missing or seq < missing[0]]
    assert lane.complete == max((seq for seq in before if seq in there), default=0)
    assert (lane.changes, lane.copies) == (len(there), len(again))


def test_a_hole_behind_a_mark_does_not_take_back_what_was_complete() -> None:
    """A mark vouched for everything up to its number, whatever turns out to be missing later."""
    lane = Lane()
    lane.mark(3, 0)
    take(lane, 6, 5)
    held = lane.complete
    take(lane, 5, 0)

    assert (held, lane.complete, lane.changes, lane.copies) == (3, 6, 2, 0)
    assert lane.runs == {0: 6}
