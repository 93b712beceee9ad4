"""Chains, gaps and repeats of one source on one partition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsn_streams.numbering import HOLES_MAX, SourceProgress


def chain(numbers: list[int]) -> list[tuple[int, int]]:
    """(seq, previous) of a partition that gets these numbers in order."""
    return list(zip(numbers, [0, *numbers], strict=False))


numbers = st.sets(st.integers(1, 60), min_size=1, max_size=25).map(sorted)


@given(numbers, st.randoms(use_true_random=False))
def test_any_order_is_taken_once_and_completes(found, shuffle):
    """Shuffled and repeated, each number is new once, and the partition ends complete."""
    links = chain(found)
    arriving = links + shuffle.choices(links, k=len(links))
    shuffle.shuffle(arriving)
    progress = SourceProgress()

    new = [seq for seq, previous in arriving if progress.take(seq, previous, 0)]

    assert found == sorted(new)
    assert found[-1] == progress.complete
    assert [] == progress.holes


@given(numbers, st.data())
def test_a_missing_number_holds_completeness(found, data):
    """Complete never passes a number that did not arrive, and reaches the one before it."""
    missing = data.draw(st.sampled_from(found))
    progress = SourceProgress()
    for seq, previous in chain(found):
        if seq != missing:
            progress.take(seq, previous, 0)
    below = [seq for seq in found if seq < missing]

    assert (below[-1] if below else 0) == progress.complete

    progress.mark(99, found[-1], 0)

    assert (below[-1] if below else 0) == progress.complete


@given(numbers)
def test_a_mark_vouches_for_silence(found):
    """A mark carries completeness past numbers that went to other partitions."""
    progress = SourceProgress()
    for seq, previous in chain(found):
        progress.take(seq, previous, 5)
    progress.mark(1_000, found[-1], 9)

    assert 1_000 == progress.complete
    assert 9 == progress.as_of
    assert progress.take(1_001, found[-1], 10)
    assert 1_001 == progress.complete


def test_a_mark_before_its_change_tells_of_the_loss():
    """A mark that names a number never seen opens a hole."""
    progress = SourceProgress()
    progress.mark(10, 7, 0)

    assert 0 == progress.complete
    assert [(0, 7)] == progress.holes
    assert progress.take(7, 0, 0)
    assert 10 == progress.complete


def test_holes_stay_bounded():
    """A partition with more holes than are kept apart loses precision, never a loss."""
    progress = SourceProgress()
    for seq in range(3, 6 * HOLES_MAX, 3):
        progress.take(seq, seq - 1, 0)

    assert len(progress.holes) <= HOLES_MAX
    assert 0 == progress.complete


def test_a_hole_behind_a_mark_does_not_take_back_what_was_complete():
    """A mark vouched for everything up to its number, whatever turns out to be missing later."""
    progress = SourceProgress()
    progress.mark(3, 0, 1)
    progress.take(6, 5, 1)
    held = progress.complete
    new = progress.take(5, 0, 1)

    assert (held, new, progress.complete) == (3, True, 6)
