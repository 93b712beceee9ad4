"""What an entry says, in the order a reader wants it. Pure; used by ``chart``.

Each section has a shape: which typed record it holds, what titles an entry, what stands beside the
title. Every other field that has a value follows in the details, so nothing received is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar, get_type_hints

import msgspec

from dsn_consumers.web.labels import Label
from dsn_consumers.web.phrases import concept_text, joined, phrase
from dsn_consumers.web.words import ABNORMAL, CRITICAL, field_words
from dsn_schemas import records

T = TypeVar("T")


class Unreadable(ValueError):
    """The content does not fit its section: shown as unreadable, never left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One field of an entry, in words."""

    field: str
    name: Label
    value: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An entry's content, in words."""

    section: str
    title: Label | None
    #: Beside the title: what changes a decision.
    headline: tuple[Fact, ...]
    #: Everything else that was said.
    details: tuple[Fact, ...]
    #: FHIR date by which the entry is sorted and dated; empty: none.
    when: str
    #: "", "abnormal" or "critical".
    level: str

    def get(self, field: str) -> Label | None:
        """What was said of a field; nothing when it was not."""
        said = (fact.value for fact in (*self.headline, *self.details) if fact.field == field)
        return next(said, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    record: type[object]
    title: tuple[str, ...] = ("code",)
    headline: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


_SHAPES: dict[str, _Shape] = {
    "alerts": _Shape(record=records.Alert, headline=("category", "note"), when=("start",)),
    "allergies": _Shape(
        record=records.Allergy,
        headline=("reactions", "criticality", "verification", "category"),
        when=("recorded", "onset"),
    ),
    "medications": _Shape(
        record=records.Medication,
        headline=("dosage", "dose", "timing", "route", "kind"),
        when=("authored", "start"),
    ),
    "problems": _Shape(
        record=records.Problem,
        headline=("severity", "verification", "onset"),
        when=("onset", "recorded"),
    ),
    "directives": _Shape(
        record=records.Directive, title=("type",), headline=("value", "text"), when=("effective",)
    ),
    "immunizations": _Shape(
        record=records.Immunization,
        headline=("dose_number", "lot", "location"),
        when=("occurrence",),
    ),
    "results": _Shape(
        record=records.Result,
        headline=("value_quantity", "value_concept", "value_text", "components"),
        when=("effective", "issued"),
    ),
    "procedures": _Shape(
        record=records.Procedure, headline=("performers", "location"), when=("start",)
    ),
    "encounters": _Shape(
        record=records.Encounter,
        title=("class_code", "service_type"),
        headline=("reasons", "service_provider", "end"),
        when=("start",),
    ),
    "documents": _Shape(
        record=records.Document,
        title=("title", "type"),
        headline=("conclusion", "authors", "custodian"),
        when=("date",),
    ),
    "restrictions": _Shape(
        record=records.Restriction,
        title=("kind",),
        headline=("description", "barred", "barred_categories"),
        when=("start", "signed_at"),
    ),
}


def read(content: Mapping[str, object] | None, record: type[T]) -> T:
    """The content as its typed record. Raises ``Unreadable``; the message holds no content."""
    if content is None:
        raise Unreadable("no content")
    try:
        return msgspec.convert(content, record)
    except msgspec.ValidationError:
        # Its message may quote what was received.
        raise Unreadable(f"not a {record.__name__}") from None


def describe(section: str, content: Mapping[str, object] | None) -> Described:
    """An entry of this section in words. Raises ``Unreadable``."""
    shape = _SHAPES.get(section)
    if shape is None:
        raise Unreadable("no such section")
    record = read(content, shape.record)
    facts = {fact.field: fact for fact in facts_of(record)}
    titled = [facts[name].value for name in shape.title if name in facts]
    return Described(
        section=section,
        title=joined(titled[:1] if section == "documents" else titled, " · "),
        headline=tuple(facts[name] for name in shape.headline if name in facts),
        details=_details(record, shape, facts),
        when=_when(record, shape),
        level=_level(record),
    )


def value_words(section: str, field: str, value: object) -> Label | None:
    """One value of one field of a section's content, in words. Raises ``Unreadable``."""
    record = records.Demographics if section == "demographics" else _SHAPES[section].record
    kind = get_type_hints(record).get(field)
    if kind is None:
        raise Unreadable(f"a {record.__name__} has no such field")
    try:
        return phrase(field, msgspec.convert(value, kind))
    except msgspec.ValidationError:
        raise Unreadable(f"not a value of {record.__name__}.{field}") from None


def facts_of(record: object) -> tuple[Fact, ...]:
    """Every field of a typed record that has a value, in the contract's order."""
    found = []
    for field in fields(record):  # type: ignore[arg-type]  # records are dataclasses
        value = phrase(field.name, getattr(record, field.name))
        if value is not None:
            found.append(Fact(field=field.name, name=field_words(field.name), value=value))
    return tuple(found)


def _details(record: object, shape: _Shape, facts: Mapping[str, Fact]) -> tuple[Fact, ...]:
    above = {*shape.headline, *shape.title}
    rest = [fact for name, fact in facts.items() if name not in above]
    return (*rest, *_codes(record))


def _codes(record: object) -> tuple[Fact, ...]:
    """The codes behind the words, for whoever must know exactly what was meant."""
    code = getattr(record, "code", None)
    if not isinstance(code, records.Concept):
        return ()
    said = [f"{c.system} {c.code}".strip() for c in code.codings if c.code]
    value = phrase("code", tuple(said))
    return (Fact(field="code", name=field_words("code"), value=value),) if value else ()


def _when(record: object, shape: _Shape) -> str:
    said = (getattr(record, name) for name in shape.when)
    return next((value for value in said if isinstance(value, str) and value), "")


def _level(record: object) -> str:
    """The worst flag of a result; a critical allergy; nothing else is coloured."""
    if isinstance(record, records.Allergy):
        return "critical" if record.criticality == "high" else ""
    if not isinstance(record, records.Result):
        return ""
    concepts = [*record.interpretation]
    concepts += [concept for part in record.components for concept in part.interpretation]
    flags = {coding.code for concept in concepts for coding in concept.codings}
    flags |= {concept_text(concept) for concept in concepts}
    if flags & CRITICAL:
        return "critical"
    return "abnormal" if flags & ABNORMAL else ""
