"""What an entry says: leaders, contradictions, corrections, and demographics field by field."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_schemas.records import (
    Allergy,
    Coding,
    Concept,
    Content,
    Demographics,
    HumanName,
    Medication,
    Result,
)
from dsn_schemas.wire import decode_content, encode_content
from dsn_streams.contribution import DELETE, SECTION_NUMBERS, UPSERT, Contribution
from dsn_streams.merge import merge
from support.histories import demographics, nam

CODE = Concept(codings=(Coding(system="s", code="c"),))


def said(
    section: str,
    content: Content | None,
    *,
    record: str = "H|1",
    source: str = "adt",
    status: str = "active",
    at: int = 1,
    captured_at: int = 100,
    op: int = UPSERT,
    seq: int = 1,
) -> Contribution:
    return Contribution(
        record=record,
        source=source,
        item="i",
        epoch=1,
        seq=seq,
        op=op,
        status=status,
        occurred_at=at,
        captured_at=captured_at,
        section=SECTION_NUMBERS[section],
        entry="e",
        version=1,
        content=encode_content(content),
    )


def test_the_most_recent_leads_and_all_are_listed():
    """Two places with the same allergy: one entry, the newest statement in front."""
    old = said("allergies", Allergy(code=CODE, note="old"), record="H|1", at=1)
    new = said("allergies", Allergy(code=CODE, note="new"), record="C|9", at=2)

    merged = merge([old, new])

    assert [new, old] == list(merged.contributions)
    assert "new" == decode_content(merged.content).note
    assert () == merged.conflicts


def test_a_wrong_clock_does_not_win():
    """A time after it was captured counts as the time it was captured."""
    wrong = said("allergies", Allergy(code=CODE), record="H|1", at=10_000, captured_at=50)
    right = said("allergies", Allergy(code=CODE), record="C|9", at=60, captured_at=100)

    merged = merge([wrong, right])

    assert right == merged.contributions[0]
    assert 60 == merged.as_of


@pytest.mark.parametrize(
    ("one", "two", "conflicts"),
    [
        ("active", "active", ()),
        ("active", "stopped", ("status",)),
        ("active", "completed", ("status",)),
        ("stopped", "completed", ()),
    ],
)
def test_active_here_and_stopped_there_is_shown(one, two, conflicts):
    """A medication active at one place and ended at another is a contradiction."""
    drug = Medication(code=CODE)
    merged = merge(
        [said("medications", drug, status=one), said("medications", drug, record="C|9", status=two)]
    )

    assert conflicts == merged.conflicts


def test_values_that_disagree_are_named():
    """Two laboratories with different values for one accession: both stay, the field is named."""
    merged = merge(
        [
            said("results", Result(code=CODE, value_text="1"), status="final"),
            said("results", Result(code=CODE, value_text="2"), record="C|9", status="final"),
        ]
    )

    assert ("value_text",) == merged.conflicts
    assert {'"1"', '"2"'} == {one.value for one in merged.disagreements}
    assert {(0,), (1,)} == {one.contributors for one in merged.disagreements}
    assert 2 == len(merged.contributions)


def test_silence_is_no_contradiction():
    """A place that says nothing of a field does not disagree about it."""
    merged = merge(
        [
            said("allergies", Allergy(code=CODE, criticality="high")),
            said("allergies", Allergy(code=CODE), record="C|9"),
        ]
    )

    assert () == merged.conflicts


def test_a_final_result_leads_a_newer_preliminary_one_of_another_place():
    """Rank comes before time among results."""
    final = said("results", Result(code=CODE, value_text="1"), status="final", at=1)
    early = said(
        "results", Result(code=CODE, value_text="1"), record="C|9", status="preliminary", at=9
    )

    assert final == merge([early, final]).contributions[0]


def test_what_was_entered_in_error_never_leads_a_living_statement():
    """A withdrawn statement stays listed, behind, and contradicts nothing."""
    error = said(
        "allergies", Allergy(code=CODE, criticality="high"), status="entered-in-error", at=9
    )
    living = said("allergies", Allergy(code=CODE, criticality="low"), record="C|9", at=1)

    merged = merge([error, living])

    assert living == merged.contributions[0]
    assert () == merged.conflicts


def test_when_all_is_deleted_the_entry_has_no_content():
    """The contributors of a deleted entry stay known; its content is gone."""
    merged = merge([said("allergies", None, op=DELETE)])

    assert decode_content(merged.content) is None
    assert 1 == len(merged.contributions)


def test_demographics_survive_field_by_field():
    """Each field comes from the weightiest record that says it, and tells from which."""
    verified = said("demographics", demographics(0, "Roy"), record="H|1", at=1)
    later = said(
        "demographics",
        Demographics(
            names=(HumanName(family="Tremblay", given=("Mélanie",)),),
            birth_date="1980-05-11",
            gender="female",
        ),
        record="C|9",
        at=50,
    )

    merged = merge([verified, later])
    content = decode_content(merged.content)
    rules = {origin.field: (origin.rule, origin.contributors) for origin in merged.provenance}

    assert "1980-05-10" == content.birth_date
    assert "female" == content.gender
    assert ["Roy", "Tremblay"] == [name.family for name in content.names]
    assert nam(0) == content.identifiers[0].value
    assert ("birth_date",) == merged.conflicts
    at = list(merged.contributions).index
    assert ("verified", (at(verified),)) == rules["birth_date"]
    assert ("only", (at(later),)) == rules["gender"]
    assert "union" == rules["names"][0]


def test_fields_that_belong_together_stay_together():
    """A birth order is never taken from another record than the multiple birth it belongs to."""
    twin = said("demographics", Demographics(multiple_birth=True, birth_order=2), at=1)
    other = said("demographics", Demographics(multiple_birth=False), record="C|9", at=2)

    content = decode_content(merge([twin, other]).content)

    assert content.multiple_birth is False
    assert content.birth_order is None


@given(
    st.lists(
        st.builds(
            said,
            section=st.just("allergies"),
            content=st.sampled_from((Allergy(code=CODE), Allergy(code=CODE, criticality="low"))),
            record=st.sampled_from(("H|1", "H|2", "C|1")),
            source=st.sampled_from(("a", "b")),
            status=st.sampled_from(("active", "inactive", "entered-in-error")),
            at=st.integers(0, 3),
            op=st.sampled_from((UPSERT, DELETE)),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda item: (item.record, item.source),
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_contributions_does_not_matter(items, shuffle):
    """Any permutation of the contributions is the same entry."""
    shuffled = list(items)
    shuffle.shuffle(shuffled)

    assert merge(items) == merge(shuffled)


def overridden(field: str, seq: int, **content: object) -> Contribution:
    """A steward's override of a field, whatever the clocks say."""
    value = Demographics(**content)  # type: ignore[arg-type]
    item = said("demographics", value, source="steward", seq=seq, at=1, captured_at=1)
    return msgspec.structs.replace(item, item=f"override|{field}")


def test_a_stewards_override_stands_above_every_source():
    """Only the field it names; the last decision, not the newest clock; nothing is disputed then."""
    one = said("demographics", demographics(0, "Roy"), record="H|1", at=50)
    two = said(
        "demographics",
        Demographics(birth_date="1981-01-01", active=False, gender="female"),
        record="C|9",
        at=60,
    )
    items = [
        one,
        two,
        overridden("birth_date", 2, birth_date="1980-05-11"),
        overridden("gender", 1, gender="other"),
    ]

    merged = merge(items)

    content = decode_content(merged.content)
    assert isinstance(content, Demographics)
    assert ("1980-05-11", "other", "Roy") == (
        content.birth_date,
        content.gender,
        content.names[0].family,
    )
    rules = {origin.field: origin.rule for origin in merged.provenance}
    assert ("steward", "steward") == (rules["birth_date"], rules["gender"])
    assert {"birth_date", "gender"}.isdisjoint(merged.conflicts)
    assert merge(items[::-1]).content == merged.content


def test_an_override_taken_back_leaves_what_the_sources_say():
    """A deleted override is no voice any more."""
    one = said("demographics", demographics(0, "Roy"), record="H|1", at=50)
    gone = msgspec.structs.replace(
        overridden("birth_date", 3), op=DELETE, content=encode_content(None)
    )

    assert merge([one]).content == merge([one, gone]).content
