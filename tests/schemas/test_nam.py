"""The health insurance number of Quebec."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_schemas import nam
from dsn_schemas.records import Demographics, Identifier

PUBLISHED = [
    ("MAYM21561219", date(2021, 6, 12), "F"),
    ("LACM30010115", date(1930, 1, 1), "M"),
    ("TEST54122816", date(1954, 12, 28), "M"),
    ("COTS80051012", date(1980, 5, 10), "M"),
    ("COTS800510Z4", date(1980, 5, 10), "M"),
    ("SERE75613018", date(1975, 11, 30), "F"),
    ("SERE756130Z0", date(1975, 11, 30), "F"),
]


@pytest.mark.parametrize(("number", "born", "sex"), PUBLISHED)
def test_published_numbers_are_valid(number, born, sex):
    """Samples from public guides and code pass, and say their century and coded sex."""
    found = nam.info(number)

    assert (number, born, sex) == (found.number, found.birth_date, found.coded_sex)
    assert nam.is_valid(number, born)
    assert not nam.is_valid(number, born.replace(year=born.year - 1))


@pytest.mark.parametrize(
    "wrong",
    ["SIMM86600199", "", "MAYM2156121", "MAYM215612199", "MAYM21131219", "MAYM215612I9", "12AB"],
)
def test_others_are_not(wrong):
    """Made-up, short, long, impossible dates and forbidden letters are refused with a reason."""
    with pytest.raises(nam.InvalidNam) as error:
        nam.validate(wrong)

    assert wrong == "" or wrong not in str(error.value)


def test_written_as_on_the_card():
    """Spaces, hyphens and lower case are taken; the card's three groups are given back."""
    assert "MAYM21561219" == nam.validate(" maym-2156 1219")
    assert "MAYM 2156 1219" == nam.format("maym21561219")


letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4)


@given(
    letters,
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.sampled_from("MF"),
    st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
)
def test_every_composed_number_is_valid_with_its_birth_date(prefix, born, sex, sequence):
    """A number made by the rule is valid for its birth date; one digit off it is not."""
    digit = nam.check_digit(prefix, born.year, sex, born.month, born.day, sequence)
    month = born.month + (50 if sex == "F" else 0)
    body = f"{prefix}{born.year % 100:02d}{month:02d}{born.day:02d}{sequence}"

    assert nam.is_valid(f"{body}{digit}", born)
    assert not nam.is_valid(f"{body}{(digit + 1) % 10}", born)


def test_a_number_is_verified_only_by_the_records_own_full_birth_date():
    """Without a full birth date, with another one, or marked old, a number vouches for nothing."""

    def record(value: str, born: str, use: str = "") -> Demographics:
        return Demographics(
            identifiers=(Identifier(system=nam.SYSTEM, value=value, use=use),), birth_date=born
        )

    assert "MAYM21561219" == nam.verified(record("maym 2156 1219", "2021-06-12"))
    assert nam.verified(record("MAYM21561219", "2021-06")) is None
    assert nam.verified(record("MAYM21561219", "2021-06-13")) is None
    assert nam.verified(record("MAYM21561219", "2021-06-12", "old")) is None
