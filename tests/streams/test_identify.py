"""Who is who: the same people in any order, whatever sources claim and stewards decide."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_deploy.proof import fold
from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import person_id
from dsn_schemas.records import Demographics, HumanName, IdentityClaim, RecordChange
from dsn_streams.identity.matcher import Verdict
from support.deciding import Deciding, request_of
from support.exact import ExactNumber
from support.histories import demographics

RECORDS = [("H", "1"), ("H", "2"), ("H", "3"), ("C", "1"), ("C", "2"), ("C", "3")]


def change(source: str, seq: int, record: tuple[str, str], content: object, **more) -> RecordChange:
    claim = isinstance(content, IdentityClaim)
    values = {
        "source": source,
        "epoch": 1,
        "seq": seq,
        "previous": seq - 1,
        "authority": record[0],
        "number": record[1],
        "section": "claims" if claim else "demographics",
        "item": f"link|{content.other_authority}|{content.other_number}" if claim else "patient",
        "entry": "",
        "op": "upsert",
        "status": "",
        "occurred_at": seq,
        "captured_at": 100 + seq,
        "content": content,
    } | more
    return RecordChange(**values)


def claim(kind: str, other: tuple[str, str]) -> IdentityClaim:
    return IdentityClaim(kind=kind, other_authority=other[0], other_number=other[1])


@st.composite
def histories(draw: st.DrawFn) -> list[RecordChange]:
    """Numbers, claims and decisions that meet often."""
    found: list[RecordChange] = []
    numbers = dict.fromkeys(("adt", "lab", STEWARD), 0)
    for _ in range(draw(st.integers(2, 16))):
        source = draw(st.sampled_from(("adt", "adt", "lab", STEWARD, STEWARD)))
        numbers[source] += 1
        record = draw(st.sampled_from(RECORDS))
        if source != STEWARD and draw(st.integers(0, 3)):
            content: object = demographics(draw(st.sampled_from((None, 0, 0, 1, 1, 2))), "Roy")
        else:
            kinds = ("link", "merge", "merge", "unlink", "not-same", "undo", "move", "proposal")
            content = claim(draw(st.sampled_from(kinds)), draw(st.sampled_from(RECORDS)))
        captured_at = draw(st.integers(1, 9))
        op = "delete" if draw(st.integers(0, 9)) == 0 else "upsert"
        one = change(source, numbers[source], record, content, captured_at=captured_at)
        found.append(one if op == "upsert" else replace(one, op=op, content=None))
    return found


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_gives_the_people_of_the_fold(history, chance):
    """Shuffled, repeated, in any turns and with restarts, identify agrees with the naive fold."""
    requests = [request_of(one) for one in history]
    shuffled = requests + chance.choices(requests, k=3)
    chance.shuffle(shuffled)
    one, two = Deciding(ExactNumber()), Deciding(ExactNumber())

    one.take_all(shuffled, chance)
    two.take_all(requests, random.Random(1))

    assert fold.people(history, ExactNumber()) == one.people()
    assert two.questions() == one.questions()


class Table:
    """A matcher whose comparisons are drawn: features are a variant's number."""

    version = "table"

    def __init__(
        self, verdicts: dict[frozenset[int], Verdict], block_records_max: int = 1_000
    ) -> None:
        self.verdicts = verdicts
        self.block_records_max = block_records_max

    def features(self, demographics: Demographics) -> bytes:
        return demographics.names[0].family.encode()

    def keys(self, features: bytes) -> tuple[bytes, ...]:
        return (b"everyone",)

    def compare(self, a: bytes, b: bytes) -> Verdict:
        return self.verdicts.get(frozenset((int(a), int(b))), Verdict("different", 0))

    explain = compare

    def numbers(self, features: bytes) -> tuple[str, ...]:
        return ()


VERDICTS = (
    Verdict("same", 5000),
    Verdict("same", 5000),
    Verdict("same", 4000),
    Verdict("review", 2000),
    Verdict("review", 2500, barred="parents-card"),
    Verdict("different", -3000, barred="veto"),
    Verdict("different", 0),
)


def naive(
    words: dict[str, tuple[int, int]], verdicts: dict[frozenset[int], Verdict]
) -> dict[str, str]:
    """Record -> person, from (variant, first captured_at) of each, over all pairs at once."""
    edges = []
    bars = set()
    for a, b in combinations(sorted(words), 2):
        verdict = verdicts.get(frozenset((words[a][0], words[b][0])), Verdict("different", 0))
        if verdict.outcome == "same":
            edges.append((-verdict.weight, a, b))
        if verdict.barred:
            bars |= {(a, b), (b, a)}
    group = {key: frozenset((key,)) for key in words}
    for _, a, b in sorted(edges):
        if not any((x, y) in bars for x in group[a] for y in group[b]):
            joined = group[a] | group[b]
            group.update(dict.fromkeys(joined, joined))
    return {k: person_id(min(g, key=lambda n: (words[n][1], n))) for k, g in group.items()}


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(st.data(), st.randoms(use_true_random=False))
def test_any_graph_in_any_order_gives_the_naive_groups(data, chance):
    """Random edges, doubts and bars, records that say something else later: one result."""
    records = [("R", str(n)) for n in range(data.draw(st.integers(2, 8)))]
    verdicts = {
        frozenset(pair): data.draw(st.sampled_from(VERDICTS))
        for pair in [*combinations(range(6), 2), *((n, n) for n in range(6))]
    }
    history, words, first = [], {}, {}
    for seq in range(1, data.draw(st.integers(2, 14)) + 1):
        record = data.draw(st.sampled_from(records))
        variant, at = data.draw(st.integers(0, 5)), data.draw(st.integers(1, 5))
        content = Demographics(names=(HumanName(family=str(variant)),))
        history.append(request_of(change("adt", seq, record, content, captured_at=at)))
        key = "|".join(record)
        first[key] = min(first.get(key, at), at)
        words[key] = variant
    shuffled = [*history, *chance.choices(history, k=2)]
    chance.shuffle(shuffled)
    one, two = Deciding(Table(verdicts)), Deciding(Table(verdicts))

    one.take_all(shuffled, chance)
    two.take_all(history, random.Random(1))

    expected = naive({key: (words[key], first[key]) for key in words}, verdicts)
    assert expected == one.people()
    assert expected == two.people()
    assert two.questions() == one.questions()


def test_a_component_that_is_too_large_is_cut_and_asked_about():
    """Seventy records on one number and a weak bridge between two clusters: cut, then reviewed."""
    verdicts = {
        frozenset((1, 1)): Verdict("same", 6000),
        frozenset((2, 2)): Verdict("same", 6000),
        frozenset((1, 2)): Verdict("same", 3500),
    }
    history = [
        request_of(change("adt", n, ("R", f"{n:03}"), named(1 if n <= 40 else 2)))
        for n in range(1, 81)
    ]
    deciding = Deciding(Table(verdicts))

    deciding.take_all(history, random.Random(3))

    people = deciding.people()
    assert {person_id("R|001")} == {people[f"R|{n:03}"] for n in range(1, 41)}
    assert {person_id("R|041")} == {people[f"R|{n:03}"] for n in range(41, 81)}
    (question,) = deciding.questions().values()
    assert ("blocked", ("component-too-large",)) == (question.kind, question.reasons)


def named(variant: int) -> Demographics:
    return Demographics(names=(HumanName(family=str(variant)),))


def settled(*history: RecordChange) -> Deciding:
    """The stage after these changes, one turn each."""
    deciding = Deciding(ExactNumber())
    for one in history:
        deciding.take([request_of(one)])
    return deciding


ONE, TWO, THREE = RECORDS[:3]
KEYS = ["|".join(record) for record in RECORDS]


def test_a_stewards_link_joins_two_valid_numbers_and_everybody_with_them():
    """Two cards of one person: the records of both cards come together, and say who decided."""
    deciding = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, TWO, demographics(1, "Roy")),
        change("adt", 3, THREE, demographics(0, "Roy")),
        change("lab", 1, RECORDS[3], demographics(1, "Roy")),
        change(STEWARD, 1, ONE, claim("link", TWO)),
    )

    assert 1 == len(set(deciding.people().values()))
    evidence = deciding.links[KEYS[0]].evidence
    assert ("decision", ("link (steward)",)) == (evidence[0].rule, evidence[0].reasons)
    assert {} == deciding.questions()


def test_a_decision_taken_back_leaves_no_trace():
    """Link, then undo: the people are those of the evidence alone."""
    before = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, TWO, demographics(1, "Roy")),
    )
    after = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, TWO, demographics(1, "Roy")),
        change(STEWARD, 1, ONE, claim("link", TWO)),
        change(STEWARD, 2, ONE, claim("undo", TWO)),
    )

    assert before.people() == after.people()
    assert before.questions() == after.questions()


def test_a_steward_outweighs_a_hospital():
    """A merge the steward contradicts does not join; nothing more is asked about it."""
    deciding = settled(
        change("adt", 1, ONE, demographics(None, "Roy")),
        change("adt", 2, TWO, demographics(None, "Roy")),
        change("adt", 3, ONE, claim("merge", TWO)),
        change(STEWARD, 1, ONE, claim("not-same", TWO)),
        change("adt", 4, ONE, claim("merge", TWO), item="merge again"),
    )

    assert 2 == len(set(deciding.people().values()))
    assert {} == deciding.questions()


def test_hospitals_that_contradict_each_other_are_put_before_a_steward():
    """One merges, the other unlinks: apart, and a question of kind contradiction."""
    deciding = settled(
        change("adt", 1, ONE, demographics(None, "Roy")),
        change("adt", 2, TWO, demographics(None, "Roy")),
        change("adt", 3, ONE, claim("merge", TWO)),
        change("lab", 1, TWO, claim("unlink", ONE)),
    )

    assert 2 == len(set(deciding.people().values()))
    (question,) = deciding.questions().values()
    assert ("contradiction", ("not-same",)) == (question.kind, question.reasons)


def test_a_merge_of_two_valid_numbers_waits_for_a_steward():
    """A hospital's merge never outweighs two cards; the question names both."""
    deciding = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, TWO, demographics(1, "Roy")),
        change("adt", 3, ONE, claim("merge", TWO)),
    )

    ((pair, question),) = deciding.questions().items()
    assert (KEYS[0], KEYS[1]) == pair
    assert ("blocked", ("two-valid-nams",)) == (question.kind, question.reasons)


def test_merges_in_a_circle_repeated_and_reversed_are_one_person():
    """A into B, B into C, C into A, and A into B once more from the other end."""
    deciding = settled(
        *(change("adt", n, record, named(1)) for n, record in enumerate(RECORDS[:3], start=1)),
        change("adt", 4, TWO, claim("merge", ONE)),
        change("adt", 5, THREE, claim("merge", TWO)),
        change("adt", 6, ONE, claim("merge", THREE)),
        change("adt", 7, ONE, claim("merge", TWO)),
        change("adt", 8, TWO, claim("merge", ONE)),
    )

    assert {person_id(KEYS[0])} == set(deciding.people().values())


def test_a_record_merged_into_itself_is_itself():
    """A claim that names its own record changes nothing."""
    deciding = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, ONE, claim("merge", ONE)),
    )

    assert {KEYS[0]: person_id(KEYS[0])} == deciding.people()


def test_a_merge_waits_for_the_record_it_names():
    """The other record gets no link before it was seen; then it joins at once."""
    early = settled(
        change("adt", 1, ONE, demographics(0, "Roy")),
        change("adt", 2, ONE, claim("merge", TWO)),
    )

    assert [KEYS[0]] == list(early.people())

    early.take([request_of(change("adt", 3, TWO, demographics(None, "Roy")))])

    assert {person_id(KEYS[0])} == set(early.people().values())


def test_a_move_joins_nobody():
    """A43, A44 and A45 move something from one person to another: they stay two."""
    deciding = settled(
        change("adt", 1, ONE, demographics(None, "Roy")),
        change("adt", 2, TWO, demographics(None, "Roy")),
        change("adt", 3, ONE, claim("move", TWO)),
    )

    assert 2 == len(set(deciding.people().values()))


def test_a_merge_of_somebody_elses_record_is_a_question():
    """A hospital that merges another's record joins nobody; a steward is asked."""
    deciding = settled(
        change("adt", 1, ONE, demographics(None, "Roy")),
        change("adt", 2, TWO, demographics(None, "Roy")),
        change("lab", 1, ONE, claim("proposal", TWO)),
    )

    assert 2 == len(set(deciding.people().values()))
    (question,) = deciding.questions().values()
    assert ("blocked", ("claim-beyond-authority",)) == (question.kind, question.reasons)
