"""Storms: records that are all alike cost little, say so, and are the same in any order."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_schemas.keys import person_id
from dsn_schemas.records import ContactPoint, Demographics, HumanName, IdentityRequest
from dsn_streams.identity.engine import Engine
from dsn_streams.identity.matcher import Verdict
from dsn_streams.matching.blocking import BLOCK_RECORDS_MAX
from support.deciding import Deciding

#: A test patient is registered as often.
STORM = 3_000


def request(number: int, seq: int, content: Demographics, **more: object) -> IdentityRequest:
    values: dict[str, object] = {
        "authority": "R",
        "number": f"{number:05}",
        "source": "adt",
        "epoch": 1,
        "seq": seq,
        "first_captured_at": 100 + number,
        "captured_at": 100 + seq,
        "section": "demographics",
        "op": "upsert",
        "item": "patient",
        "content": content,
    } | more
    return IdentityRequest(**values)  # type: ignore[arg-type]


def named(given_name: str, family: str = "Tremblay", phone: str = "") -> Demographics:
    return Demographics(
        names=(HumanName(family=family, given=(given_name,)),),
        gender="male",
        birth_date="1961-04-12",
        telecoms=(ContactPoint(system="phone", value=phone),) if phone else (),
    )


class Counting(Engine):
    """Counts what is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.compared = 0

    def compare(self, a: bytes, b: bytes) -> Verdict:
        self.compared += 1
        return super().compare(a, b)


@pytest.mark.parametrize("name", ["Jean", "Zéphirin"])
def test_a_test_patient_registered_thousands_of_times_costs_little(name: str) -> None:
    """Nobody is compared once the block is crowded: not n * n / 2 comparisons but a few thousand,
    and one question for a steward. Those who come behind the storm find their people."""
    engine = Counting()
    deciding = Deciding(engine)
    storm = [request(n, n, named(name)) for n in range(1, STORM + 1)]
    turns = [
        *([one] for one in storm[:100]),
        *(storm[at : at + 50] for at in range(100, STORM, 50)),
    ]

    for turn in turns:
        deciding.take(turn)
    late = named("Achille", "Bélisle", "418 555-2399")
    deciding.take([request(STORM + n, STORM + n, late) for n in (1, 2)])

    pairs_below = BLOCK_RECORDS_MAX * (BLOCK_RECORDS_MAX - 1) // 2
    assert engine.compared <= 3 * pairs_below + STORM
    people = deciding.people()
    assert STORM + 2 == len(people)
    assert people[_key(STORM + 1)] == people[_key(STORM + 2)] == person_id(_key(STORM + 1))
    assert STORM + 1 == len(set(people.values()))
    (question,) = deciding.questions().values()
    assert ("blocked", "crowded-block") == (question.kind, question.reasons[0])


def test_a_storm_writes_a_bounded_row_for_each_more_record() -> None:
    """No state row grows with the storm: each new record writes a few hundred bytes of postings."""
    deciding = Deciding(Engine())
    deciding.take([request(n, n, named("Jean")) for n in range(1, STORM + 1)])

    assert max(map(len, deciding.state.rows.values())) < 1_000


class Blocks:
    """A matcher for which a record's surname lists its blocks: alike when the last ones are."""

    version = "blocks"

    def __init__(self, block_records_max: int) -> None:
        self.block_records_max = block_records_max

    def features(self, demographics: Demographics) -> bytes:
        return demographics.names[0].family.encode()

    def keys(self, features: bytes) -> tuple[bytes, ...]:
        return tuple(sorted({bytes((one,)) * 8 for one in features}))

    def compare(self, a: bytes, b: bytes) -> Verdict:
        if a[-1:] == b[-1:]:
            return Verdict("same", 5_000 + len(a) + len(b))
        return Verdict("review", 1_000 + len(a) + len(b))

    explain = compare

    def numbers(self, features: bytes) -> tuple[str, ...]:
        return ()


def postings(deciding: Deciding) -> dict[bytes, bytes]:
    """The rows that say who shares a block."""
    return {name: row for name, row in deciding.state.rows.items() if name.startswith(b"k")}


def naive(words: dict[int, str], matcher: Blocks) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Who is who, and the first two (in state) of each crowded block, from the blocks at the end."""
    blocks: dict[bytes, set[int]] = defaultdict(set)
    for number, word in words.items():
        for key in matcher.keys(word.encode()):
            blocks[key].add(number)
    group = {number: {number} for number in words}
    for block in blocks.values():
        if len(block) > matcher.block_records_max:
            continue
        for a, b in combinations(sorted(block), 2):
            if matcher.compare(words[a].encode(), words[b].encode()).outcome == "same":
                group[a] |= group[b]
                for one in group[b]:
                    group[one] = group[a]
    crowded = [block for block in blocks.values() if len(block) > matcher.block_records_max]
    return {_key(n): person_id(_key(min(found))) for n, found in group.items()}, {
        (_key(a), _key(b)) for block in crowded for a, b in combinations(sorted(block), 2)
    }


def _key(number: int) -> str:
    return f"R|{number:05}"


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data(), st.randoms(use_true_random=False))
def test_blocks_that_fill_and_empty_in_any_order_give_the_naive_groups(data, chance) -> None:
    """Records move in and out of blocks of at most three: groups are those of the blocks at the end,
    and neither a question nor a row of postings depends on the order."""
    matcher = Blocks(3)
    history, words = [], {}
    for seq in range(1, data.draw(st.integers(2, 40)) + 1):
        number = data.draw(st.integers(1, 12))
        word = data.draw(st.text("abcd", max_size=3))
        history.append(request(number, seq, Demographics(names=(HumanName(family=word),))))
        words[number] = word
    shuffled = [*history, *chance.choices(history, k=2)]
    chance.shuffle(shuffled)
    one, two = Deciding(matcher), Deciding(matcher)

    one.take_all(shuffled, chance)
    two.take_all(history, random.Random(1))

    people, crowded = naive(words, matcher)
    assert people == one.people()
    assert people == two.people()
    assert two.questions() == one.questions()
    asked = {pair for pair, found in one.questions().items() if "crowded-block" in found.reasons}
    assert asked <= crowded
    assert postings(one) == postings(two)
