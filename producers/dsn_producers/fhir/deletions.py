"""``DELETE`` entries → deletes of items.

FHIR deletes by ``Type/id`` alone and so does not say whose the resource was. It can be known from
a conditional request: ``Observation?_id=7&patient.identifier=authority|number`` (``subject`` and a
plain reference do as well), or ``Patient?identifier=authority|number``.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from msgspec import Raw

from dsn_producers.fhir.bundle import Deletion, Entry
from dsn_producers.fhir.datatypes import Reference
from dsn_producers.fhir.demographics import ITEM
from dsn_producers.fhir.draft import Draft
from dsn_producers.fhir.whose import Records
from dsn_producers.mapping import Unmappable
from dsn_schemas.records import Section

#: The section of each type whose items have one section only.
SECTIONS: dict[str, Section] = {
    "Encounter": "encounters",
    "AllergyIntolerance": "allergies",
    "MedicationRequest": "medications",
    "MedicationDispense": "medications",
    "MedicationAdministration": "medications",
    "MedicationStatement": "medications",
    "Condition": "problems",
    "Immunization": "immunizations",
    "Observation": "results",
    "DiagnosticReport": "documents",
    "DocumentReference": "documents",
    "Procedure": "procedures",
    "Flag": "alerts",
}
#: Types that become items, but whose section or record an address alone does not tell.
_UNCLEAR = frozenset({"Consent", "Composition", "Linkage"})
_NOTHING = Raw(b"{}")
_WHOSE = "; name the patient: Type?_id=<id>&patient.identifier=<authority>|<number>"


def deletion(request: Deletion, records: Records) -> Draft | None:
    """The delete of one item; None for a type that is no item. Raises ``Unmappable``."""
    target, _, query = request.url.partition("?")
    kind, _, name = target.partition("/")
    if kind in _UNCLEAR:
        detail = f"{request.path}: a {kind} is withdrawn by its status, not by DELETE"
        raise Unmappable("delete-not-resolvable", detail)
    if kind != "Patient" and kind not in SECTIONS:
        return None
    asked = _asked(query)
    near = Entry(request.path, kind, "", "", _NOTHING)
    if kind == "Patient":
        if not asked.get("identifier"):
            detail = f"{request.path}: DELETE Patient/<id> does not tell the record number; use"
            raise Unmappable(
                "delete-not-resolvable", f"{detail} Patient?identifier=<authority>|<number>"
            )
        record = records.of_reference(Reference(reference=request.url), near)
        return Draft(section="demographics", content=None, item=ITEM, record=record, op="delete")
    name = name or asked.get("_id", "")
    patient = _patient(asked)
    if not name or patient is None:
        detail = f"{request.path}: DELETE of a {kind} without its patient{_WHOSE}"
        raise Unmappable("delete-not-resolvable", detail)
    record = records.of_reference(patient, near)
    item = f"{kind}/{name}"
    return Draft(section=SECTIONS[kind], content=None, item=item, record=record, op="delete")


def _asked(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&"))
    return {name: unquote(value) for name, _, value in pairs}


def _patient(asked: dict[str, str]) -> Reference | None:
    for role in ("patient", "subject"):
        for chained in (f"{role}.identifier", f"{role}:Patient.identifier", f"{role}:identifier"):
            if asked.get(chained):
                return Reference(reference=f"Patient?identifier={quote(asked[chained])}")
        if asked.get(role):
            plain = asked[role]
            return Reference(reference=plain if "/" in plain else f"Patient/{plain}")
    return None
