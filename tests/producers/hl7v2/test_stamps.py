"""HL7 times → FHIR text and milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.hl7v2.stamps import stamp

ZONE = "America/Toronto"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1980", "1980"),
        ("198005", "1980-05"),
        ("19800510", "1980-05-10"),
        ("19800000", "1980"),
        ("19800500", "1980-05"),
        ("2026051108", "2026-05-11T08:00:00-04:00"),
        ("202605110830", "2026-05-11T08:30:00-04:00"),
        ("20260111083015", "2026-01-11T08:30:15-05:00"),
        ("20260111083015.25", "2026-01-11T08:30:15.25-05:00"),
        ("20260111083015.1234+0530", "2026-01-11T08:30:15.1234+05:30"),
        ("20260111083015-0800", "2026-01-11T08:30:15-08:00"),
        ("202601110830+00:00", "2026-01-11T08:30:00+00:00"),
        ("10131113", "1013-11-13"),
    ],
)
def test_precision_and_zone_are_kept(raw: str, text: str) -> None:
    """What was said is neither rounded nor filled up; a stamp without a zone is local."""
    found = stamp(raw, ZONE)

    assert found is not None
    assert found.text == text


@pytest.mark.parametrize(
    "raw", ["", "abc", "19801301", "19800230", "2026051125", "198", "20260511083", "0000", "NULL"]
)
def test_no_calendar_has_it(raw: str) -> None:
    """What is no date is none: nothing is made up."""
    assert stamp(raw, ZONE) is None


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("20260308013000", "2026-03-08T01:30:00-05:00"),
        ("20260308033000", "2026-03-08T03:30:00-04:00"),
        ("20261101013000", "2026-11-01T01:30:00-04:00"),
        ("20261101023000", "2026-11-01T02:30:00-05:00"),
        ("20260511", "2026-05-11T00:00:00-04:00"),
    ],
)
def test_summer_time(raw: str, instant: str) -> None:
    """The hour that comes twice is its first one; the days around it have the right offset."""
    found = stamp(raw, ZONE)

    assert found is not None
    assert found.ms == ms(instant)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-12 * 60, 14 * 60))
def test_an_explicit_zone_is_exact(at: datetime, minutes: int) -> None:
    """Text and milliseconds of a stamp with an offset are the same instant."""
    sign, rest = "-" if minutes < 0 else "+", abs(minutes)
    raw = f"{at:%Y%m%d%H%M%S}{sign}{rest // 60:02d}{rest % 60:02d}"
    found = stamp(raw, ZONE)

    assert found is not None
    assert found.ms == ms(found.text)
    assert datetime.fromtimestamp(found.ms / 1000, UTC).tzinfo is UTC


@given(st.text(st.sampled_from("0123456789.+-: "), max_size=26))
def test_any_text_is_a_stamp_or_none(raw: str) -> None:
    """No text raises."""
    found = stamp(raw, ZONE)

    assert found is None or found.text[:4].isdigit()
