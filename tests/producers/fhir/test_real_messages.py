"""Messages that others made: nothing of them is lost, and nothing is invented."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dsn_producers.fhir import map_bundle
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source

SHARED = Path(__file__).parents[4] / "shared" / "data"
SOURCE = Source(name="syn-fhir", establishment="syn", authority="SYN")

#: What each FHIR type becomes, told independently of the mapper.
SECTIONS = {
    "Patient": "demographics",
    "Encounter": "encounters",
    "AllergyIntolerance": "allergies",
    "MedicationRequest": "medications",
    "MedicationAdministration": "medications",
    "Condition": "problems",
    "Immunization": "immunizations",
    "Observation": "results",
    "DiagnosticReport": "documents",
    "DocumentReference": "documents",
    "Procedure": "procedures",
}


def archive(name: str) -> dict[str, bytes]:
    path = SHARED / "from-registry" / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine: shared test data is absent")
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
        return {
            member.name: extracted.read()
            for member in tar
            if (extracted := tar.extractfile(member)) is not None and ".json" in member.name
        }


def folder(name: str) -> dict[str, bytes]:
    path = SHARED / "from-fetch" / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine: shared test data is absent")
    return {file.name: file.read_bytes() for file in sorted(path.glob("*.json"))}


def outcome(data: bytes) -> str:
    try:
        return "+".join(item.section for item in map_bundle(data, SOURCE, 0).items)
    except Unmappable as refusal:
        return refusal.reason


def test_synthea() -> None:
    """Each resource of a mapped type is exactly one item, of its section and its one patient."""
    counted: Counter[str] = Counter()
    for data in archive("synthea/bundles.tar.gz").values():
        bundle: Any = json.loads(data)
        resources = [entry["resource"] for entry in bundle["entry"]]
        expected: Counter[tuple[str, str]] = Counter(
            (SECTIONS[r["resourceType"]], f"{r['resourceType']}/{r['id']}")
            for r in resources
            if r["resourceType"] in SECTIONS and r["resourceType"] != "Patient"
        )
        items = map_bundle(data, SOURCE, 0).items
        patients = [r for r in resources if r["resourceType"] == "Patient"]
        records = [
            one["value"]
            for one in patients[0]["identifier"]
            if one.get("type", {}).get("text") == "Medical Record Number"
        ]

        found: Counter[tuple[str, str]] = Counter((i.section, i.item) for i in items)

        assert found - expected == Counter({("demographics", "patient"): 1})
        assert len(items) == sum(expected.values()) + len(patients)
        assert {i.number for i in items} == set(records)
        counted.update(i.section for i in items)

    assert counted == {
        "results": 4161,
        "documents": 2054,
        "procedures": 1820,
        "medications": 842,
        "encounters": 804,
        "problems": 635,
        "immunizations": 108,
        "demographics": 43,
        "allergies": 30,
    }


def test_synthea_texts_and_numbers() -> None:
    """Every note arrives as text, and every amount with the digits of its JSON."""
    for data in archive("synthea/bundles.tar.gz").values():
        bundle: Any = json.loads(data, parse_float=str, parse_int=str)
        amounts = {
            f"Observation/{entry['resource']['id']}": entry["resource"]["valueQuantity"]["value"]
            for entry in bundle["entry"]
            if "valueQuantity" in entry["resource"]
        }
        items = map_bundle(data, SOURCE, 0).items
        found: dict[str, Any] = {i.item: i.content for i in items if i.section == "results"}

        assert {name: found[name].value_quantity.value for name in amounts} == amounts
        notes = [i.content for i in items if i.item.startswith("DocumentReference/")]
        assert all(getattr(note, "text", "") for note in notes)


#: What does not become items among HL7's own examples, and why that is right.
REFUSED = {
    "Bundle-bundle-example": "unresolved-medication",  # points to a Medication on a server
    "Bundle-bundle-response": "unsupported-bundle-type",
    "Bundle-bundle-transaction": "delete-not-resolvable",  # DELETE Patient/234
    "Bundle-report": "no-patient",  # observations without a subject
    "Consent-consent-example-Emergency": "consent-not-representable",
    "Consent-consent-example-pkb": "consent-not-representable",
    "Observation-1minute-apgar-score": "no-record-number",  # a contained patient with no number
    "Observation-20minute-apgar-score": "no-record-number",
    "Observation-vp-oyster": "no-patient",
}
#: Examples of mapped types that hold nothing for a chart.
EMPTY = {
    "Consent-consent-example-basic",  # consents that permit
    "Consent-consent-example-notThis",
    "Consent-consent-example-notTime",
    "Consent-consent-example-smartonfhir",
    "Linkage-example",  # of conditions
    "Observation-herd1",  # of a herd of cattle
}


def test_examples_of_hl7() -> None:
    """HL7's R4 examples map, or are refused for a reason that a person agrees with."""
    outcomes = {
        Path(name).name.removesuffix(".json"): outcome(data)
        for name, data in archive("hl7-fhir-r4-examples/examples.tar.gz").items()
    }
    refused = {name: said for name, said in outcomes.items() if "-" in said}
    nothing = {name for name, said in refused.items() if said == "nothing-to-map"}
    of_a_chart = {*SECTIONS, "Consent", "Flag", "Linkage", "MedicationStatement"}

    assert len(outcomes) == 153
    assert {n: said for n, said in refused.items() if n not in nothing} == REFUSED
    assert {name for name in nothing if name.partition("-")[0] in of_a_chart} == EMPTY
    assert len(outcomes) - len(refused) == 96
    assert outcomes["AllergyIntolerance-nka"] == "allergies"


def test_patient_feed() -> None:
    """A feed of patients as IHE writes it, a bundle within a message, gives each patient."""
    outcomes = {name: outcome(data) for name, data in folder("ohie-cr/fhir_json").items()}

    assert outcomes == {
        "OHIE-CR-01-10.json": "demographics",
        "OHIE-CR-03-10.json": "demographics",
        "OHIE-CR-03-20.json": "demographics",
        "OHIE-CR-05-10.json": "demographics",
        "OHIE-CR-05-20.json": "demographics+demographics",
        "OHIE-CR-07-10.json": "demographics",
    }


def test_mother_in_a_patient_feed() -> None:
    """The mother that a feed sends with a newborn becomes the newborn's mother."""
    data = folder("ohie-cr/fhir_json")["OHIE-CR-05-10.json"]
    content: Any = map_bundle(data, SOURCE, 0).items[0].content

    assert content.mother.given == ("SU MYAT LWIN",)


def test_client_registry() -> None:
    """Patients of a client registry arrive with their links as claims."""
    outcomes = {name: outcome(data) for name, data in folder("opencr-uganda/opencr_tests").items()}

    assert outcomes["patient1.json"] == "demographics"
    assert outcomes["patient3.json"] == "demographics+claims"
    assert outcomes["patient3_lims.json"] == "no-record-number"
    assert outcomes["totalMatchIssues.json"] == "nothing-to-map"
    assert "claims" in outcomes["unbreakmatchresources.json"]
