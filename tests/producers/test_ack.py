"""HL7 acknowledgements, read back with the library that hospitals' tools are like."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import hl7
import pytest

from dsn_producers.ack import NO_HEADER, Code, acknowledgement, header_of

AT = datetime(2026, 3, 1, 8, 30, 5, tzinfo=ZoneInfo("America/Toronto"))


def answered(data: bytes, code: Code = "AA", reason: str = "", detail: str = "") -> bytes:
    """The answer to a message."""
    return acknowledgement(
        header_of(data), code, control_id="C1", at=AT, reason=reason, detail=detail
    )


def msh(version: str = "2.5", event: str = "ADT^A08^ADT_A01", charset: str = "8859/1") -> bytes:
    """A header."""
    return (
        f"MSH|^~\\&|ADT|CHUM|DSN|CENTRE|20260301||{event}|77|P|{version}||||||{charset}\rPID|1\r"
    ).encode()


def test_an_acceptance_answers_the_sender_in_its_own_terms() -> None:
    """Applications are exchanged, MSH-10 is in MSA-2, version, processing id and MSH-18 are kept."""
    assert answered(msh()) == (
        b"MSH|^~\\&|DSN|CENTRE|ADT|CHUM|20260301083005-0500||ACK^A08^ACK|C1|P|2.5||||||8859/1\r"
        b"MSA|AA|77\r"
    )


@pytest.mark.parametrize(
    ("version", "event", "expected"),
    [
        ("2.1", "ADT^A08", b"ACK"),
        ("2.2", "ADT^A08", b"ACK"),
        ("2.3", "ADT^A08", b"ACK^A08"),
        ("2.3.1", "ADT^A08", b"ACK^A08^ACK"),
        ("2.5.1^CAN", "ORU^R01^ORU_R01", b"ACK^R01^ACK"),
        ("2.5", "QRY", b"ACK"),
        ("", "ADT^A08", b"ACK^A08^ACK"),
        ("x", "ADT^", b"ACK"),
    ],
)
def test_the_type_is_as_the_version_has_it(version: str, event: str, expected: bytes) -> None:
    """Old versions know no event and no structure in an acknowledgement."""
    assert header_of(answered(msh(version, event))).field(9) == expected


@pytest.mark.parametrize(
    ("version", "error"),
    [
        (
            "2.5",
            b"ERR|||201^Unsupported event code^HL70357|E|unknown-event|||unknown-event: use A08",
        ),
        ("2.3", b"ERR|^^^201&Unsupported event code&HL70357"),
    ],
)
def test_a_refusal_says_why(version: str, error: bytes) -> None:
    """MSA-3 for those who log it, ERR in the form of the sender's version."""
    segments = answered(msh(version), "AR", "unknown-event", "use A08").split(b"\r")

    assert segments[1] == b"MSA|AR|77|unknown-event: use A08"
    assert segments[2] == error


def test_our_own_words_break_no_field() -> None:
    """Separators and accents of a reason become plain characters in every character set."""
    segments = answered(msh(), "AE", "x", "a|b^c~d\\e&f\rg é").split(b"\r")

    assert segments[1] == b"MSA|AE|77|x: a b c d e f g ?"


def test_other_separators_are_kept() -> None:
    """A sender may choose its own."""
    data = b"MSH#*~\\!#ADT#CHUM#DSN#C#2026##ADT*A08*ADT_A01#9#T#2.4\r"

    assert answered(data, "AE", "unknown-event").split(b"\r")[:3] == [
        b"MSH#*~\\!#DSN#C#ADT#CHUM#20260301083005-0500##ACK*A08*ACK#C1#T#2.4",
        b"MSA#AE#9#unknown-event:",
        b"ERR#***201!Unsupported event code!HL70357",
    ]


def test_the_senders_bytes_come_back_as_they_were() -> None:
    """An accent in MSH-3 in Latin-1 stays Latin-1: nothing is decoded."""
    assert b"|H\xf4pital|" in answered(msh().replace(b"CHUM", b"H\xf4pital"))


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0", b"PID|1", b"MSH", b"MSH|", b"MSHxyzabc", b"\xff" * 99, b"MSH\r|^~\\&|"]
)
def test_a_message_without_a_header_is_answered_too(data: bytes) -> None:
    """With a header of our own and no control id."""
    assert header_of(data) is NO_HEADER
    assert answered(data, "AR", "no-header", "begin with MSH") == (
        b"MSH|^~\\&|||||20260301083005-0500||ACK|C1|P|2.5\r"
        b"MSA|AR||no-header: begin with MSH\r"
        b"ERR|||100^Segment sequence error^HL70357|E|no-header|||no-header: begin with MSH\r"
    )


@pytest.mark.parametrize("code", ["AA", "AE", "AR"])
def test_a_library_reads_the_answer(code: Code) -> None:
    """``hl7`` finds the code, the control id and the reason where they belong."""
    parsed = hl7.parse(answered(msh(), code, "unknown-event", "use A08").decode())

    assert str(parsed.segment("MSA")[1]) == code
    assert str(parsed.segment("MSA")[2]) == "77"
    assert str(parsed.segment("MSH")[18]) == "8859/1"
