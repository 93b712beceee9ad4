"""Patient → demographics."""

from __future__ import annotations

from typing import Any

from dsn_producers.fhir.values import NAM_SYSTEM
from dsn_schemas.records import ContactPoint, Demographics, HumanName, Identifier, Language

CA = "http://hl7.org/fhir/ca/baseline/StructureDefinition"
HL7 = "http://hl7.org/fhir/StructureDefinition"
MOTHER = {"coding": [{"code": "MTH"}]}


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p", **more}


def demographics(items: Any, *resources: dict[str, Any]) -> Demographics:
    found = items(*resources)[0]

    assert (found.section, found.item, found.entry) == ("demographics", "patient", "")
    assert isinstance(found.content, Demographics)

    return found.content


def test_health_numbers(items: Any) -> None:
    """A Quebec health number gets one system and type, under whatever name it came."""
    ours = ("RAMQ", "urn:oid:2.16.124.10.101.1.60.100", NAM_SYSTEM)
    sent = [{"system": system, "value": " TEST54122816"} for system in ours]
    found = demographics(items, patient(identifier=[*sent, {"system": "SIN", "value": "1"}]))

    assert set(found.identifiers[:3]) == {
        Identifier(system=NAM_SYSTEM, value="TEST54122816", type="JHN")
    }
    assert found.identifiers[3] == Identifier(system="SIN", value="1")


def test_quebec_person(items: Any) -> None:
    """Names keep accents and order; extensions of Quebec's profile are read."""
    found = demographics(
        items,
        patient(
            name=[
                {"use": "official", "family": "Côté-Lœwen", "given": ["Élise", None, "Zoé"]},
                {"use": "usual", "text": "Lili"},
                {"extension": [{"url": f"{HL7}/data-absent-reason", "valueCode": "masked"}]},
            ],
            gender="female",
            birthDate="1975-11",
            _birthDate={"extension": [{"url": f"{CA}/ext-dateestimated", "valueBoolean": True}]},
            extension=[
                {"url": f"{CA}/ext-patientbirthsex", "valueCoding": {"code": "F"}},
                {"url": f"{HL7}/patient-mothersMaidenName", "valueString": "Séraphin"},
                {"url": f"{HL7}/patient-interpreterRequired", "valueBoolean": False},
            ],
            multipleBirthInteger=2,
            communication=[
                {"language": {"coding": [{"code": "fr"}]}, "preferred": True},
                {"language": {"text": "innu-aimun"}},
            ],
            telecom=[{"use": "home"}, {"system": "phone", "value": "418 555-0199", "use": "home"}],
            deceasedBoolean=False,
        ),
    )

    assert found.names == (
        HumanName(use="official", family="Côté-Lœwen", given=("Élise", "Zoé")),
        HumanName(use="usual", text="Lili"),
    )
    assert (found.birth_date, found.birth_date_estimated) == ("1975-11", True)
    assert (found.gender, found.birth_sex) == ("female", "F")
    assert found.mother == HumanName(use="maiden", family="Séraphin", text="Séraphin")
    assert (found.multiple_birth, found.birth_order) == (True, 2)
    assert found.languages == (
        Language(code="fr", preferred=True),
        Language(code="innu-aimun"),
    )
    assert found.telecoms == (ContactPoint(system="phone", value="418 555-0199", use="home"),)
    assert (found.deceased, found.interpreter_needed) == (False, False)


def test_silence_is_not_no(items: Any) -> None:
    """What a patient resource does not say stays unsaid; birth sex is not taken from gender."""
    found = demographics(items, patient(gender="male"))

    assert (found.deceased, found.multiple_birth, found.interpreter_needed) == (None, None, None)
    assert (found.birth_sex, found.birth_date, found.active) == ("", "", True)


def test_unknown_gender_code_is_kept(items: Any) -> None:
    """A gender FHIR does not know is kept as the source's own code, and only there."""
    found = demographics(items, patient(gender="X"))

    assert (found.gender, found.gender_code) == ("", "X")


def test_birth_sex_codes(items: Any) -> None:
    """The birth sex of each profile becomes one of four codes."""
    us = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
    for code, expected in {"M": "M", "F": "F", "OTH": "X", "ASKU": "UNK"}.items():
        extension = [{"url": us, "valueCode": code}]

        assert demographics(items, patient(extension=extension)).birth_sex == expected


def test_mother_of_a_newborn(items: Any) -> None:
    """A mother sent as RelatedPerson gives her name and her numbers, and no other's."""
    mother = {
        "resourceType": "RelatedPerson",
        "id": "m",
        "patient": {"reference": "Patient/p"},
        "relationship": [MOTHER],
        "name": {"family": "Abels", "given": ["Sarah"]},
        "identifier": [{"system": "HSC", "value": "844"}],
    }
    found = demographics(items, patient(), mother)
    other = demographics(items, {**patient(), "id": "q"}, mother)

    assert found.mother == HumanName(family="Abels", given=("Sarah",))
    assert found.mother_identifiers == (Identifier(system="HSC", value="844"),)
    assert (other.mother, other.mother_identifiers) == (None, ())


def test_father_among_the_contacts(items: Any) -> None:
    """A father sent as a contact is both a contact and the father."""
    contact = {"relationship": [{"coding": [{"code": "FTH"}]}], "name": {"family": "Roy"}}
    found = demographics(items, patient(contact=[contact, {"relationship": [MOTHER]}]))

    assert found.father == HumanName(family="Roy")
    assert [one.name for one in found.contacts] == [HumanName(family="Roy")]


def test_death(items: Any) -> None:
    """A date of death says that the person is dead."""
    found = demographics(items, patient(deceasedDateTime="2024-02-30"))

    assert (found.deceased, found.deceased_at) == (True, "2024-02-30")
