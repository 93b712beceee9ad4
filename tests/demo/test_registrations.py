"""Files at three places, in their spellings."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import Place, Registration, latin1, registrations
from dsn_schemas.nam import is_valid


def _at(key: str, place: Place) -> Registration:
    found = [
        one
        for one in registrations(population())
        if (one.person.key, one.place) == (key, place) and not one.merged_into
    ]
    assert len(found) == 1
    return found[0]


def test_local_numbers() -> None:
    """No two files of a place share a number, and no number means the same at two places."""
    keys = [one.key for one in registrations(population())]

    assert len(keys) == len(set(keys))
    assert len({number for _, number in keys}) == len(keys)


def test_leading_zeros() -> None:
    """HDM's numbers begin with zeros, which a number type would lose."""
    assert all(
        one.number.startswith("000") for one in registrations(population()) if one.place == "HDM"
    )


def test_married_name() -> None:
    """One hospital knows the married name, the other the surname at birth; the NAM is one."""
    chul, hdm = _at("therese", "CHUL"), _at("therese", "HDM")

    assert (chul.family, hdm.family) == ("Ouellet", "BÉLANGER")
    assert chul.nam == hdm.nam


def test_spellings() -> None:
    """A name outside ISO-8859-1 stands without its accents at CHUL and with them at the clinic."""
    assert _at("chau", "CHUL").family == "Nguyen"
    assert _at("chau", "HDM-CLINIQUE").family == "Nguyễn"
    assert _at("jean-pierre", "CHUL").family == "Lecoeur"
    assert _at("jean-pierre", "HDM").given == ("J-PIERRE",)


def test_mistakes() -> None:
    """A mistyped digit, a swapped date and a parent's card make a NAM that is not verified."""
    typo, swapped = _at("typo", "HDM"), _at("swapped", "HDM")
    infant = _at("nathan", "HDM")

    assert not is_valid(typo.nam)
    assert is_valid(swapped.nam)
    assert not is_valid(swapped.nam, swapped.born)
    assert infant.nam == _at("karine", "HDM").nam
    assert not is_valid(infant.nam, infant.born)
    assert swapped.born == date(1952, 9, 6)


@given(st.text())
def test_latin1(text: str) -> None:
    """Whatever ISO-8859-1 can write stays as it is; letters outside it lose their marks."""
    written = latin1(text)

    assert all(c in written for c in text if c.isascii())
    assert latin1(written) == written


@given(st.sampled_from([one.person for one in registrations(population())]))
def test_latin1_names(person: object) -> None:
    """Every name of the population can be written in ISO-8859-1."""
    latin1(f"{getattr(person, 'family', '')} {getattr(person, 'usual', '')}").encode("latin-1")
