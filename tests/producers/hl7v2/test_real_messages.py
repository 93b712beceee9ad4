"""Messages that other projects wrote, each of which is taken or refused for a good reason.

The data lies beside the project and is not part of it; without it these tests are skipped.
"""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsn_producers.hl7v2 import map_message
from dsn_producers.hl7v2.claims import MERGES
from dsn_producers.hl7v2.mapper import KINDS
from dsn_producers.mapping import Mapped, Unmappable
from dsn_producers.sources import Source
from dsn_schemas.records import Demographics
from dsn_schemas.wire import check_content, encode_content

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared test data (../shared/data) is not on this machine"
)

#: What the integration engineer of each feed would write: the names under which the feed's own
#: record numbers arrive. Feeds whose PID-3 names no authority need none.
AUTHORITIES = {
    "linuxforhealth": (
        *("MR", "MRN", "XYZ", "MPI", "MYEMR", "A", "ID-XYZ", "WEST", "ANF", "AssigningAuthority"),
        *("ST01", "SY1", "CLINIC"),
    ),
    "hapi-hl7v2": (
        *(
            "Memphis_Hosp",
            "TML",
            "SSN",
            "BKDMDM",
            "4265",
            "MRN",
            "Imaginary Hospital",
            "PK",
            "CAEX",
        ),
        *("DD95666A-76BA-444E-8FE8-C4E6BFC83E2D", "FOO", "AA", "SN", "PI"),
    ),
    "microsoft-fhir-converter": (
        *("test1", "ADT1", "BCBS", "GOOD HEALTH HOSPITAL", "1", "SIMULATOR MRN", "MR", "WEST"),
        *("IA PHIMS Stage", "NIST MPI", "NIST-MPI-1"),
    ),
    "ohie-cr": ("TEST", "TEST_A", "TEST_B"),
    "python-hl7": ("100", "MSH_MRN"),
}


def source(name: str) -> Source:
    """The settings of a feed."""
    return Source(
        name=name,
        establishment="essai",
        authority="ESSAI",
        authorities=dict.fromkeys(AUTHORITIES[name], "ESSAI"),
    )


def messages(name: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every message of a data set."""
    if name == "microsoft-fhir-converter":
        with tarfile.open(DATA / "from-fetch" / name / "messages_hl7.tar.gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content.read()
        return
    where = {
        "ohie-cr": "from-fetch/ohie-cr/hl7v2_steps.jsonl",
        "python-hl7": "from-registry/python-hl7/messages.jsonl",
    }
    for row in rows(DATA / where.get(name, f"from-fetch/{name}/messages.jsonl.gz")):
        text = row.get("text") or row.get("message")
        if text:
            yield row["id"], text.encode()


def rows(path: Path) -> Iterator[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def segments(data: bytes) -> list[list[str]]:
    """The message cut at its field separators, without our reader."""
    text = data.decode("utf-8-sig")
    return [line.split(text[3:4]) for line in re.split(r"[\r\n]+", text) if line]


def why_not(data: bytes, reason: str) -> bool:
    """True when the plain message shows the reason for which it was refused."""
    cut = segments(data)
    kind, event = (re.split(r"[\^~]", cut[0][8] if len(cut[0]) > 8 else "") + [""])[:2]
    names = {fields[0] for fields in cut}
    numbers = [fields[3:4] for fields in cut if fields[0] == "PID"]
    if reason == "unknown-message-type":
        orders = kind == "ORM" and not names & {"RXO", "RXE"}
        return orders or event not in KINDS.get(kind, ())
    if reason == "no-record-number":
        blocked = b"TEST_BLOCK" in data  # an authority that its test plan wants refused
        half_a_move = event == "A45" and not any(f[0] == "MRG" and f[1] for f in cut)
        return not numbers or [] in numbers or [""] in numbers or blocked or half_a_move
    if reason == "nothing-to-take":
        return all(not any(fields[5:8]) for fields in cut if fields[0] == "PID")
    return reason == "not-hl7" and cut[0][1] not in ("^~\\&", "~|\\&", "^~\\&#")


@pytest.mark.parametrize("name", AUTHORITIES)
def test_every_message_is_taken_or_refused_for_a_reason(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No message crashes, none is refused that a hospital would expect to be taken."""
    settings, table, sections = source(name), Counter[str](), Counter[str]()
    for message, data in messages(name):
        try:
            mapped = map_message(data, settings, 1_700_000_000_000)
        except Unmappable as refused:
            table[refused.reason] += 1
            assert why_not(data, refused.reason), (message, str(refused))
            continue
        table["mapped"] += 1
        for item in mapped.items:
            sections[item.section] += 1
            assert item.number and item.item
            if item.content is not None:
                check_content(encode_content(item.content), item.section)
    with capsys.disabled():
        print(f"\n{name}: {dict(table.most_common())}\n  items: {dict(sections.most_common())}")

    assert table["mapped"] > 0


def expected_patients() -> list[dict[str, Any]]:
    path = DATA / "from-fetch/microsoft-fhir-converter/expected_patients.jsonl.gz"
    return [row for row in rows(path) if row["patients"]] if path.exists() else []


def outcome(data: bytes) -> Mapped | None:
    try:
        return map_message(data, source("microsoft-fhir-converter"), 0)
    except Unmappable:
        return None


def test_people_are_who_another_converter_says_they_are() -> None:
    """Identifiers, names, birth date and gender agree with the expected Patient.

    The converter also counts as the patient's what belongs to the insured (a spouse here), the
    guarantor or a consent's signer: those are left out on purpose, and seen to come from there.
    """
    known, compared = dict(messages("microsoft-fhir-converter")), 0
    for row in expected_patients():
        data, patient = known[row["message"]], row["patients"][0]
        mapped = outcome(data)
        if mapped is None:
            continue
        person = next(i.content for i in mapped.items if i.section == "demographics")
        assert isinstance(person, Demographics)
        others = [f for f in segments(data) if f[0] in ("GT1", "IN1", "IN2", "CON")]
        theirs = "|".join("|".join(fields) for fields in others)
        numbers = {i.value for i in person.identifiers}
        for identifier in patient.get("identifier", []):
            value = identifier["value"].strip()
            assert value in numbers or value in theirs, (row["message"], identifier.get("type"))
        names = {(name.family, given) for name in person.names for given in name.given or ("",)}
        for name in patient.get("name", []):
            family, given = name.get("family", ""), name.get("given", [""])
            # The guarantor's or insured's name; else every given name, the called one included.
            assert family in theirs or {(family, one) for one in given} <= names, row["message"]
        assert person.birth_date == patient.get("birthDate", ""), row["message"]
        assert person.gender == patient.get("gender", ""), row["message"]
        compared += 1

    assert compared >= 40


@pytest.mark.parametrize("name", ["linuxforhealth", "microsoft-fhir-converter", "ohie-cr"])
def test_every_merge_names_its_other_record(name: str) -> None:
    """A18, A34, A40 and their like become claims."""
    merges = 0
    for message, data in messages(name):
        cut = segments(data)
        event = (re.split(r"[\^~]", cut[0][8]) + [""])[1] if len(cut[0]) > 8 else ""
        if event not in MERGES:
            continue
        mapped = map_message(data, source(name), 0)
        merges += 1

        assert [i.section for i in mapped.items].count("claims") >= 1, message
    assert merges > 0
