"""Which record a resource belongs to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsn_producers.fhir import map_bundle
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source

MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
OWN = {"system": "urn:oid:2.16.124.113635.1.1", "value": " 123456 "}
NAM = {
    "system": "https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id",
    "value": "TEST54122816",
}


def patient(*identifiers: Any, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p", "identifier": list(identifiers), **more}


def allergy(reference: Any, **more: Any) -> dict[str, Any]:
    return {"resourceType": "AllergyIntolerance", "id": "a", "patient": reference, **more}


@pytest.mark.parametrize(
    ("identifiers", "number"),
    [
        pytest.param([NAM, OWN], "123456", id="of the source's authority, by OID"),
        pytest.param(
            [{"system": "http://hsc.example/mrn", "value": "7"}], "7", id="by another spelling"
        ),
        pytest.param([{"system": "HSC", "value": "8"}], "8", id="by the canonical name"),
        pytest.param(
            [{**OWN, "value": "1", "use": "old"}, {**OWN, "value": "2", "use": "usual"}],
            "2",
            id="the one in use, not the old one",
        ),
        pytest.param(
            [{"system": "http://elsewhere", "value": "55", "type": MR}], "55", id="of type MR"
        ),
        pytest.param(
            [{"system": "http://mgh.example/mrn", "value": "55", "type": MR}],
            "Patient/p",
            id="not the MR of a hospital we know",
        ),
        pytest.param(
            [{"value": "1", "type": MR}, {"system": "u:x", "value": "2", "type": MR}],
            "Patient/p",
            id="not one of two MR",
        ),
        pytest.param([NAM], "Patient/p", id="never a health number"),
        pytest.param([{"system": "HSC"}], "Patient/p", id="an absent value is no number"),
    ],
)
def test_number_of_a_patient(items: Any, identifiers: list[Any], number: str) -> None:
    """A patient's number: own authority, else the one MR, else Patient/<id>."""
    found = items(patient(*identifiers))

    assert [(one.authority, one.number) for one in found] == [("HSC", number)]


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "urn:uuid:0b5e"},
        {"reference": "Patient/p"},
        {"reference": "Patient/p/_history/3"},
        {"reference": "http://fhir.hsc.example/r4/Patient/p"},
        {"reference": "Patient?identifier=http://hsc.example/mrn|42"},
        {"reference": "Patient?identifier=http%3A%2F%2Fhsc.example%2Fmrn%7C42"},
        {"identifier": {"system": "http://hsc.example/mrn", "value": "42"}, "type": "Patient"},
    ],
)
def test_reference_to_a_patient_in_the_message(items: Any, reference: Any) -> None:
    """Every form of reference leads to the patient of the message, and so to one record."""
    own = {"system": "http://hsc.example/mrn", "value": "42"}
    addresses = {"urn:uuid:0b5e": 0, "http://fhir.hsc.example/r4/Patient/p": 1}
    url = list(addresses)[addresses.get(reference.get("reference", ""), 0)]
    base = "http://fhir.hsc.example/r4/AllergyIntolerance/a"
    found = items(
        {"fullUrl": url, "resource": patient(own)},
        {"fullUrl": base, "resource": allergy(reference)},
    )

    assert {one.number for one in found} == {"42"}


@pytest.mark.parametrize(
    ("reference", "record"),
    [
        ({"reference": "Patient/9"}, ("HSC", "Patient/9")),
        ({"reference": "Patient/9/_history/2"}, ("HSC", "Patient/9")),
        ({"reference": "http://far/r4/Patient/9"}, ("HSC", "http://far/r4/Patient/9")),
        ({"reference": "Patient?identifier=http://hsc.example/mrn|42"}, ("HSC", "42")),
        ({"reference": "Patient?identifier=http://mgh.example/mrn|42"}, ("MGH", "42")),
        ({"reference": "Patient/9", "identifier": OWN}, ("HSC", "123456")),
        ({"identifier": OWN}, ("HSC", "123456")),
    ],
)
def test_reference_to_a_patient_elsewhere(
    items: Any, reference: Any, record: tuple[str, str]
) -> None:
    """A patient who is not in the message is known by authority and number, or by address."""
    (found,) = items(allergy(reference))

    assert (found.authority, found.number) == record


@pytest.mark.parametrize(
    "reference",
    [
        None,
        {},
        {"display": "Marie Tremblay"},
        {"reference": "urn:uuid:nobody"},
        {"reference": "#missing"},
        {"reference": "Patient/"},
        {"reference": "Patient?identifier=http://unknown|42"},
        {"reference": f"Patient?identifier={NAM['system']}|{NAM['value']}"},
        {"identifier": NAM},
    ],
)
def test_unknown_patient(items: Any, reference: Any) -> None:
    """A resource whose patient cannot be known is refused, and no patient data is repeated."""
    with pytest.raises(Unmappable) as refusal:
        items(allergy(reference))

    assert refusal.value.reason == "no-patient"
    assert "Tremblay" not in str(refusal.value) and NAM["value"] not in str(refusal.value)
    assert refusal.value.message_id == "b-1"


def test_subject_that_is_no_person(items: Any) -> None:
    """What is said of a group, a device or a place is no item of a chart."""
    group = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    found = items(patient(OWN), {**group, "id": "o", "subject": {"reference": "Group/herd"}})

    assert [one.section for one in found] == ["demographics"]


def test_contained_patient(items: Any) -> None:
    """A contained patient gives its number, but no demographics and never its local id."""
    contained = {"resourceType": "Patient", "id": "c", "identifier": [OWN]}
    (found,) = items(allergy({"reference": "#c"}, contained=[contained]))

    assert (found.section, found.number) == ("allergies", "123456")
    with pytest.raises(Unmappable, match="no-record-number"):
        items(allergy({"reference": "#c"}, contained=[{**contained, "identifier": []}]))


def test_many_contained_patients(items: Any) -> None:
    """Contained patients of one local id are as many people as there are numbers."""
    found = items(
        *(
            {**allergy({"reference": "#c"}, contained=[one]), "id": f"a{number}"}
            for number in range(200)
            for one in [{**patient({"system": "HSC", "value": str(number)}), "id": "c"}]
        )
    )

    assert [one.number for one in found] == [str(number) for number in range(200)]


def test_identifier_alone_means_a_patient(items: Any) -> None:
    """A subject given by a health number alone is the patient of the message who carries it."""
    found = items(patient(NAM, {"system": "HSC", "value": "1"}), allergy({"identifier": NAM}))

    assert [one.number for one in found] == ["1", "1"]


def test_health_number_is_no_record_number(source: Source) -> None:
    """A health number numbers no record, even where the source names its authority."""
    named = source.model_copy(update={"authorities": {NAM["system"]: "RAMQ"}})
    resource = allergy({"identifier": NAM, "type": "Patient"})

    with pytest.raises(Unmappable, match="no-patient"):
        map_bundle(json.dumps(resource).encode(), named, 0)


def test_two_servers_with_one_id(items: Any) -> None:
    """Patients of two servers with one id are not confused: a bare reference is refused."""
    one = {"fullUrl": "http://a/Patient/p", "resource": patient({"system": "HSC", "value": "1"})}
    two = {"fullUrl": "http://b/Patient/p", "resource": patient({"system": "HSC", "value": "2"})}
    near_b = {
        "fullUrl": "http://b/AllergyIntolerance/a",
        "resource": allergy({"reference": "Patient/p"}),
    }

    assert items(one, two, near_b)[-1].number == "2"
    with pytest.raises(Unmappable, match="ambiguous-reference"):
        items(one, two, allergy({"reference": "Patient/p"}))


def test_health_number_of_mother_and_child(items: Any) -> None:
    """A child on the mother's card: a reference by that number is refused, not guessed."""
    mother = patient(NAM, {"system": "HSC", "value": "1"})
    child = {**patient(NAM, {"system": "HSC", "value": "2"}), "id": "child"}
    by_card = {"reference": f"Patient?identifier={NAM['system']}|{NAM['value']}"}

    assert items(mother, allergy(by_card))[-1].number == "1"
    with pytest.raises(Unmappable, match="ambiguous-reference"):
        items(mother, child, allergy(by_card))


def test_last_version_wins(items: Any) -> None:
    """Of one resource twice in a message the last counts; a history tells the newest first."""
    before, after = (allergy({"reference": "Patient/p"}, criticality=c) for c in ("low", "high"))

    assert [one.content.criticality for one in items(before, after)] == ["high"]
    assert [one.content.criticality for one in items(after, before, kind="history")] == ["high"]


def test_names_of_items(items: Any) -> None:
    """An item is named Type/id, by the address it is put to, or by a digest without its number."""
    plain = {"resourceType": "Flag", "status": "active", "code": {"text": "chute"}}
    flag = {**plain, "subject": {"reference": "Patient/p"}}
    put = {"resource": flag, "request": {"method": "PUT", "url": "Flag/f7"}}
    numbered = {**flag, "identifier": [{"system": "HSC", "value": "9911"}]}

    assert items(put)[0].item == "Flag/f7"
    assert items(numbered)[0].item == items({**numbered, "status": "inactive"})[0].item
    assert "9911" not in items(numbered)[0].item
    assert items(flag)[0].item == items(flag)[0].item != items(numbered)[0].item
