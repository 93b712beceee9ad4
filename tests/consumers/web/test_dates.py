"""Dates keep the precision they came in; ages are what one says at the bedside."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_consumers.web.dates import age_words, clinical_words, instant_words, span_words

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("birth", "words"),
    [
        ("1982-04-04", "44 ans"),
        ("1982-11-24", "43 ans"),
        ("2026-11-20", "3 jours"),
        ("2026-11-22", "1 jour"),
        ("2025-05-23", "18 mois"),
        ("1951-07", "≈ 75 ans"),
        ("1951", "≈ 75 ans"),
    ],
)
def test_age_in_the_unit_of_that_age(birth: str, words: str) -> None:
    """Days, then months, then years; an incomplete date gives an age that is about right."""
    found = age_words(birth, NOW)

    assert found is not None
    assert found.fr == words


@pytest.mark.parametrize("birth", ["", "inconnue", "2030-01-01", "1980-13-40"])
def test_no_age_without_a_birth_date(birth: str) -> None:
    """A date that cannot be gives no age rather than a wrong one."""
    assert age_words(birth, NOW) is None


def test_an_instant_is_in_local_time() -> None:
    """18:00 UTC in November is 13 h 00 in Quebec."""
    assert instant_words(NOW).fr == "2026-11-23 13\u00a0h\u00a000"
    assert instant_words(NOW).en == "2026-11-23 13:00"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2026", "2026"),
        ("2026-11", "2026-11"),
        ("2026-11-22T06:40:00-05:00", "2026-11-22 06:40"),
        ("2026-11-22T11:40:00Z", "2026-11-22 06:40"),
        ("vers 1990", "vers 1990"),
    ],
)
def test_a_clinical_date_keeps_its_precision(said: str, shown: str) -> None:
    """Nothing is added to a date that came without day or hour."""
    assert clinical_words(said).en == shown


@given(st.text(min_size=1).filter(str.strip))
def test_any_text_in_a_date_field_is_shown(said: str) -> None:
    """A source that writes words where a date belongs is shown word for word."""
    assert clinical_words(said).fr


@given(st.timedeltas())
def test_a_span_is_never_negative(span: timedelta) -> None:
    """A clock that runs ahead does not make an age negative."""
    assert "-" not in span_words(span).fr
