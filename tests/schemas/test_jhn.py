"""Health numbers of other provinces, the classes of what stands in the place of a NAM, aliases."""

from __future__ import annotations

from datetime import date

import pytest

from dsn_schemas import jhn, nam, systems
from dsn_schemas.nam import NumberClass


def test_check_digits_that_are_public_are_verified():
    """British Columbia by weights modulo 11, Ontario by Luhn, version letters aside."""
    assert "9698658215" == jhn.validate("9698 658 215", "BC")
    assert "1234567897" == jhn.validate("1234-567-897-AB", "ON")
    assert "1234 567 897 AB" == jhn.format("1234567897ab", "ON")
    for wrong, province in (("9698658216", "BC"), ("1234567898", "ON"), ("12345678", "AB")):
        with pytest.raises(jhn.InvalidJhn) as error:
            jhn.validate(wrong, province)
        assert wrong not in str(error.value)
    assert not jhn.is_valid("123456789", "XX")


@pytest.mark.parametrize(
    ("text", "born", "kind"),
    [
        ("maym 2156 1219", date(2021, 6, 12), NumberClass.VALID),
        ("MAYM21561218", date(2021, 6, 12), NumberClass.FORMAT_ONLY),
        ("MAYM21561219", date(2021, 6, 13), NumberClass.FORMAT_ONLY),
        ("SIMM8660", None, NumberClass.MALFORMED),
        ("9698658215", None, NumberClass.FOREIGN),
        ("", None, NumberClass.ABSENT),
        ("inconnu", None, NumberClass.ABSENT),
        ("000000000000", None, NumberClass.ABSENT),
        ("TEST54122816", date(1954, 12, 28), NumberClass.TEST),
    ],
)
def test_what_stands_in_the_place_of_a_nam(text, born, kind):
    """Each class, with the birth date where it is known."""
    assert kind is nam.classify(text, born)[1]


def test_a_system_has_one_name():
    """OIDs, URIs in any case and HL7 authorities; a bare province only for a health number."""
    for spelled in ("urn:oid:2.16.124.10.101.1.60.100", "ramq", nam.SYSTEM.upper()):
        assert nam.SYSTEM == systems.canonical(spelled)
    assert systems.PROVINCES["ON"] == systems.canonical("ON", "JHN")
    assert "ON" == systems.canonical("ON", "MR")
    assert "chum" == systems.canonical(" chum ")
