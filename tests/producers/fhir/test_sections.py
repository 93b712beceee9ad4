"""Clinical resources → sections of the chart."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from dsn_producers.fhir.medications import DO_NOT
from dsn_producers.mapping import Unmappable
from dsn_schemas.records import (
    Actor,
    Alert,
    Allergy,
    Coding,
    Concept,
    Document,
    Encounter,
    Immunization,
    Medication,
    Problem,
    Procedure,
    Quantity,
    Reaction,
    Result,
    SectionStatement,
    Stay,
)

SCT = "http://snomed.info/sct"
CAPTURED_AT = 1_700_000_000_000


def code(value: str, system: str = SCT) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": value}]}


def status(value: str) -> dict[str, Any]:
    return {"coding": [{"code": value}]}


def concept(value: str, system: str = SCT) -> Concept:
    return Concept(codings=(Coding(system=system, code=value),))


def allergy(**more: Any) -> dict[str, Any]:
    return {"resourceType": "AllergyIntolerance", **more}


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": code("718-7"), **more}


def test_allergy(item: Any) -> None:
    """An allergy keeps its words and reactions; who recorded it is named by the message."""
    practitioner = {
        "resourceType": "Practitioner",
        "id": "d",
        "identifier": [{"system": "CMQ", "value": "12345"}],
        "name": [{"prefix": ["Dre"], "given": ["Zoé"], "family": "Bélanger"}],
    }
    found = item(
        allergy(
            clinicalStatus=status("active"),
            verificationStatus=status("confirmed"),
            type="allergy",
            category=["food", "medication"],
            criticality="high",
            code={**code("227037002"), "text": "Poisson"},
            recordedDate="2015-08-06T15:37:31-06:00",
            recorder={"reference": "Practitioner/d"},
            note=[{"text": "Épinéphrine à portée"}, {"text": "sœur aussi"}],
            reaction=[{"manifestation": [{"text": "urticaire"}], "severity": "severe"}],
        ),
        practitioner,
    )

    assert (found.section, found.entry, found.status) == (
        "allergies",
        f"{SCT}|227037002",
        "active",
    )
    assert found.occurred_at == 1438897051000
    assert found.content == Allergy(
        code=Concept(codings=(Coding(system=SCT, code="227037002"),), text="Poisson"),
        type="allergy",
        category="food, medication",
        criticality="high",
        verification="confirmed",
        recorded="2015-08-06T15:37:31-06:00",
        recorder=Actor(name="Dre Zoé Bélanger", identifier="12345", authority="CMQ"),
        reactions=(Reaction(manifestations=(Concept(text="urticaire"),), severity="severe"),),
        note="Épinéphrine à portée\nsœur aussi",
    )


IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


@pytest.mark.parametrize(
    ("resource", "section", "said"),
    [
        (allergy(code=code("716186003")), "allergies", "none-known"),
        (allergy(code=code("no-known-allergies", IPS)), "allergies", "none-known"),
        (allergy(code=code("no-allergy-info", IPS)), "allergies", "unavailable"),
        (
            {"resourceType": "Condition", "code": code("no-known-problems", IPS)},
            "problems",
            "none-known",
        ),
        (
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationCodeableConcept": code("no-medication-info", IPS),
            },
            "medications",
            "unavailable",
        ),
        (
            {
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": code("no-known-immunizations", IPS),
            },
            "immunizations",
            "none-known",
        ),
        (
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": code("no-known-procedures", IPS),
            },
            "procedures",
            "none-known",
        ),
    ],
)
def test_none_known(item: Any, resource: dict[str, Any], section: str, said: str) -> None:
    """A code that denies a whole section is a statement about the section."""
    found = item(resource)

    assert (found.section, found.item, found.entry) == (section, "statement", "statement")
    assert isinstance(found.content, SectionStatement)
    assert found.content.code == said


def test_part_of_a_section_denied(item: Any) -> None:
    """No known *drug* allergy says nothing of the other allergies: it stays an entry."""
    found = item(allergy(code=code("409137002")))

    assert isinstance(found.content, Allergy)


def test_empty_sections_of_a_document(items: Any) -> None:
    """A document says why a section is empty; a section it merely lacks is not spoken of."""
    reason = {"coding": [{"code": "nilknown"}], "text": "Aucune allergie connue"}
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "date": "2024-03-01",
        "subject": {"reference": "Patient/p"},
        "section": [
            {"code": code("48765-2", "http://loinc.org"), "emptyReason": reason},
            {
                "section": [
                    {"code": code("10160-0", "http://loinc.org"), "emptyReason": status("withheld")}
                ]
            },
            {"code": code("11450-4", "http://loinc.org"), "emptyReason": status("closed")},
            {"code": code("11369-6", "http://loinc.org")},
        ],
    }
    found = items(composition, kind="document")

    assert [(one.section, one.item, one.content.code) for one in found] == [
        ("allergies", "statement", "none-known"),
        ("medications", "statement", "withheld"),
    ]
    assert found[0].content.text == "Aucune allergie connue"


def test_problem(item: Any) -> None:
    """A problem keeps FHIR dates as text, and in words what FHIR does not date."""
    found = item(
        {
            "resourceType": "Condition",
            "clinicalStatus": status("resolved"),
            "verificationStatus": status("confirmed"),
            "category": [status("problem-list-item")],
            "code": code("38341003"),
            "onsetAge": {"value": 52, "unit": "ans"},
            "abatementDateTime": "2013-03",
        }
    )

    assert (found.entry, found.status) == (f"{SCT}|38341003", "resolved")
    assert found.content == Problem(
        code=concept("38341003"),
        category="problem-list-item",
        verification="confirmed",
        abatement="2013-03",
        note="onset: 52 ans",
    )


@pytest.mark.parametrize("kind", ["AllergyIntolerance", "Condition"])
def test_entered_in_error(item: Any, kind: str) -> None:
    """What was entered in error says so in its status, whatever its clinical status was."""
    wrong = status("entered-in-error")
    resource = {"resourceType": kind, "clinicalStatus": status("active"), "code": code("1")}

    assert item({**resource, "verificationStatus": wrong}).status == "entered-in-error"
    tagged = {**resource, "meta": {"tag": [{"code": "entered-in-error"}]}}
    assert item(tagged).status == "entered-in-error"


def request(**more: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "status": "active", "intent": "order", **more}


def test_medication_request(item: Any) -> None:
    """An order: drug by reference, dose digit for digit, frequency, quantity, refills."""
    drug = {
        "resourceType": "Medication",
        "id": "m",
        "code": {**code("372687004"), "text": "amoxicilline"},
        "form": {"text": "comprimé"},
    }
    found = item(
        request(
            medicationReference={"reference": "Medication/m"},
            authoredOn="2024-02-03",
            requester={"reference": "Practitioner?identifier=CMQ|9", "display": "Dr Roy"},
            dosageInstruction=[
                {
                    "text": "1 co 3 fois par jour",
                    "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}},
                    "asNeededBoolean": False,
                    "doseAndRate": [{"doseQuantity": {"value": 0.5, "unit": "g"}}],
                }
            ],
            dispenseRequest={"numberOfRepeatsAllowed": 2, "quantity": {"value": 30}},
            reasonCode=[{"text": "otite"}],
        ),
        drug,
    )

    assert found.entry == f"{SCT}|372687004"
    assert found.content == Medication(
        kind="request",
        code=Concept(codings=(Coding(system=SCT, code="372687004"),), text="amoxicilline"),
        dosage="1 co 3 fois par jour",
        dose=Quantity(value="0.5", unit="g"),
        form=Concept(text="comprimé"),
        timing="3 / 1 d",
        as_needed=False,
        quantity=Quantity(value="30"),
        refills=2,
        authored="2024-02-03",
        prescriber=Actor(name="Dr Roy", identifier="9", authority="CMQ", role="prescriber"),
        reason=Concept(text="otite"),
    )


@pytest.mark.parametrize(
    ("resource", "kind", "start"),
    [
        ({"resourceType": "MedicationDispense", "whenHandedOver": "2024-01-02"}, "dispense", None),
        (
            {"resourceType": "MedicationAdministration", "effectiveDateTime": "2024-01-02"},
            "administration",
            None,
        ),
        (
            {"resourceType": "MedicationStatement", "effectivePeriod": {"start": "2024-01-02"}},
            "statement",
            None,
        ),
    ],
)
def test_kinds_of_medication(
    item: Any, resource: dict[str, Any], kind: str, start: str | None
) -> None:
    """Dispense, administration and statement are told apart, each with its own date."""
    found = item({"status": "completed", "medicationCodeableConcept": {"text": "x"}, **resource})

    assert (found.content.kind, found.content.start) == (kind, "2024-01-02")
    assert found.entry == ""


def test_order_not_to_give(item: Any) -> None:
    """An order not to give says so first, and shares no entry with an order to give."""
    found = item(request(doNotPerform=True, medicationCodeableConcept=code("1")))

    assert found.content.dosage.startswith(DO_NOT)
    assert found.entry == ""


def test_contained_drug_and_compound(item: Any) -> None:
    """A contained drug is found; a compound is named by its ingredients."""
    parts = [{"itemCodeableConcept": {"text": text}} for text in ("zinc", "camphre")]
    contained = [{"resourceType": "Medication", "id": "m", "ingredient": parts}]
    found = item(request(contained=contained, medicationReference={"reference": "#m"}))

    assert found.content.code == Concept(text="zinc + camphre")


def test_nameless_drug(item: Any) -> None:
    """A drug that nothing names is refused: a chart may not show a nameless medication."""
    with pytest.raises(Unmappable, match="unresolved-medication"):
        item(request(medicationReference={"reference": "Medication/elsewhere"}))


def test_immunization(item: Any) -> None:
    """A vaccine is one entry with the same vaccine of the same day elsewhere."""
    found = item(
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": code("140", "cvx"),
            "occurrenceDateTime": "2024-10-01T09:00:00-04:00",
            "lotNumber": "AAJN11K",
            "doseQuantity": {"value": 0.50, "unit": "mL"},
            "performer": [
                {"function": status("OP"), "actor": {"display": "Dr A"}},
                {"function": status("AP"), "actor": {"display": "Inf. B"}},
            ],
            "protocolApplied": [{"doseNumberPositiveInt": 2, "series": "base"}],
        }
    )

    assert found.entry == "cvx|140|2024-10-01"
    assert isinstance(found.content, Immunization)
    assert found.content.performer == Actor(name="Inf. B", role="AP")
    assert (found.content.dose_number, found.content.series) == ("2", "base")


def test_vaccine_not_given(item: Any) -> None:
    """A vaccine not given says why; with no date it stands alone."""
    found = item(
        {
            "resourceType": "Immunization",
            "status": "not-done",
            "vaccineCode": code("140", "cvx"),
            "statusReason": {"text": "refus"},
            "occurrenceString": "automne",
        }
    )

    assert (found.status, found.entry, found.content.note) == ("not-done", "", "automne")
    assert found.content.reason_not_done == Concept(text="refus")


def test_result_keeps_its_digits(items: Any, source: Any) -> None:
    """An amount is what was reported, digit for digit, also where a float would round it."""
    from dsn_producers.fhir import map_bundle

    for digits in ("7.10", "0.0000001", "1E2", "123456789012345678901234567890.5", "-0"):
        data = (
            '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},'
            '"subject":{"reference":"Patient/p"},"valueQuantity":{"value":%s,"unit":"mmol/L"}}'
        )
        (found,) = map_bundle((data % digits).encode(), source, CAPTURED_AT).items

        assert isinstance(found.content, Result)
        assert found.content.value_quantity == Quantity(value=digits, unit="mmol/L")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"valueString": "négatif"}, "négatif"),
        ({"valueBoolean": False}, "false"),
        ({"valueInteger": 10}, "10"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "1 - 2"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 / 128"),
        ({"valueTime": "08:30:00"}, "08:30:00"),
        ({"valueDateTime": "2016-05-18"}, "2016-05-18"),
        ({"valuePeriod": {"start": "2016"}}, "2016 - "),
        ({"valueSampledData": {"data": "1 2 3"}}, "1 2 3"),
    ],
)
def test_values_in_words(item: Any, value: dict[str, Any], text: str) -> None:
    """A value that is neither an amount nor a code is kept in words."""
    assert item(observation(**value)).content.value_text == text


def test_components(item: Any) -> None:
    """Each part of a composed result keeps its value, or why it has none."""
    found = item(
        observation(
            component=[
                {"code": code("8480-6"), "valueQuantity": {"value": 120}},
                {"code": code("8462-4"), "dataAbsentReason": {"text": "non mesurée"}},
            ]
        )
    )
    high, low = found.content.components

    assert high.value_quantity == Quantity(value="120")
    assert low.value_concept == Concept(text="non mesurée")


def test_accession(items: Any) -> None:
    """Results of one accession share an entry with the same result elsewhere."""
    filler = {"type": status("FILL"), "system": "lab", "value": "A-77"}
    subject = {"reference": "Patient/p"}
    panel = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": code("24331-1"),
        "identifier": [filler],
        "subject": subject,
        "basedOn": [{"reference": "ServiceRequest/s"}],
        "result": [{"reference": "Observation/a"}],
        "conclusion": "normal",
    }
    order = {
        "resourceType": "ServiceRequest",
        "id": "s",
        "identifier": [{"type": status("PLAC"), "value": "P-1"}],
    }
    listed = {**observation(), "id": "a", "subject": subject}
    lone = {**observation(), "id": "b", "subject": subject}
    report, found, other = items(panel, order, listed, lone)

    assert found.entry == f"{SCT}|718-7|A-77"
    assert (found.content.panel, found.content.placer) == (concept("24331-1"), "P-1")
    assert (other.entry, other.content.panel) == ("", None)
    assert (report.section, report.content.conclusion) == ("documents", "normal")


def test_two_isolates_are_two_results(items: Any) -> None:
    """The same code twice under one accession is two results, not one entry."""
    filler = [{"type": status("ACSN"), "value": "A-77"}]
    both = [
        {**observation(identifier=filler), "id": name, "subject": {"reference": "Patient/p"}}
        for name in ("a", "b")
    ]

    assert [one.entry for one in items(*both)] == ["", ""]
    assert items(both[0])[0].entry == f"{SCT}|718-7|A-77"


def test_member_of_a_panel(items: Any) -> None:
    """A member of an observation has that observation as its panel."""
    subject = {"reference": "Patient/p"}
    parent = {**observation(hasMember=[{"reference": "Observation/m"}]), "id": "o"}
    member = {**observation(code=code("2")), "id": "m"}
    _, found = items({**parent, "subject": subject}, {**member, "subject": subject})

    assert found.content.panel == concept("718-7")


def document(**attachment: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": code("34108-1", "http://loinc.org"),
        "content": [{"attachment": attachment}],
    }


@pytest.mark.parametrize(
    ("mime_type", "charset"),
    [
        ("text/plain", "utf-8"),
        ("text/plain; charset=ISO-8859-1", "latin-1"),
        ("Text/HTML", "utf-8"),
    ],
)
def test_text_of_a_document(item: Any, mime_type: str, charset: str) -> None:
    """Text is carried as text, in the charset it says, with size and digest of its bytes."""
    content = "Résumé d'hospitalisation".encode(charset)
    data = base64.encodebytes(content).decode()
    found = item(document(contentType=mime_type, data=data))

    assert isinstance(found.content, Document)
    assert found.content.text == "Résumé d'hospitalisation"
    assert found.content.size == len(content)
    assert found.content.sha256 == hashlib.sha256(content).hexdigest()


def test_document_that_is_no_text(item: Any) -> None:
    """Of a scan the size, the digest and the place are kept; a Binary beside it is read."""
    binary = {
        "resourceType": "Binary",
        "id": "b",
        "contentType": "application/pdf",
        "data": base64.b64encode(b"%PDF").decode(),
    }
    here = item(document(contentType="application/pdf", url="Binary/b"), binary).content
    away = item(document(contentType="application/pdf", url="Binary/far", size=99)).content

    assert (here.text, here.size, here.url) == ("", 4, "")
    assert (away.text, away.size, away.sha256, away.url) == ("", 99, "", "Binary/far")


@pytest.mark.parametrize(
    ("doc_status", "status_", "expected"),
    [
        (None, "current", "current"),
        ("preliminary", "current", "preliminary"),
        ("final", "entered-in-error", "entered-in-error"),
        ("final", "superseded", "superseded"),
    ],
)
def test_status_of_a_document(
    item: Any, doc_status: str | None, status_: str, expected: str
) -> None:
    """How far the writing has come is the status, unless the document is gone."""
    assert item({**document(), "status": status_, "docStatus": doc_status}).status == expected


def test_encounter(item: Any) -> None:
    """An encounter stands alone; the place where the patient is now comes first."""
    ward = {"resourceType": "Location", "id": "w", "name": "6e Nord"}
    found = item(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"code": "IMP"},
            "period": {"start": "2024-03-01T10:00:00-05:00"},
            "location": [
                {"location": {"display": "Urgence"}, "status": "completed"},
                {"location": {"reference": "Location/w"}, "status": "active"},
            ],
            "participant": [{"type": [status("ATND")], "individual": {"display": "Dr Roy"}}],
        },
        ward,
    )

    assert (found.section, found.entry, found.status) == ("encounters", "", "in-progress")
    assert isinstance(found.content, Encounter)
    assert found.content.stays == (
        Stay(location="6e Nord", status="active"),
        Stay(location="Urgence", status="completed"),
    )
    assert found.content.participants == (Actor(name="Dr Roy", role="ATND"),)


def test_procedure(item: Any) -> None:
    """A procedure groups by code and day, and takes its reason from the condition."""
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "code": {"text": "gingivite"},
        "subject": {"reference": "Patient/p"},
    }
    found = item(
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": code("80146002"),
            "performedPeriod": {"start": "2013-04-05", "end": "2013-04-06"},
            "reasonReference": [{"reference": "Condition/c"}],
        },
        condition,
    )

    assert found.entry == f"{SCT}|80146002|2013-04-05"
    assert found.content == Procedure(
        code=concept("80146002"),
        start="2013-04-05",
        end="2013-04-06",
        reason=Concept(text="gingivite"),
    )


def test_alert(item: Any) -> None:
    """A flag is an alert."""
    found = item(
        {
            "resourceType": "Flag",
            "status": "active",
            "code": code("225915006"),
            "category": [{"text": "sécurité"}],
            "period": {"start": "2024"},
        }
    )

    assert (found.section, found.entry) == ("alerts", f"{SCT}|225915006")
    assert found.content == Alert(
        code=concept("225915006"), category=Concept(text="sécurité"), start="2024"
    )


def test_code_without_a_system_groups_nothing(item: Any) -> None:
    """A local code means something else elsewhere: its entry stands alone."""
    assert item(allergy(code={"coding": [{"code": "A1"}]})).entry == ""


def test_code_the_user_picked_comes_first(item: Any) -> None:
    """Of several codes for one meaning, the one the author chose leads and groups."""
    codings = [{"system": "a", "code": "1"}, {"system": "b", "code": "2", "userSelected": True}]

    assert item(allergy(code={"coding": codings})).entry == "b|2"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"meta": {"lastUpdated": "2024-01-01T00:00:00.500Z"}}, 1704067200500),
        ({"recordedDate": "2024-01-01"}, 1704085200000),
        ({"recordedDate": "2024"}, 1704085200000),
        ({"recordedDate": "2024-13-45"}, CAPTURED_AT),
        ({}, CAPTURED_AT),
    ],
)
def test_when_it_happened(item: Any, more: dict[str, Any], expected: int) -> None:
    """The server's time, else the resource's own date in the source's zone, else the capture's."""
    assert item(allergy(**more)).occurred_at == expected
