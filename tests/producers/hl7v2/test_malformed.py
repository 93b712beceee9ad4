"""Whatever comes in, a message is mapped whole or refused with a reason."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.hl7v2 import map_message
from dsn_producers.mapping import Mapped, Unmappable
from dsn_producers.sources import Source
from dsn_schemas.wire import check_content, encode_content

HEADER = b"MSH|^~\\&|ADT|HSC|||20260511||ADT^A01|M1|P|2.5"
SOURCE = Source(name="hsc-adt", establishment="hsc", authority="HSC")


def outcome(data: bytes) -> Mapped | Unmappable:
    """What becomes of the bytes; any other exception fails the test."""
    try:
        mapped = map_message(data, SOURCE, 1_700_000_000_000)
    except Unmappable as refused:
        return refused
    assert mapped.items
    for item in mapped.items:
        assert item.number and item.item
        if item.content is not None:
            check_content(encode_content(item.content), item.section)
    return mapped


@pytest.mark.parametrize(
    ("data", "reason", "refusal"),
    [
        (b"", "not-hl7", "AR"),
        (b"\x0b\x1c\r", "not-hl7", "AR"),
        (b"GET / HTTP/1.1\r\n", "not-hl7", "AR"),
        (b"MSH", "not-hl7", "AR"),
        (b"MSH|^~\\", "not-hl7", "AR"),
        (b"MSH|||||||||", "unknown-message-type", "AR"),
        (b"MSHA^~\\&A", "not-hl7", "AR"),
        (b"MSH|||\\&|x", "unknown-message-type", "AR"),
        (b"MSH|^^\\&|x", "not-hl7", "AR"),
        (b"MSH|~^\\&", "unknown-message-type", "AR"),
        (b"MSH|\x01~\\&|x", "not-hl7", "AR"),
        (b"FHS|^~\\&|x\rBHS|^~\\&", "not-hl7", "AR"),
        (HEADER, "no-record-number", "AE"),
        (HEADER + b"\rPID", "no-record-number", "AE"),
        (HEADER + b"\rPID|1||1\x00^^^HSC", "nul-bytes", "AE"),
        (HEADER + b"\rPID|1||1||\xff", "wrong-charset", "AE"),
        (HEADER.decode().encode("utf-16"), "not-hl7", "AR"),
        (HEADER.replace(b"ADT^A01", b"SIU^S12"), "unknown-message-type", "AR"),
        (HEADER.replace(b"ADT^A01", b"ADT^A99"), "unknown-message-type", "AR"),
        (HEADER.replace(b"ADT^A01", b"ADT"), "unknown-message-type", "AR"),
        (HEADER.replace(b"ADT^A01", b"ACK"), "unknown-message-type", "AR"),
        (HEADER.replace(b"ADT^A01", b""), "unknown-message-type", "AR"),
        (
            HEADER.replace(b"ADT^A01", b"ORM^O01") + b"\rPID|||1||Roy\rOBR|1",
            "unknown-message-type",
            "AR",
        ),
        (HEADER + b"\rPID|||1", "nothing-to-take", "AE"),
        (HEADER.replace(b"ADT^A01", b"MDM^T02") + b"\rPID|||1||Roy", "missing-segment", "AE"),
    ],
)
def test_unusable_messages(data: bytes, reason: str, refusal: str) -> None:
    """Each kind of damage has its reason, and AR where the message itself is not for us."""
    refused = outcome(data)

    assert isinstance(refused, Unmappable)
    assert (refused.reason, refused.refusal) == (reason, refusal)


@pytest.mark.parametrize("event", ["", "A31"])
def test_the_event_of_old_messages(event: str) -> None:
    """Where MSH-9 names no event, EVN-1 does."""
    kind = f"ADT^{event}".rstrip("^").encode()
    data = HEADER.replace(b"ADT^A01", kind) + b"\rEVN|A31\rPID|||1||Roy"

    assert isinstance(outcome(data), Mapped)


@pytest.mark.parametrize(
    ("data", "control_id"),
    [
        (HEADER, "M1"),
        (HEADER + b"\rPID|||\x00", "M1"),
        (HEADER.replace(b"M1", b"\xe9"), ""),
        (b"MSH|^~\\&", ""),
        (b"junk", ""),
    ],
)
def test_a_refusal_names_the_message(data: bytes, control_id: str) -> None:
    """The sender finds the message by its own id, where that can be read."""
    refused = outcome(data)

    assert isinstance(refused, Unmappable)
    assert refused.message_id == control_id


def test_a_refusal_holds_nothing_of_the_patient() -> None:
    """Reason and detail go to logs and acknowledgements."""
    secret = b"SECRET80010112"
    for field in range(1, 40):
        pid = b"\rPID" + b"|" * field + secret + b"^" + secret + b"^^" + secret + b"^\xff"
        for data in (HEADER + pid, HEADER + pid[:-2], HEADER + pid[:-2] + b"\rMRG|" + secret):
            refused = outcome(data)

            assert "SECRET" not in str(refused) or isinstance(refused, Mapped)


#: A message with every segment that is mapped.
RICH = r"""
MSH|^~\&|ADT|HSC|DSN|QC|20260511083000-0400||{kind}|M1|P|2.5||||||UNICODE UTF-8
EVN|A01|20260511083000||01|77^Cyr^Ève|20260511
PID|1|TREM80010112^^^QC|1^5^M11^HSC&1.2.3&ISO^MR^Hôpital^20200101~9^^^MGH||Trem\T\blay^Luc^Jean~Roy^^^^^^D|Gagnon|19800101|M||^|1 rue^2^Québec^QC^G1R^CA^H||(418)555^PRN^PH~^NET^Internet^a@b||F|M||C5^^^HSC^AN|046||7|||Y|2|||||20260101|Y
PD1|||Clinique|9^Roy
NK1|1|Roy^Lise|MTH|1 rue||555
PV1|1|I|4E^1^2^HSC|U||5E|9^Cyr|8^Roy||CAR||||1|||7^Ali|IN|V9|||||||||||||||||01|||HSC|||||202605110800|
PV2|||I21^Infarctus^I10
MRG|2^^^HSC~3|||||A9|Roi^Luc
AL1|1|DA|123^Péni^L|SV|Rash|2019
IAM|1|DA|716186003^No known allergy^SCT||||A
DG1|1||I21^Infarctus^I10||20260511|W
PRB|AD|20260511|E11^Diabète^I10|77^X
PR1|1||80146002^App^SCT||20260510
ORC|NW|P7|A7||IP||^BID^^2026|||||9^Cyr
RXO|1^Dexa^L|1||mg
RXE|^BID|2^Dexa^NDC|4||mg|TAB
RXD|1|2^Dexa^NDC|20260511|30
RXA|0|1|20260501||08^Hep B^CVX|0.5|mL||00|9^Cyr||||L5|2027|M^Merck|||CP|A
RXR|IM|LD
OBR|1|P7|A7|24331-1^Bilan^LN|||2026|||||||||||||||2026||LAB|F
OBX|1|NM|2085-9^HDL^LN||<0.9|mmol/L^^UCUM|1-2|L~A|||F|||2026
OBX|2|SN|X^Y^L||>^1^:^2|||||||C
OBX|3|TX|Z||ligne\.br\un~deux||||||F
OBX|4|ED|R^Rapport||^TEXT^HTML^Base64^PGI+||||||P
OBX|5|CE|NIM^Niveau de soins||C^Niveau C^L||||||F
NTE|1||note
SPM|1|||SER^Sérum
TXA|1|CN|TX|20260510||2026|||9^Cyr|||D7|D6||||AU
""".strip().replace("\n", "\r")
KINDS = [
    "ADT^A01",
    "ADT^A40",
    "ADT^A45",
    "ORU^R01",
    "VXU^V04",
    "RDE^O11",
    "RAS^O17",
    "MDM^T10",
    "OUL^R22",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_message_is_taken(kind: str) -> None:
    """The message that the next tests damage is a good one."""
    assert isinstance(outcome(RICH.format(kind=kind).encode()), Mapped)


@pytest.mark.parametrize("kind", ["ADT^A40", "ORU^R01"])
def test_truncation_at_every_byte(kind: str) -> None:
    """A frame cut anywhere is a shorter message or a refusal, never a crash."""
    data = RICH.format(kind=kind).encode()
    for end in range(len(data)):
        outcome(data[:end])


def test_mapping_is_a_function_of_the_bytes() -> None:
    """The same message gives the same items, whatever was mapped before."""
    data = RICH.format(kind="ADT^A01").encode()

    assert outcome(data) == outcome(data)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Bytes from nowhere, alone and behind a good header."""
    outcome(data)
    outcome(HEADER + b"\rPID|||1||" + data)


@given(data=st.data())
def test_any_damage(data: Any) -> None:
    """Any stretch of a good message replaced by any bytes or marks."""
    message = RICH.format(kind=data.draw(st.sampled_from(KINDS))).encode()
    start = data.draw(st.integers(0, len(message)))
    length = data.draw(st.integers(0, 40))
    marks = st.text(st.sampled_from('|^~\\&\r"0123456789.-+<>:XEé'), max_size=20)
    put = data.draw(st.one_of(st.binary(max_size=20), marks.map(str.encode)))

    outcome(message[:start] + put + message[start + length :])


@given(data=st.data())
def test_any_field(data: Any) -> None:
    """Any field of any segment holding anything."""
    lines = RICH.format(kind=data.draw(st.sampled_from(KINDS))).split("\r")
    index = data.draw(st.integers(1, len(lines) - 1))
    fields = lines[index].split("|")
    number = data.draw(st.integers(1, 50))
    fields += [""] * (number + 1 - len(fields))
    fields[number] = data.draw(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
    )
    lines[index] = "|".join(fields)

    outcome("\r".join(lines).encode())


@pytest.mark.parametrize(
    "part",
    [
        "x\r",
        "NTE|1||a\r",
        "OBX|1|TX|A||a||||||F\r",
        "OBX|1|NM|A||1||||||F\rNTE|1||a\r",
        "RXA|0|1|2026||08^B^CVX\r",
        "ORC|NW\rRXE|1|1^Dexa\r",
        "PV1|1|I\r",
        "AL1|1||1^a\r",
        "\\",
        "1",
        "~1^^^HSC",
        "|",
        "^",
    ],
)
def test_a_large_message_costs_its_size(part: str) -> None:
    """A hostile message, whatever it repeats, is done in time that grows with its length alone."""
    filling = part * (50_000 // len(part))
    kind = {"RXA": "VXU^V04", "ORC": "RDE^O11"}.get(part[:3], "ORU^R01")
    head = HEADER.decode().replace("ADT^A01", kind)
    started = time.process_time()
    outcome(f"{head}\rPID|||1||Roy\rOBX|1|NM|A||{filling}|u|{filling}x".encode())
    outcome(f"{head}\rPID|||1{filling}".encode())

    assert time.process_time() - started < 15
