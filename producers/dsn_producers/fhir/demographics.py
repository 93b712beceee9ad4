"""Patient → demographics: one item, always named ``patient``, the whole of what the source knows."""

from __future__ import annotations

from collections.abc import Iterable

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.claims import link_claims
from dsn_producers.fhir.draft import Draft, Scope, names_of
from dsn_producers.fhir.resources import Patient, PatientContact, RelatedPerson
from dsn_producers.fhir.values import (
    address,
    code_of,
    concept,
    first,
    human_name,
    identifiers,
    present,
    telecoms,
)
from dsn_schemas.records import (
    Actor,
    ContactPerson,
    Demographics,
    HumanName,
    Identifier,
    Language,
)

#: Name of the demographics item of every record.
ITEM = "patient"
_GENDERS = frozenset({"male", "female", "other", "unknown"})
#: Codes of the birth sex extensions (US Core, CA Baseline, SNOMED CT) to the contract's.
_BIRTH_SEX = {
    "M": "M", "MALE": "M", "248153007": "M",
    "F": "F", "FEMALE": "F", "248152002": "F",
    "X": "X", "UN": "X", "OTH": "X", "OTHER": "X",
}  # fmt: skip
_MOTHER = frozenset({"MTH", "NMTH", "GESTM", "ADOPTM", "MTHR"})
_FATHER = frozenset({"FTH", "NFTH", "ADOPTF"})


def patient(resource: Patient, scope: Scope) -> tuple[Draft, ...]:
    """The demographics, and what the patient's links say of other records."""
    extensions = {one.url.rpartition("/")[2].lower(): one for one in resource.extension or ()}
    mother, mother_identifiers = _parent(_MOTHER, resource, scope)
    father, _ = _parent(_FATHER, resource, scope)
    addresses = (address(one) for one in present(resource.address))
    content = Demographics(
        identifiers=identifiers(resource.identifier, scope.source),
        names=_names(resource.name),
        gender=resource.gender if resource.gender in _GENDERS else "",
        gender_code=resource.gender or "",
        birth_sex=_birth_sex(extensions),
        birth_date=resource.birth_date or "",
        birth_date_estimated=_estimated(resource),
        birth_time=_birth_time(resource),
        birth_place=_birth_place(extensions.get("patient-birthplace")),
        multiple_birth=_multiple(resource),
        birth_order=resource.multiple_birth_integer,
        deceased=True if resource.deceased_date_time else resource.deceased_boolean,
        deceased_at=resource.deceased_date_time,
        addresses=tuple(one for one in addresses if one is not None),
        telecoms=telecoms(resource.telecom),
        mother=mother or _maiden_name(extensions.get("patient-mothersmaidenname")),
        father=father,
        mother_identifiers=mother_identifiers,
        marital_status=concept(resource.marital_status),
        languages=_languages(resource),
        interpreter_needed=_boolean(extensions.get("patient-interpreterrequired")),
        contacts=tuple(_contact(one) for one in present(resource.contact) if _says_who(one)),
        general_practitioners=_practitioners(resource, scope),
        active=resource.active is not False,
    )
    return (
        Draft(section="demographics", content=content, item=ITEM),
        *link_claims(resource, scope),
    )


def _names(values: Iterable[fhir.HumanName | None] | None) -> tuple[HumanName, ...]:
    found = (human_name(value) for value in present(values))
    return tuple(name for name in found if name is not None)


def _birth_sex(extensions: dict[str, fhir.Extension]) -> str:
    for name in ("ext-patientbirthsex", "us-core-birthsex", "patient-birthsex", "birthsex"):
        found = extensions.get(name)
        if found is not None:
            code = found.value_code or (found.value_coding.code if found.value_coding else "")
            code = code or code_of(found.value_codeable_concept) or found.value_string or ""
            return _BIRTH_SEX.get(code.upper(), "UNK") if code else ""
    return ""


def _of_birth_date(resource: Patient, name: str) -> fhir.Extension | None:
    extended = resource.birth_date_extended
    matching = (
        one
        for one in (extended.extension if extended else None) or ()
        if one.url.rpartition("/")[2].lower() == name
    )
    return next(matching, None)


def _estimated(resource: Patient) -> bool:
    """True when the date is marked as estimated (CA Baseline)."""
    return _boolean(_of_birth_date(resource, "ext-dateestimated")) is True


def _birth_time(resource: Patient) -> str | None:
    found = _of_birth_date(resource, "patient-birthtime")
    return found.value_date_time if found else None


def _boolean(extension: fhir.Extension | None) -> bool | None:
    return extension.value_boolean if extension else None


def _birth_place(extension: fhir.Extension | None) -> str:
    place = extension.value_address if extension else None
    if place is None:
        return ""
    return place.text or ", ".join(
        part for part in (place.city, place.state, place.country) if part
    )


def _multiple(resource: Patient) -> bool | None:
    """An order of birth is only given in a multiple birth."""
    return True if resource.multiple_birth_integer else resource.multiple_birth_boolean


def _maiden_name(extension: fhir.Extension | None) -> HumanName | None:
    """The mother's name from the extension: a surname when it is one word, else as it came."""
    name = ((extension.value_string if extension else None) or "").strip()
    if not name:
        return None
    return HumanName(use="maiden", text=name, family="" if " " in name else name)


def _parent(
    roles: frozenset[str], resource: Patient, scope: Scope
) -> tuple[HumanName | None, tuple[Identifier, ...]]:
    """A parent from the RelatedPerson resources of the message, else from the contacts."""
    for entry in scope.index.of_kind("RelatedPerson"):
        person = entry.read(RelatedPerson)
        if scope.index.find(person.subject, entry) is scope.entry and _is(
            roles, person.relationship
        ):
            name = human_name(first(names_of(person)))
            return name, identifiers(person.identifier, scope.source)
    for contact in present(resource.contact):
        if _is(roles, contact.relationship):
            return human_name(contact.name), ()
    return None, ()


def _is(roles: frozenset[str], relationship: Iterable[fhir.CodeableConcept | None] | None) -> bool:
    return any(
        one.code in roles for value in present(relationship) for one in present(value.coding)
    )


def _languages(resource: Patient) -> tuple[Language, ...]:
    return tuple(
        Language(code=code, preferred=one.preferred is True)
        for one in present(resource.communication)
        if (code := code_of(one.language))
    )


def _says_who(contact: PatientContact) -> bool:
    return contact.name is not None or bool(contact.telecom) or contact.address is not None


def _contact(contact: PatientContact) -> ContactPerson:
    return ContactPerson(
        relationship=concept(first(contact.relationship)),
        name=human_name(contact.name),
        telecoms=telecoms(contact.telecom),
        address=address(contact.address) if contact.address else None,
    )


def _practitioners(resource: Patient, scope: Scope) -> tuple[Actor, ...]:
    found = resource.general_practitioner
    return scope.actors((found,) if isinstance(found, fhir.Reference) else found)
