"""Writing FHIR R4 as the clinic does: a patient, codes, amounts, a transaction bundle."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from dsn_deploy.demo.catalogue import SYSTEMS, Code
from dsn_deploy.demo.population import Person
from dsn_deploy.demo.registrations import Registration
from dsn_schemas.nam import SYSTEM

#: Address of the clinic's record numbers; ``sources.toml`` knows it as HDM-CLINIQUE.
NUMBERS = "https://clinique.hdm.example/dossiers"
HERE = "https://clinique.hdm.example/fhir"
HL7 = "http://terminology.hl7.org/CodeSystem"

_ZONE = ZoneInfo("America/Toronto")
_GENDERS = {"F": "female", "M": "male", "X": "other"}

Json = dict[str, object]


def bundle(name: str, when: datetime, resources: list[Json], *others: Json) -> bytes:
    """A transaction that puts these resources, and ``others``: entries without a resource."""
    content: Json = {
        "resourceType": "Bundle",
        "id": name,
        "type": "transaction",
        "timestamp": instant(when),
        "entry": [*map(_entry, resources), *others],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def patient(registration: Registration, name: str, physician: Json) -> Json:
    """Who the person of this file is."""
    person = registration.person
    human: Json = {
        "use": "official",
        "family": registration.family,
        "given": list(registration.given),
    }
    language = {"coding": [{"system": "urn:ietf:bcp:47", "code": person.language}]}
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": _identifiers(registration),
        "active": True,
        "name": [human],
        "telecom": [{"system": "phone", "value": person.phone, "use": "home"}],
        "gender": _GENDERS[person.marker],
        "birthDate": registration.born.isoformat(),
        "address": [_address(person)],
        "communication": [{"language": language, "preferred": True}],
        "generalPractitioner": [physician],
    }


def _identifiers(registration: Registration) -> list[Json]:
    local: Json = {"use": "usual", "type": _type("MR"), "system": NUMBERS}
    health: Json = {"use": "official", "type": _type("JHN"), "system": SYSTEM}
    found = [{**local, "value": registration.number}]
    return [*found, {**health, "value": registration.nam}] if registration.nam else found


def _address(person: Person) -> Json:
    address = person.address
    return {
        "use": "home",
        "line": [address.street],
        "city": address.city,
        "state": "QC",
        "postalCode": address.postal_code,
        "country": "CA",
    }


def _entry(resource: Json) -> Json:
    name = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"{HERE}/{name}",
        "resource": resource,
        "request": request("PUT", name),
    }


def request(method: str, url: str) -> Json:
    """What an entry of a transaction asks for."""
    return {"method": method, "url": url}


def concept(system: str, code: str) -> Json:
    """A code of one of HL7's own systems."""
    return {"coding": [{"system": f"{HL7}/{system}", "code": code}]}


def _type(code: str) -> Json:
    return concept("v2-0203", code)


def code(one: Code) -> Json:
    """A code of the catalogue, with its words."""
    coding = {"system": SYSTEMS[one.system], "code": one.code, "display": one.text}
    return {"coding": [coding], "text": one.text}


def quantity(value: float, unit: str) -> Json:
    """An amount, whole numbers without a decimal point."""
    number = int(value) if value == int(value) else value
    return {"value": number, "unit": unit, "system": SYSTEMS["UCUM"], "code": unit}


def measured(what: Code, value: float, unit: str) -> Json:
    """What was measured, and how much."""
    return {"code": code(what), "valueQuantity": quantity(value, unit)}


def instant(when: datetime) -> str:
    """Local time with its offset."""
    return when.replace(tzinfo=_ZONE).isoformat()
