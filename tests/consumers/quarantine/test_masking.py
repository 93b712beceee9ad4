"""The shape of a message shows nobody's data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_consumers.quarantine.masking import SHOWN_CHARS_MAX, masked

HL7 = (
    "MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301101500||ADT^A08^ADT_A01|C77|P|2.5\r"
    "PID|1||4411^^^CHUM^MR||GAGNÉ^ÉLISE||19700101|F\r"
    "tremblay|secret\r"
)
FHIR = {
    "resourceType": "Patient",
    "name": [{"family": "Gagné"}],
    "birthDate": "1970-01-01",
    "active": True,
    "multipleBirthInteger": 2,
    "TREM 7001 0112": {"resourceType": "Tremblay 1970"},
}


def test_hl7_keeps_segments_type_and_version() -> None:
    """Enough to see what kind of message it is and where it is filled."""
    lines = masked(HL7.encode("latin-1")).split("\n")

    assert lines[0] == "MSH|^~\\&|xxx|xxxx|xxx|xxx|99999999999999||ADT^A08^ADT_A01|x99|x|2.5"
    assert lines[1] == "PID|9||9999^^^xxxx^xx||xxxxx^xxxxx||99999999|x"
    assert lines[2] == "xxxxxxxx|xxxxxx"


def test_fhir_keeps_property_names_and_the_type() -> None:
    """What could not be a name of R4 is masked like a value."""
    said = json.loads(masked(json.dumps(FHIR).encode()))

    assert said == {
        "resourceType": "Patient",
        "name": [{"family": "xxxxx"}],
        "birthDate": "9999-99-99",
        "active": True,
        "multipleBirthInteger": "9",
        "xxxx 9999 9999": {"resourceType": "xxxxxxxx 9999"},
    }


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"{", b"MSH", b"MSH|", b"[" * 5_000])
def test_bytes_that_are_no_message_are_only_counted(data: bytes) -> None:
    """Nothing that comes raises, and nothing is shown as it is."""
    assert not any(letter in masked(data) for letter in "ÿ\xff")


@given(st.binary(max_size=200), st.text(min_size=4, max_size=12))
def test_no_word_comes_through(noise: bytes, word: str) -> None:
    """Whatever stands around it: of a word with a letter that is no x, the word is not there."""
    secret = word.strip()
    if not any(letter.isalpha() and letter not in "xX" for letter in secret) or len(secret) < 4:
        return
    kinds = ("byte", "know", "form", "like", "none", "begi", "JSON", "that", "are ", "and ", "of n")
    for data in (
        f"MSH|^~\\&|{secret}|{secret}\rPID|{secret}\r".encode() + noise,
        json.dumps({"a": secret, "b": [secret]}, ensure_ascii=False).encode(errors="replace"),
    ):
        if not any(kind in secret for kind in kinds):
            assert secret not in masked(data)


def test_a_long_message_is_cut() -> None:
    """A page is no place for sixteen megabytes."""
    assert len(masked(b"MSH|^~\\&|" + b"a|" * 100_000)) <= SHOWN_CHARS_MAX + 2
