"""FHIR data types to the contract's: nothing is judged here, every text and digit is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Raw

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source
from dsn_schemas import nam
from dsn_schemas.records import (
    Address,
    Coding,
    Concept,
    ContactPoint,
    HumanName,
    Identifier,
    Quantity,
)

#: The system of a Quebec health number, whatever the source calls it (CA Baseline).
NAM_SYSTEM = nam.SYSTEM
#: Code of a provincial health number in HL7 table 0203.
NAM_TYPE = "JHN"
_OID = "urn:oid:"
_DIGITS = frozenset(b"-0123456789")

T = TypeVar("T")


def present(values: Iterable[T | None] | None) -> Sequence[T]:
    """The values without those that are ``null``."""
    if values is None:
        return ()
    return [value for value in values if value is not None]


def first(values: Iterable[T | None] | None) -> T | None:
    """The first value that is there."""
    return next((value for value in values or () if value is not None), None)


def coding(value: fhir.Coding) -> Coding:
    """One code."""
    return Coding(system=value.system or "", code=value.code or "", display=value.display or "")


def concept(value: fhir.CodeableConcept | None) -> Concept | None:
    """A meaning; None when it says nothing. A code the user picked comes first."""
    if value is None:
        return None
    codings = present(value.coding)
    if len(codings) > 1:
        codings = sorted(codings, key=lambda one: not one.user_selected)
    if not codings and not value.text:
        return None
    return Concept(codings=tuple(coding(one) for one in codings), text=value.text or "")


def concept_or_empty(value: fhir.CodeableConcept | None) -> Concept:
    """A meaning where the contract wants one."""
    return concept(value) or Concept()


def concepts(values: Iterable[fhir.CodeableConcept | None] | None) -> tuple[Concept, ...]:
    """Every meaning that says something."""
    return tuple(found for value in values or () if (found := concept(value)) is not None)


def code_of(value: fhir.CodeableConcept | None) -> str:
    """The first code, else the words: for FHIR's own code lists (status, category)."""
    if value is None:
        return ""
    named = (one.code for one in present(value.coding) if one.code)
    return next(named, value.text or "")


def words(value: Concept | None) -> str:
    """A meaning as a person reads it."""
    if value is None:
        return ""
    shown = (one.display or one.code for one in value.codings)
    return value.text or next((text for text in shown if text), "")


def entry_of(value: Concept, *more: str) -> str:
    """``system|code`` and what else groups; empty when no code is anchored in a system.

    A local code without a system means something else at the next hospital.
    """
    for one in value.codings:
        if one.system and one.code:
            return "|".join((one.system, one.code, *more))
    return ""


def number(raw: Raw, path: str) -> str:
    """A JSON number as it was written. Raises ``Unmappable`` when it is something else."""
    text = bytes(raw)
    if not text or text == b"null":
        return ""
    if not text[0] in _DIGITS:
        raise Unmappable("invalid-resource", f"{path}: an amount is not a JSON number")
    return text.decode("ascii")


def quantity(value: fhir.Quantity | None, path: str) -> Quantity | None:
    """A measured amount; None when it holds nothing."""
    if value is None:
        return None
    found = Quantity(
        value=number(value.value, path),
        comparator=value.comparator or "",
        unit=value.unit or "",
        system=value.system or "",
        code=value.code or "",
    )
    return None if found == _NOTHING else found


def quantity_words(value: fhir.Quantity | None, path: str) -> str:
    """An amount as a person reads it: ``<5 mg``."""
    found = quantity(value, path)
    if found is None:
        return ""
    return f"{found.comparator}{found.value} {found.unit or found.code}".strip()


def range_words(value: fhir.Range | None, path: str) -> str:
    """A range as a person reads it: ``5 mg - 10 mg``."""
    if value is None:
        return ""
    return f"{quantity_words(value.low, path)} - {quantity_words(value.high, path)}"


def notes(values: Iterable[fhir.Annotation | None] | None, *more: str) -> str:
    """Every note, a line each, after what else is to be said in words."""
    texts = (one.text for one in present(values))
    return "\n".join(text for text in (*more, *texts) if text)


def authority_of(value: fhir.Identifier, source: Source) -> str:
    """Who assigned a number: the canonical name of its system."""
    system = (value.system or "").strip()
    plain = system.removeprefix(_OID)
    for spelling in (system, plain):
        if spelling in source.authorities:
            return source.authorities[spelling]
    return source.authority if source.authority in (system, plain) else system


def is_nam(value: fhir.Identifier, source: Source) -> bool:
    """True for a Quebec health number."""
    system = (value.system or "").strip()
    return system.removeprefix(_OID) in source.nam_authorities or (
        authority_of(value, source) in source.nam_authorities
    )


def type_code(value: fhir.Identifier) -> str:
    """The code of HL7 table 0203, or the words of the type."""
    return code_of(value.type)


def identifier(value: fhir.Identifier, source: Source) -> Identifier | None:
    """A number; None when its value is absent (data-absent-reason). A NAM gets its own system."""
    found = (value.value or "").strip()
    if not found:
        return None
    nam = is_nam(value, source)
    return Identifier(
        system=NAM_SYSTEM if nam else authority_of(value, source),
        value=found,
        type=NAM_TYPE if nam else type_code(value),
        use=value.use or "",
        assigner=(value.assigner.display if value.assigner else "") or "",
        period_start=value.period.start if value.period else None,
        period_end=value.period.end if value.period else None,
    )


def identifiers(
    values: Iterable[fhir.Identifier | None] | None, source: Source
) -> tuple[Identifier, ...]:
    """Every number that has a value."""
    found = (identifier(value, source) for value in present(values))
    return tuple(value for value in found if value is not None)


def human_name(value: fhir.HumanName | None) -> HumanName | None:
    """A name; None when it holds nothing."""
    if value is None:
        return None
    found = HumanName(
        use=value.use or "",
        family=value.family or "",
        given=tuple(text for text in value.given or () if text),
        prefix=_joined(value.prefix),
        suffix=_joined(value.suffix),
        text=value.text or "",
    )
    return found if found.family or found.given or found.text else None


def name_words(value: fhir.HumanName | None) -> str:
    """A name as a person reads it."""
    found = human_name(value)
    if found is None:
        return ""
    parts = (found.prefix, *found.given, found.family, found.suffix)
    return found.text or " ".join(part for part in parts if part)


def address(value: fhir.Address) -> Address | None:
    """A postal address; None when it holds nothing. One in a single text becomes one line."""
    lines = tuple(text for text in value.line or () if text)
    if not lines and value.text and not value.city:
        lines = (value.text,)
    found = Address(
        use=value.use or "",
        lines=lines,
        city=value.city or "",
        state=value.state or "",
        postal_code=value.postal_code or "",
        country=value.country or "",
    )
    return None if found == Address(use=found.use) else found


def telecoms(values: Iterable[fhir.ContactPoint | None] | None) -> tuple[ContactPoint, ...]:
    """Every telephone number or address that has a value."""
    return tuple(
        ContactPoint(system=one.system or "", value=one.value, use=one.use or "")
        for one in present(values)
        if one.value
    )


_NOTHING = Quantity()


def _joined(values: Iterable[str | None] | None) -> str:
    return " ".join(text for text in values or () if text)
