"""The small pool of contents that generated changes share.

A record has twenty items (slots) in six sections; each has sixteen versions of its content, padded
to about the size asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dsn_deploy.demo.catalogue import ALLERGENS, DRUGS, PANELS, PROBLEMS, SYSTEMS, VACCINES, Code
from dsn_schemas.records import (
    Alert,
    Allergy,
    Coding,
    Concept,
    Immunization,
    Medication,
    Problem,
    Quantity,
    Reaction,
    Result,
    Section,
)
from dsn_schemas.wire import encode_content

Noted = Allergy | Problem | Medication | Result | Immunization | Alert

#: Versions of each slot's content.
VERSIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One item that a record can have."""

    section: Section
    item: str
    entry: str
    status: str
    code: Code
    make: Callable[[Concept, int], Noted]


def pool(content_bytes: int) -> tuple[tuple[Noted, ...], ...]:
    """The contents of every slot, each about ``content_bytes`` long when encoded, or its least."""
    return tuple(
        tuple(
            _padded(slot.make(concept(slot.code), version), version, content_bytes)
            for version in range(VERSIONS)
        )
        for slot in SLOTS
    )


def concept(code: Code) -> Concept:
    """A code as the contract carries it."""
    coding = Coding(system=SYSTEMS[code.system], code=code.code, display=code.text)
    return Concept(codings=(coding,), text=code.text)


def _padded(content: Noted, version: int, content_bytes: int) -> Noted:
    """The same with a note that fills it up; the note also tells versions apart."""
    noted = replace(content, note=f"version {version}. ")
    missing = content_bytes - len(encode_content(noted))
    words = "Note du dossier, revue avec la personne. " * (missing // 40 + 1)
    return replace(noted, note=noted.note + words[: max(missing, 0)])


def _allergy(code: Concept, version: int) -> Allergy:
    return Allergy(
        code=code,
        type="allergy",
        category="medication",
        criticality="high" if version % 2 else "low",
        verification="confirmed",
        recorded=f"2026-09-{version + 1:02d}",
        reactions=(Reaction(manifestations=(Concept(text="Urticaire"),), severity="moderate"),),
    )


def _problem(code: Concept, version: int) -> Problem:
    return Problem(
        code=code,
        category="problem-list-item",
        verification="confirmed",
        onset=f"20{version + 10}-05-01",
        recorded="2026-09-02",
    )


def _medication(code: Concept, version: int) -> Medication:
    return Medication(
        kind="request",
        code=code,
        dosage=f"{version + 1} comprimé par jour",
        dose=Quantity(value=str(version + 1), unit="comprimé"),
        authored=f"2026-09-{version + 1:02d}",
    )


def _result(code: Concept, version: int) -> Result:
    return Result(
        category="laboratory",
        code=code,
        accession="L26-000001",
        effective=f"2026-09-{version + 1:02d}T08:15:00-04:00",
        value_quantity=Quantity(value=str(100 + version), unit="mmol/L", code="mmol/L"),
    )


def _immunization(code: Concept, version: int) -> Immunization:
    return Immunization(code=code, occurrence="2026-10-21", lot=f"LOT{version:03d}")


def _alert(code: Concept, version: int) -> Alert:
    return Alert(code=code, start=f"2026-09-{version + 1:02d}")


def _slots() -> tuple[Slot, ...]:
    """Twenty of them, a chart of usual make."""
    tests = [test.code for panel in PANELS for test in panel.tests]
    fall = Code("SCT", "129839007", "Risque de chute")
    plan: list[tuple[Section, str, list[Code], Callable[[Concept, int], Noted]]] = [
        ("allergies", "active", [allergen.code for allergen in ALLERGENS[:3]], _allergy),
        ("problems", "active", list(PROBLEMS[:4]), _problem),
        ("medications", "active", [drug.code for drug in DRUGS[:5]], _medication),
        ("results", "final", tests[:5], _result),
        ("immunizations", "completed", list(VACCINES[:2]), _immunization),
        ("alerts", "active", [fall], _alert),
    ]
    return tuple(
        Slot(
            section=section,
            item=f"{section}-{count}",
            entry=_entry(section, code),
            status=status,
            code=code,
            make=make,
        )
        for section, status, codes, make in plan
        for count, code in enumerate(codes, start=1)
    )


def _entry(section: Section, code: Code) -> str:
    """What the item means, as ``RecordChange.entry`` says it."""
    meaning = f"{SYSTEMS[code.system]}|{code.code}"
    if section == "results":
        return f"{meaning}|L26-000001"
    return f"{meaning}|2026-10-21" if section == "immunizations" else meaning


SLOTS = _slots()
