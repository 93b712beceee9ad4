"""Two sides that compare by digests find what differs: all of it, nothing else, and with few bytes."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsn_schemas.comparison import (
    CentreFacts,
    Exchange,
    Numbers,
    OwnFile,
    Side,
    SiteFacts,
    answer,
    begin,
    total,
)
from dsn_schemas.comparison_file import NoComparison, as_document, from_document
from dsn_schemas.digest_tree import FAN_OUT, TOP_NODES_MAX, Leaf, top_level
from dsn_schemas.runs import joined

CHALLENGE = bytes(range(32))
#: A comparison of three levels takes four files.
FILES_MAX = 8


def payload(epoch: int, seq: int, text: str = "") -> bytes:
    return hashlib.sha256(f"{epoch} {seq} {text}".encode()).digest()[:16]


@dataclass
class Half:
    """One side, in memory."""

    facts: SiteFacts | CentreFacts
    leaves: dict[int, dict[int, Leaf]]
    secret: bytes = b""
    _sorted: dict[int, list[Leaf]] = field(default_factory=dict)

    def read(self, epoch: int, after: int, upto: int) -> Iterable[Leaf]:
        if epoch not in self._sorted:
            self._sorted[epoch] = sorted(self.leaves.get(epoch, {}).values())
        held = self._sorted[epoch]
        return held[bisect_left(held, (after + 1,)) : bisect_left(held, (upto + 1,))]


@dataclass
class Planted:
    """One epoch, and what is wrong with it."""

    numbered: int
    #: The site has forgotten the bytes up to it, the centre has read up to it.
    floor: int = 0
    read: int = 0
    #: Taken away at the centre, altered there, altered there by another schema, and made up there.
    gone: set[int] = field(default_factory=set)
    altered: set[int] = field(default_factory=set)
    rewritten: set[int] = field(default_factory=set)
    invented: set[int] = field(default_factory=set)

    def at_site(self, epoch: int) -> dict[int, Leaf]:
        numbers = range(self.floor + 1, self.numbered + 1)
        return {seq: Leaf(seq, payload(epoch, seq), 3) for seq in numbers}

    def at_centre(self, epoch: int) -> dict[int, Leaf]:
        found = {seq: Leaf(seq, payload(epoch, seq), 3) for seq in range(1, self.numbered + 1)}
        found |= {seq: Leaf(seq, payload(epoch, seq, "other"), 3) for seq in self.altered}
        found |= {seq: Leaf(seq, payload(epoch, seq, "later"), 4) for seq in self.rewritten}
        found |= {seq: Leaf(seq, payload(epoch, seq, "made up"), 3) for seq in self.invented}
        return {seq: leaf for seq, leaf in found.items() if seq not in self.gone}


def halves(planted: Mapping[int, Planted]) -> tuple[Half, Half]:
    at_centre = {epoch: one.at_centre(epoch) for epoch, one in planted.items()}
    site = Half(
        SiteFacts(epochs={epoch: (one.floor, one.numbered) for epoch, one in planted.items()}),
        {epoch: one.at_site(epoch) for epoch, one in planted.items()},
    )
    bounds = {e: (planted[e].read, max(held, default=0)) for e, held in at_centre.items()}
    return site, Half(CentreFacts(epochs=bounds), at_centre)


def compared(first: Half, second: Half, nodes_max: int = 1_000_000) -> tuple[Exchange, list[int]]:
    """The last word, and the bytes of each file that was carried."""
    said = begin("adt", CHALLENGE, first.facts, first.read, secret=first.secret)
    sizes: list[int] = []
    for turn in range(FILES_MAX):
        text = json.dumps(as_document(said))
        sizes.append(len(text))
        assert from_document(json.loads(text)) == said
        half = (second, first)[turn % 2]
        said = answer(
            from_document(json.loads(text)),
            half.facts,
            half.read,
            secret=half.secret,
            nodes_max=nodes_max,
        )
        if said.done:
            return said, sizes
    raise AssertionError(f"no end after {FILES_MAX} files")


def named(numbers: Numbers) -> set[tuple[int, int]]:
    return {(e, seq) for e, runs in numbers.items() for a, b in runs for seq in range(a, b + 1)}


def expected(planted: Mapping[int, Planted]) -> dict[str, set[tuple[int, int]]]:
    """What a comparison with all bytes at hand says."""
    found: dict[str, set[tuple[int, int]]] = {
        name: set() for name in ("missing", "unknown", "differing", "in_flight", "not_compared")
    }
    for epoch, one in planted.items():
        later = any(e > epoch and other.read for e, other in planted.items())
        site, centre = one.at_site(epoch), one.at_centre(epoch)
        found["not_compared"] |= {(epoch, seq) for seq in range(1, one.floor + 1)}
        for seq in site.keys() | centre.keys():
            if seq <= one.floor or site.get(seq) == centre.get(seq):
                continue
            if seq not in centre:
                name = "missing" if later or seq <= one.read else "in_flight"
            elif seq not in site:
                restored = seq > one.numbered and epoch < max(planted)
                name = "not_compared" if restored else "unknown"
            else:
                name = "differing" if site[seq].schema == centre[seq].schema else "not_compared"
            found[name].add((epoch, seq))
    return found


@st.composite
def epochs(draw: st.DrawFn) -> dict[int, Planted]:
    found = {}
    for epoch in range(1, draw(st.integers(1, 3)) + 1):
        numbered = draw(st.integers(0, 3 * FAN_OUT))
        numbers = st.integers(1, max(1, numbered))
        some = st.sets(numbers, max_size=6) if numbered else st.just(set())
        gone = draw(some)
        if numbered and draw(st.booleans()):
            first = draw(numbers)
            gone = gone | set(range(first, draw(st.integers(first, numbered)) + 1))
        altered = draw(some)
        found[epoch] = Planted(
            numbered=numbered,
            floor=draw(st.integers(0, numbered)) if draw(st.booleans()) else 0,
            read=draw(st.integers(0, numbered)),
            gone=gone,
            altered=altered,
            rewritten=draw(some) - altered,
            invented=draw(st.sets(st.integers(numbered + 1, numbered + 2 * FAN_OUT), max_size=3)),
        )
    return found


@settings(deadline=None, max_examples=100)
@given(epochs(), st.booleans())
@example({1: Planted(numbered=11, gone={1, 11})}, False)
@example({1: Planted(numbered=11, read=11, gone={10, 11})}, False)
def test_every_difference_is_found_and_nothing_else(
    planted: dict[int, Planted], site_first: bool
) -> None:
    """Whoever begins, whatever was planted: classes and numbers are those of a whole comparison."""
    site, centre = halves(planted)
    pair = (site, centre) if site_first else (centre, site)
    said, _ = compared(*pair)
    want = expected(planted)
    found = {name: named(getattr(said.found, name)) for name in want}
    if site_first:  # digests cover what it gave: behind that it is told of a range, if it is told
        for one in (found, want):
            for name in ("unknown", "not_compared"):
                one[name] = {(e, seq) for e, seq in one[name] if seq <= planted[e].numbered}

    assert found == want
    assert not said.found.unexamined


@settings(deadline=None, max_examples=8)
@given(st.sets(st.integers(1, 20_000), max_size=12), st.booleans())
def test_bytes_go_with_the_differences(altered: set[int], site_first: bool) -> None:
    """Behind the first file: 64 digests a difference and level, and a few words."""
    planted = {1: Planted(numbered=20_000, read=20_000, altered=altered)}
    site, centre = halves(planted)
    said, sizes = compared(*((site, centre) if site_first else (centre, site)))

    assert named(said.found.differing) == {(1, seq) for seq in altered}
    assert len(sizes) == (2 if altered else 1)
    assert sum(sizes[1:]) <= 1000 + len(altered) * (FAN_OUT * 8 * 4 / 3 + 200)


def test_deep_trees_are_descended() -> None:
    """Millions of numbers, of which two sides hold the same few: three files, every level."""
    numbers = (1, 4_000_000, 4_000_001, 4_123_456)
    assert top_level(4_123_456) == 2 == top_level(TOP_NODES_MAX * FAN_OUT + 1)
    leaves = {1: {seq: Leaf(seq, payload(1, seq), 3) for seq in numbers}}
    other = {1: dict(leaves[1]) | {4_000_001: Leaf(4_000_001, payload(1, 0), 3)}}
    del other[1][4_123_456]
    site = Half(SiteFacts(epochs={1: (0, 4_123_456)}), leaves)
    centre = Half(CentreFacts(epochs={1: (4_123_456, 4_000_001)}), other)
    said, sizes = compared(site, centre)

    assert (said.found.missing, said.found.differing) == (
        {1: ((4_123_456, 4_123_456),)},
        {1: ((4_000_001, 4_000_001),)},
    )
    assert len(sizes) == 3
    assert sum(sizes) < 20_000


def test_a_range_that_one_side_lacks_costs_nothing() -> None:
    """Ten thousand numbers lost are one run: their digests are not sent one by one, nor bounded."""
    planted = {1: Planted(numbered=20_000, read=20_000, gone=set(range(5_001, 15_001)))}
    site, centre = halves(planted)
    for pair in ((site, centre), (centre, site)):
        said, sizes = compared(*pair, nodes_max=2)

        assert said.found.missing == {1: ((5_001, 15_000),)}
        assert sum(sizes[1:]) < 10_000


def test_what_is_too_much_at_once_is_named_as_ranges() -> None:
    """Where everything differs an answer stays small, and says what it did not look into."""
    planted = {1: Planted(numbered=20_000, read=20_000, altered=set(range(1, 20_001)))}
    site, centre = halves(planted)
    said, sizes = compared(site, centre, nodes_max=10)

    assert said.found.differing == {1: ((1, 10 * FAN_OUT),)}
    assert said.found.unexamined == {1: ((10 * FAN_OUT + 1, 20_000),)}
    assert said.differs
    assert sizes[1] < 10_000


def test_epochs_of_one_side_alone() -> None:
    """An older outbox's epoch cannot be compared, nor can what was given behind the copy that was
    restored; a later one nobody began is unknown to the site."""
    held = {e: {1: Leaf(1, payload(e, 1), 3)} for e in (1, 2, 3)}
    site = Half(SiteFacts(epochs={2: (0, 1)}), {2: held[2]})
    centre = Half(CentreFacts(epochs=dict.fromkeys((1, 2, 3), (1, 1))), held)
    for pair in ((site, centre), (centre, site)):
        said, _ = compared(*pair)

        assert (said.found.not_compared, said.found.unknown) == ({1: ((1, 1),)}, {3: ((1, 1),)})
    site, centre = halves({1: Planted(numbered=9, read=20, invented={20}), 2: Planted(numbered=3)})
    said, _ = compared(centre, site)

    assert (said.found.not_compared, said.found.any) == ({1: ((20, 20),)}, False)


def test_a_number_the_site_gives_meanwhile_is_no_difference() -> None:
    """Files are carried slowly, and both sides go on: neither is told of that as a difference."""
    before = {1: Planted(numbered=100, read=100, altered={7})}
    after = {1: Planted(numbered=300, read=280, altered={7})}
    site, _ = halves(before)
    later_site, later_centre = halves(after)
    first = begin("adt", CHALLENGE, site.facts, site.read)
    second = answer(first, later_centre.facts, later_centre.read)
    last = answer(second, later_site.facts, later_site.read)

    assert last.done
    assert named(last.found.differing) == {(1, 7)}
    assert not (last.found.missing or last.found.unknown or last.found.in_flight)


def test_the_site_hears_of_numbers_it_never_gave() -> None:
    """Behind all that digests cover too, as soon as it reads what the centre has."""
    site, centre = halves({1: Planted(numbered=100, read=100, altered={7}, invented={150})})
    said, _ = compared(site, centre)

    assert said.by is Side.SITE
    assert said.found.unknown == {1: ((101, 150),)}


def test_other_challenges_and_secrets_give_other_digests() -> None:
    """No list made before helps; and without the secret of the other side everything differs."""
    site, centre = halves({1: Planted(numbered=100, read=100)})
    one, other = (begin("adt", bytes([n]) * 32, site.facts, site.read).spans[0] for n in (1, 2))
    assert not set(one.digests) & set(other.digests)
    site.secret = centre.secret = b"ours alone"
    said, _ = compared(site, centre)
    assert not said.differs
    centre.secret = b"another"
    said, _ = compared(site, centre)
    assert total(said.found.differing) == 100


def test_a_side_does_not_answer_itself() -> None:
    """A file carried back to where it was written would make everything agree."""
    site, centre = halves({1: Planted(numbered=5, read=5)})
    for half in (site, centre):
        said = begin("adt", CHALLENGE, half.facts, half.read)
        with pytest.raises(OwnFile, match="other side"):
            answer(said, half.facts, half.read)


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "dsn-statement-1"},
        {"source": "../adt"},
        {"challenge": "00"},
        {"challenge": None},
        {"by": "somebody"},
        {"covers": {"1": [1]}},
        {"spans": [{"epoch": 1, "level": 9, "first": 0, "digests": ""}]},
        {"spans": [{"epoch": 1, "level": 1, "first": 0, "digests": "AAAA"}]},
        {"spans": [{"epoch": 1, "level": 0, "first": 0, "digests": "", "schemas": [[1, 9999999]]}]},
        {"found": []},
    ],
)
def test_what_is_no_comparison_is_refused(damage: dict[str, object]) -> None:
    """Whatever is wrong with a file, it says that it is none."""
    site, _ = halves({1: Planted(numbered=5, read=5)})
    said = as_document(begin("adt", CHALLENGE, site.facts, site.read))
    with pytest.raises(NoComparison):
        from_document(said | damage)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_runs_are_the_numbers_they_join(runs: list[tuple[int, int]]) -> None:
    """Every number once, in order, and no two runs touch."""
    found = joined(runs)
    numbers = [seq for a, b in found for seq in range(a, b + 1)]

    assert numbers == sorted({seq for a, b in runs for seq in range(a, b + 1)})
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))
