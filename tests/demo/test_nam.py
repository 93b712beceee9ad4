"""Composing health insurance numbers, against published samples."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_deploy.demo.nam import SEQUENCES, compose, prefix
from dsn_schemas.nam import info


@pytest.mark.parametrize(
    ("surname", "usual", "born", "sex", "sequence", "expected"),
    [
        ("Côté", "Sébastien", date(1980, 5, 10), "M", "1", "COTS80051012"),
        ("Côté", "Sébastien", date(1980, 5, 10), "M", "Z", "COTS800510Z4"),
        ("Séraphin", "Élise", date(1975, 11, 30), "F", "1", "SERE75613018"),
        ("Mayrand", "Marie", date(2021, 6, 12), "F", "1", "MAYM21561219"),
        ("Lacroix", "Marc", date(1930, 1, 1), "M", "1", "LACM30010115"),
    ],
)
def test_published_samples(
    surname: str, usual: str, born: date, sex: str, sequence: str, expected: str
) -> None:
    """The numbers composed are those of the published samples, letter sequences included."""
    assert compose(surname, usual, born, sex, sequence) == expected


@pytest.mark.parametrize(
    ("surname", "usual", "letters"),
    [
        ("Saint-Pierre", "Julie", "STPJ"),
        ("St-Pierre", "Julie", "STPJ"),
        ("Ste-Marie", "Réginald", "STMR"),
        ("De La Durantaye", "Anne", "DELA"),
        ("D'Amours", "Marc", "DAMM"),
        ("O'Neil", "Liam", "ONEL"),
        ("Lê", "Tuấn", "LEXT"),
        ("Œuvrard", "Éloïse", "OEUE"),
        ("Nguyễn", "Minh Châu", "NGUM"),
    ],
)
def test_prefix(surname: str, usual: str, letters: str) -> None:
    """Accents, particles, apostrophes, Saint and short surnames follow the card's rules."""
    assert prefix(surname, usual) == letters


@given(
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.sampled_from("MF"),
    st.sampled_from(SEQUENCES),
)
def test_every_number_is_read_back(born: date, sex: str, sequence: str) -> None:
    """A composed number is valid and says the birth date, sex and sequence it was made from."""
    read = info(compose("Tremblay", "Jean", born, sex, sequence), born)

    assert (read.birth_date, read.coded_sex, read.sequence) == (born, sex, sequence)


@pytest.mark.parametrize(("sex", "sequence"), [("X", "1"), ("F", "0"), ("M", "O"), ("M", "12")])
def test_refused(sex: str, sequence: str) -> None:
    """A sex that the month cannot code, or a sequence character that cards lack, is refused."""
    with pytest.raises(ValueError, match="cannot stand in a NAM"):
        compose("Roy", "Luc", date(1980, 1, 1), sex, sequence)
