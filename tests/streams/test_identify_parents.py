"""A parent's card on a child's record: never joined, and asked about unless the record says whose."""

from __future__ import annotations

import pytest

from dsn_schemas.nam import check_digit
from dsn_schemas.records import Demographics, HumanName, Identifier, IdentityRequest
from dsn_schemas.systems import QUEBEC
from dsn_streams.identity.engine import Engine
from support.deciding import Deciding

CARD = f"LAVA7259211{check_digit('LAVA', 1972, 'F', 9, 21, '1')}"
ANNE = HumanName(family="Lavoie", given=("Anne",))


def request(number: str, seq: int, demographics: Demographics) -> IdentityRequest:
    return IdentityRequest(
        authority="H",
        number=number,
        source="east",
        epoch=1,
        seq=seq,
        first_captured_at=seq,
        captured_at=seq,
        section="demographics",
        op="upsert",
        item="patient",
        content=demographics,
    )


def on_her_card(born: str, gender: str, given: str, mother: HumanName | None) -> Demographics:
    return Demographics(
        identifiers=(Identifier(system=QUEBEC, value=CARD, type="JHN"),),
        names=(HumanName(family="Gagnon", given=(given,)),),
        birth_date=born,
        gender=gender,
        mother=mother,
    )


HERS = Demographics(
    identifiers=(Identifier(system=QUEBEC, value=CARD, type="JHN"),),
    names=(ANNE,),
    birth_date="1972-09-21",
    gender="female",
)


@pytest.mark.parametrize(
    ("mother", "questions"),
    [
        (ANNE, 0),
        (HumanName(family="Lavoie", given=("Annie",)), 1),
        (HumanName(family="Roy", given=("Anne",)), 1),
        (None, 1),
    ],
)
def test_a_child_on_its_mothers_card(mother: HumanName | None, questions: int) -> None:
    """Two people, whoever is named; a question only where the record does not name the mother."""
    deciding = Deciding(Engine())

    deciding.take([request("1", 1, HERS)])
    deciding.take([request("2", 2, on_her_card("2004-09-21", "male", "Hugo", mother))])

    assert 2 == len(set(deciding.people().values()))
    assert questions == len(deciding.questions())


def test_what_the_record_says_later() -> None:
    """The question goes when the record names the mother, and comes back when it does not."""
    deciding = Deciding(Engine())
    deciding.take([request("1", 1, HERS)])
    for seq, mother in enumerate((None, ANNE, None), start=2):
        deciding.take([request("2", seq, on_her_card("2004-09-21", "male", "Hugo", mother))])

        assert (mother is None) == bool(deciding.questions())


def test_a_namesake_of_a_child() -> None:
    """An elder sister is no mother, even when she has her mother's name: a question."""
    deciding = Deciding(Engine())

    deciding.take([request("1", 1, HERS)])
    deciding.take([request("2", 2, on_her_card("1980-01-02", "male", "Hugo", ANNE))])

    assert 1 == len(deciding.questions())
