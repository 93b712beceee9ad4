"""The clinic's FHIR bundles."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from dsn_deploy.demo.fhir import NUMBERS
from dsn_deploy.demo.messages import files
from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import registrations

KNOWN = registrations(population())
BUNDLES: list[dict[str, Any]] = [
    json.loads(data) for name, data in files(KNOWN).items() if name.startswith("hdm-clinique/")
]


def _resources(kind: str) -> list[dict[str, Any]]:
    return [
        entry["resource"]
        for bundle in BUNDLES
        for entry in bundle["entry"]
        if entry.get("resource", {}).get("resourceType") == kind
    ]


def _bundles_of(key: str) -> list[dict[str, Any]]:
    number = next(
        one.number for one in KNOWN if (one.person.key, one.place) == (key, "HDM-CLINIQUE")
    )
    return [bundle for bundle in BUNDLES if bundle["id"].startswith(f"p{number[1:]}-")]


def test_types() -> None:
    """Every kind of resource that a clinic has is there."""
    kinds = Counter(
        entry["resource"]["resourceType"]
        for bundle in BUNDLES
        for entry in bundle["entry"]
        if "resource" in entry
    )

    assert set(kinds) == {
        *("Patient", "AllergyIntolerance", "Condition", "MedicationRequest", "Immunization"),
        *("Observation", "DocumentReference", "Consent", "Flag"),
    }


def test_references_stay_inside() -> None:
    """Every resource speaks of the patient of its own bundle."""
    for bundle in BUNDLES:
        resources = [entry["resource"] for entry in bundle["entry"] if "resource" in entry]
        patients = [f"Patient/{r['id']}" for r in resources if r["resourceType"] == "Patient"]
        subjects = {
            (r.get("subject") or r["patient"])["reference"]
            for r in resources
            if r["resourceType"] != "Patient"
        }

        assert len(patients) == 1
        assert subjects <= set(patients)


def test_numbers() -> None:
    """Each file of the clinic arrives under its own number, with the NAM where there is one."""
    sent = {
        identifier["value"]
        for patient in _resources("Patient")
        for identifier in patient["identifier"]
        if identifier["system"] == NUMBERS
    }

    assert sent == {one.number for one in KNOWN if one.place == "HDM-CLINIQUE"}


def test_stopped_here_active_there() -> None:
    """The clinic stopped the drug that CHUL still orders."""
    warfarin = [
        entry["resource"]["status"]
        for bundle in _bundles_of("therese")
        for entry in bundle["entry"]
        if entry["resource"]["id"].endswith("ordonnance-B01AA03")
    ]

    assert warfarin == ["active", "stopped"]


def test_withdrawn() -> None:
    """An allergy entered by mistake is deleted in one file and marked as an error in another."""
    deleted = [entry["request"]["method"] for entry in _bundles_of("chau")[1]["entry"]]
    marked = [
        entry["resource"]["verificationStatus"]["coding"][0]["code"]
        for entry in _bundles_of("sacha")[1]["entry"]
        if entry["resource"]["resourceType"] == "AllergyIntolerance"
    ]

    assert deleted == ["PUT", "DELETE"]
    assert marked == ["entered-in-error"]


def test_level_of_care() -> None:
    """The level of care of the example person is C, in words."""
    texts = [
        entry["resource"]["provision"]["code"][0]["text"]
        for entry in _bundles_of("therese")[0]["entry"]
        if entry["resource"]["resourceType"] == "Consent"
    ]

    assert texts == ["NIM C : Assurer le confort prioritairement à prolonger la vie"]


def test_resends_are_exact() -> None:
    """A bundle that comes twice is the same both times."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    for bundle in BUNDLES:
        by_id.setdefault(bundle["id"], []).append(bundle)
    resent = [found for found in by_id.values() if len(found) > 1]

    assert len(resent) == 2
    assert all(found[0] == found[1] for found in resent)
