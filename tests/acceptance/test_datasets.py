"""Messages and bundles that others wrote, through the whole system.

The data lies beside the project and is not part of it; without it these tests are skipped.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections import Counter
from typing import Any

import pytest
from acceptance.feeds import CONVERTED, authority_of
from acceptance.system import System
from acceptance.tables import assert_balanced, tables
from producers.fhir.test_real_messages import SECTIONS
from producers.hl7v2.test_real_messages import (
    AUTHORITIES,
    DATA,
    expected_patients,
    messages,
    segments,
    source,
)

from dsn_producers.hl7v2 import map_message
from dsn_producers.mapping import Unmappable
from dsn_schemas.keys import record_key

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared test data (../shared/data) is not on this machine"
)
BUNDLES = DATA / "from-registry" / "synthea" / "bundles.tar.gz"


@pytest.mark.parametrize("feed", AUTHORITIES)
def test_every_message_has_its_fate(system: System, feed: str) -> None:
    """Each is answered; AA is in the charts, AE and AR in quarantine byte for byte with a reason."""
    answers: Counter[str] = Counter()
    refused: dict[bytes, str] = {}
    taken: set[bytes] = set()
    with system.sender(feed) as sender:
        for _, data in messages(feed):
            answer = sender.send(data)
            answers[answer.code] += 1
            if answer.code == "AA":
                taken.add(data)
            else:
                refused[data] = answer.text
    system.await_arrival()

    kept = {
        bytes(payload): f"{reason}: {detail}"
        for reason, detail, payload in system.rows(
            "SELECT reason, detail, payload FROM dsn.quarantine WHERE source = %s", feed
        )
    }
    print(f"{feed}: {dict(answers)}, reasons {Counter(t.split(':')[0] for t in kept.values())}")
    assert set(answers) <= {"AA", "AE", "AR"}
    assert sum(answers.values()) == len(list(messages(feed)))
    assert kept.keys() == refused.keys()
    assert {data: _plain(text) for data, text in kept.items()} == {
        data: _plain(text) for data, text in refused.items()
    }
    assert _stated(feed, taken) == _charted(system, feed)
    assert_balanced(system, lambda name: name == feed)
    assert _restarts(system) == {0}


def _plain(text: str) -> str:
    """Words that an acknowledgement carries whatever its separators are, as far as it has room."""
    return " ".join(re.findall(r"[A-Za-z0-9]+", text))[:120]


def _stated(feed: str, taken: set[bytes]) -> set[tuple[str, str, str]]:
    """(record, section, item) that the mapper finds in these messages, claims left out."""
    settings = source(feed).model_copy(update=_canonical(feed))
    return {
        (record_key(item.authority, item.number), item.section, item.item)
        for data in taken
        for item in map_message(data, settings, 0).items
        if item.section != "claims"
    }


def _canonical(feed: str) -> dict[str, Any]:
    names = dict.fromkeys(AUTHORITIES[feed], authority_of(feed))
    return {"authority": authority_of(feed), "authorities": names}


def _charted(system: System, feed: str) -> set[tuple[str, str, str]]:
    """The same of every chart, deleted items included."""
    return set(
        system.rows(
            "SELECT c.authority || '|' || c.number, e.section, c.item"
            " FROM dsn_store.linked_entries AS e"
            " CROSS JOIN LATERAL jsonb_to_recordset(e.contributors::jsonb)"
            " AS c (authority text, number text, source text, item text) WHERE c.source = %s",
            feed,
        )
    )


def _restarts(system: System) -> set[int]:
    return {entry.restarts for entry in system.processes().values()}


def test_people_are_who_another_converter_says_they_are(system: System) -> None:
    """Identifiers and names of the expected Patient are in the chart of the message's record.

    Most messages speak of the same record number, so several hospitals send them by turns, and
    charts are read after each turn. What belongs to the insured, the guarantor or a consent's
    signer is left out on purpose.
    """
    known, compared = dict(messages(FHIR_CONVERTER)), 0
    for turn in _turns([row for row in expected_patients() if _record(known[row["message"]])]):
        for hospital, row in turn:
            with system.sender(hospital) as sender:
                assert sender.send(known[row["message"]]).code == "AA"
        system.await_arrival()
        for hospital, row in turn:
            data = known[row["message"]]
            person = _demographics(system, hospital, _record(data))

            assert _unlike(row["patients"][0], person, data) == [], row["message"]

            compared += 1

    assert compared >= 40


FHIR_CONVERTER = "microsoft-fhir-converter"
_OTHERS = ("GT1", "IN1", "IN2", "CON")


def _turns(rows: list[dict[str, Any]]) -> list[list[tuple[str, dict[str, Any]]]]:
    """One message a turn for each hospital."""
    count = len(CONVERTED)
    return [
        list(zip(CONVERTED, rows[start : start + count], strict=False))
        for start in range(0, len(rows), count)
    ]


def _record(data: bytes) -> str:
    """The record number that a message states demographics of; empty when it is refused."""
    try:
        mapped = map_message(data, source(FHIR_CONVERTER), 0)
    except Unmappable:
        return ""
    return next(item.number for item in mapped.items if item.section == "demographics")


def _demographics(system: System, hospital: str, number: str) -> dict[str, Any]:
    """The demographics in the chart of a hospital's record."""
    ((content,),) = system.rows(
        "SELECT content FROM dsn.entries JOIN dsn.people_records USING (person_id)"
        " WHERE section = 'demographics' AND authority = %s AND number = %s AND source = %s",
        authority_of(hospital),
        number,
        hospital,
    )
    assert isinstance(content, dict)
    return content


def _unlike(expected: dict[str, Any], person: dict[str, Any], data: bytes) -> list[str]:
    """Which identifiers and names of the expected Patient the chart does not have."""
    theirs = "|".join("|".join(f) for f in segments(data) if f[0] in _OTHERS)
    numbers = {one["value"] for one in person["identifiers"]}
    names = {(one["family"], given) for one in person["names"] for given in one["given"] or ("",)}
    unlike = []
    for identifier in expected.get("identifier", []):
        value = identifier["value"].strip()
        if value not in numbers and value not in theirs:
            unlike.append(f"identifier {identifier.get('type')}")
    for name in expected.get("name", []):
        family = name.get("family", "")
        said = {(family, given) for given in name.get("given", [""])}
        if family not in theirs and not said <= names:
            unlike.append(f"name {name.get('use')}")
    return unlike


def test_synthea_twice(system: System) -> None:
    """43 people, every resource of a mapped type once; the second pass changes nothing."""
    first = system.feed(BUNDLES, "synthea")
    system.await_arrival()
    people = system.rows(
        "SELECT count(DISTINCT person_id) FROM dsn.people_records WHERE source = 'synthea'"
    )
    charted = Counter(
        item.split("/")[0]
        for (item,) in system.rows(
            "SELECT c.item FROM dsn.entries AS e"
            " CROSS JOIN LATERAL jsonb_to_recordset(e.contributors::jsonb) AS c (item text, source text)"
            " WHERE c.source = 'synthea'"
        )
    )
    before = tables(system)
    second = system.feed(BUNDLES, "synthea")
    system.await_arrival()

    assert (first["messages"], first["rejected"]) == (43, 0)
    assert people == [(43,)]
    assert charted == _counted()
    assert (second["messages"], second["numbered"], second["rejected"]) == (43, 0, 0)
    assert second["received"] == first["received"]
    for name, rows in tables(system).items():
        assert rows == before[name], name
    assert_balanced(system, lambda name: name == "synthea")


def _counted() -> Counter[str]:
    """Resources by type, told without our reader; a patient is the item ``patient``."""
    counted: Counter[str] = Counter()
    with tarfile.open(fileobj=io.BytesIO(BUNDLES.read_bytes())) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None and ".json" in member.name:
                kinds = (one["resource"]["resourceType"] for one in json.load(file)["entry"])
                counted.update("patient" if k == "Patient" else k for k in kinds if k in SECTIONS)
    return counted
