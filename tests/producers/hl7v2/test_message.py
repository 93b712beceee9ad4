"""Bytes → characters, segments, fields, components, escapes."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.hl7v2.charset import decode
from dsn_producers.hl7v2.escapes import unescape
from dsn_producers.hl7v2.message import Message, Segment, parse
from dsn_producers.mapping import Unmappable

HEADER = "MSH|^~\\&|A|B|C|D|20260511||ADT^A01|M1|P|2.5"


def pid(message: Message) -> Segment:
    return next(segment for segment in message.segments if segment.name == "PID")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n"])
def test_segments_end_in_any_line_end(end: str) -> None:
    """CR is the rule; LF, CRLF and empty lines are read alike."""
    message = parse(end.join([HEADER, "EVN|A01", "PID|1||42", ""]).encode(), "utf-8")

    assert [segment.name for segment in message.segments] == ["EVN", "PID"]
    assert pid(message).text(3) == "42"


def test_a_line_that_starts_no_segment_is_text() -> None:
    """A line end inside a field, which its sender forgot to escape, does not lose the line."""
    message = parse(f"{HEADER}\rOBX|1|TX|A||first\nsecond line\nThird|F\rNTE|1".encode(), "utf-8")

    assert message.segments[0].words(5) == "first\nsecond line\nThird"
    assert message.segments[1].name == "NTE"


def test_msh_fields_count_their_separator() -> None:
    """MSH-1 is the separator itself, so MSH-10 is the control id."""
    message = parse(HEADER.encode(), "utf-8")

    assert (message.header.raw(1), message.header.raw(2)) == ("|", "^~\\&")
    assert message.control_id == "M1"


def test_other_separators() -> None:
    """A message says in MSH-1 and MSH-2 with what it is written."""
    message = parse(rb"MSH^~|\&^A^B^C^D^2026^^ADT~A24^7^T" + b"\rPID^1^^11~~~F&1.2|22", "utf-8")

    assert message.header.value(9).sub(2) == "A24"
    assert [value.sub(1) for value in pid(message).values(3)] == ["11", "22"]
    assert pid(message).value(3).sub(4, 2) == "1.2"


@pytest.mark.parametrize("marks", ["", "^", "^~", "^~\\", "^~\\&", "^~\\&#", "^~\\\\&"])
def test_missing_separators_have_their_usual_value(marks: str) -> None:
    """MSH-2 may be cut short, carry a fifth mark, or a backslash doubled on the way."""
    message = parse(f"MSH|{marks}|A\rPID|||a^b~c\\T\\d&e".encode(), "utf-8")

    assert pid(message).value(3)[2] == "b"
    assert pid(message).values(3)[1].sub(1) == "c&d"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("one\\.br\\two\\.sp2\\three", "one\ntwo\n\nthree"),
        ("\\H\\high\\N\\ normal", "high normal"),
        ("caf\\XC3A9\\", "café"),
        ("\\X0D0A\\", "\n"),
        ("\\X00\\", "\\X00\\"),
        ("\\XE9\\", "\\XE9\\"),
        ("\\XZZ\\", "\\XZZ\\"),
        ("\\.sp9999\\", "\n" * 10),
        ("\\.in+4\\x\\.fi\\", "x"),
        ("\\Zlocal\\x", "x"),
        ("\\unknown\\", "\\unknown\\"),
        ("C:\\dir", "C:\\dir"),
        ("\\E\\.br\\E\\", "\\.br\\"),
    ],
)
def test_escape_sequences(raw: str, text: str) -> None:
    """What stands for something is resolved, what means nothing stays as it came."""
    assert unescape(raw, "|^&~", "\\", "utf-8") == text


def test_hexadecimal_is_in_the_charset_of_the_message() -> None:
    """\\XE9\\ in a Latin-1 message is é."""
    assert unescape("caf\\XE9\\", "|^&~", "\\", "latin-1") == "café"


def test_the_null_value_is_nothing() -> None:
    """``""`` means "delete what you have": never the text of two quotes."""
    message = parse(f'{HEADER}\rPID|""||""^^^X~5|""^a'.encode(), "utf-8")

    assert [pid(message).text(n) for n in (1, 3, 4)] == ["", "", ""]
    assert not pid(message).value(1)
    assert pid(message).values(1) == []


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859_15"),
        ("UNICODE UTF-8", "utf-8"),
        ("UNICODE", "utf-8"),
        ("", "cp1252"),
        ("WINDOWS-1252", "cp1252"),
    ],
)
def test_the_character_set_is_the_declared_one(declared: str, codec: str) -> None:
    """MSH-18 decides; where it is empty, the source's settings do."""
    assert decode("Zoé Bélanger".encode(codec), declared, "cp1252")[0] == "Zoé Bélanger"


def test_further_sets_of_msh_18() -> None:
    """A message that names UTF-8 among its sets is in UTF-8."""
    text = f"{HEADER}||||||8859/1~UNICODE UTF-8\rPID|||é".encode()

    assert pid(parse(text, "ascii")).text(3) == "é"


def test_a_byte_order_mark_means_utf8() -> None:
    """Files from Windows begin with one."""
    assert pid(parse(b"\xef\xbb\xbf" + f"{HEADER}\rPID|||é".encode(), "latin-1")).text(3) == "é"


@pytest.mark.parametrize(
    ("data", "declared", "hint"),
    [
        ("é".encode("latin-1"), "UNICODE UTF-8", "0xe9"),
        ("é".encode("latin-1"), "ASCII", "0xe9"),
        ("é".encode(), "8859/1", "the bytes are UTF-8"),
        ("L’été".encode("cp1252"), "8859/1", "windows-1252"),
        ("É".encode().decode("latin-1").encode(), "UNICODE UTF-8", "damaged"),
        ("É".encode().decode("cp1252").encode(), "UNICODE UTF-8", "damaged"),
        ("Montr\ufffdal".encode(), "", "damaged"),
    ],
)
def test_a_wrong_character_set_is_refused(data: bytes, declared: str, hint: str) -> None:
    """Bytes that are not what they claim, or text damaged before, are never repaired silently."""
    with pytest.raises(Unmappable, match=hint) as refused:
        decode(data, declared, "utf-8")

    assert refused.value.reason == "wrong-charset"


TEXT = st.text(st.sampled_from('ab1é |^~&"'), max_size=30)


@given(st.lists(st.builds("{}|{}".format, st.sampled_from(["PID", "ZZ1"]), TEXT), max_size=5))
def test_agrees_with_the_library(segments: list[str]) -> None:
    """Fields, repetitions, components and subcomponents are where the library ``hl7`` finds them."""
    text = "\r".join([HEADER, *segments])
    ours, theirs = parse(text.encode(), "utf-8"), hl7.parse(text)

    assert len(ours.segments) + 1 == len(theirs)
    for mine, other in zip(ours.segments, list(theirs)[1:], strict=True):
        for number in range(1, len(other)):
            repetitions = str(other[number]).split("~")
            assert [value.raw for value in mine.values(number)] == [
                raw for raw in repetitions if raw not in ("", '""')
            ]
            for index, raw in enumerate(repetitions):
                for component, part in enumerate(raw.split("^"), start=1):
                    field = other[number]
                    said = field if len(repetitions) == 1 else field[index]
                    assert str(said).split("^")[component - 1] == part
