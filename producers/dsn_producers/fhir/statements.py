"""What a source says of a whole section: "none known" is a statement, silence is not.

It comes as an empty section of a document, or as a resource whose code means that there is
nothing. A code that denies only a part ("no known *drug* allergy") is no such statement: it stays
an entry of its own, because the rest of the section was not spoken of.
"""

from __future__ import annotations

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.draft import STATEMENT, Draft, Scope
from dsn_producers.fhir.resources import Composition, CompositionSection
from dsn_producers.fhir.values import concept, first, present, words
from dsn_schemas.records import Section, SectionStatement

SNOMED = "http://snomed.info/sct"
IPS = (
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown",
)
#: Codes that deny or withhold a whole section.
_CODES: dict[tuple[str, str], str] = {
    (SNOMED, "716186003"): "none-known",  # no known allergy
    (SNOMED, "160244002"): "none-known",  # no known allergies (its retired form)
    (SNOMED, "160245001"): "none-known",  # no current problems or disability
    **{
        (system, code): said
        for system in IPS
        for what in ("allergies", "medications", "problems", "immunizations", "procedures")
        for code, said in (
            (f"no-known-{what}", "none-known"),
            (f"no-{what.removesuffix('ies')}y-info", "unavailable")
            if what == "allergies"
            else (f"no-{what.removesuffix('s')}-info", "unavailable"),
        )
    },
}
#: LOINC codes of document sections (IPS, PS-CA).
_SECTIONS: dict[str, Section] = {
    "48765-2": "allergies",
    "10160-0": "medications",
    "11450-4": "problems",
    "11369-6": "immunizations",
    "47519-4": "procedures",
    "30954-2": "results",
    "42348-3": "directives",
    "104605-1": "alerts",
}
#: FHIR list-empty-reason to the contract's code; ``closed`` says nothing of the patient.
_REASONS = {
    "nilknown": "none-known",
    "notasked": "not-asked",
    "notstarted": "not-asked",
    "unavailable": "unavailable",
    "withheld": "withheld",
}


def statement(
    section: Section,
    code: fhir.CodeableConcept | None,
    scope: Scope,
    *,
    status: str,
    author: fhir.Reference | None,
    recorded: str | None,
) -> Draft | None:
    """The statement a resource's code makes of its section; None when it makes none."""
    said = next(
        (
            _CODES[one.system or "", one.code or ""]
            for one in present(code.coding if code else None)
            if (one.system or "", one.code or "") in _CODES
        ),
        None,
    )
    if said is None:
        return None
    return Draft(
        section=section,
        content=SectionStatement(
            code=said, text=words(concept(code)), author=scope.actor(author), recorded=recorded
        ),
        item=STATEMENT,
        entry=STATEMENT,
        status=status,
        said_at=recorded,
    )


def composition(resource: Composition, scope: Scope) -> tuple[Draft, ...]:
    """One statement for each known section that a document declares empty, with its reason."""
    drafts = []
    author = scope.actor(first(resource.author))
    for part in _parts(resource.section or (), 1):
        section = _section(part)
        reasons = present(part.empty_reason.coding if part.empty_reason else None)
        said = next((_REASONS[one.code] for one in reasons if one.code in _REASONS), None)
        if section is None or said is None:
            continue
        content = SectionStatement(
            code=said,
            text=words(concept(part.empty_reason)),
            author=author,
            recorded=resource.date,
        )
        drafts.append(
            Draft(
                section=section,
                content=content,
                item=STATEMENT,
                entry=STATEMENT,
                status=resource.status,
                said_at=resource.date,
            )
        )
    return tuple(drafts)


def _parts(sections: tuple[CompositionSection, ...], depth: int) -> list[CompositionSection]:
    """Every section and the sections within, three levels at most."""
    found: list[CompositionSection] = []
    for section in sections:
        found.append(section)
        if depth < 3:
            found += _parts(section.section or (), depth + 1)
    return found


def _section(part: CompositionSection) -> Section | None:
    codes = present(part.code.coding if part.code else None)
    return next((_SECTIONS[one.code] for one in codes if one.code in _SECTIONS), None)
