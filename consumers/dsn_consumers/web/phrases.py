"""Any value of a record, in words. Used by ``contents``; pure.

What a source wrote is kept letter for letter; codes that have words get them, dates keep the
precision they came in, numbers keep their digits.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsn_consumers.web.dates import clinical_words
from dsn_consumers.web.labels import Label, same
from dsn_consumers.web.words import NO, YES, flag_words, status_words, word
from dsn_schemas.records import (
    Actor,
    Address,
    Coding,
    Component,
    Concept,
    ContactPerson,
    ContactPoint,
    HumanName,
    Identifier,
    Language,
    Quantity,
    Reaction,
    ReferenceRange,
    Stay,
)

#: Text fields that hold a code with words.
_CODED = frozenset(
    {"gender", "birth_sex", "type", "category", "criticality", "verification", "kind", "severity"}
)
#: Text fields that hold a FHIR date or dateTime.
_DATED = frozenset(
    {
        *("birth_date", "birth_time", "deceased_at"),
        *("onset", "recorded", "last_occurrence", "start", "end", "authored", "abatement"),
        *("effective", "expires", "occurrence", "expiration", "issued", "date", "signed_at"),
    }
)


def phrase(field: str, value: object) -> Label | None:
    """The value of a field in words; nothing when there is none."""
    match value:
        case None | "" | () | b"":
            return None
        case bool():
            return YES if value else NO
        case int():
            return same(str(value))
        case str():
            return _text(field, value)
        case tuple():
            return joined(phrase(field, part) for part in value)
        case _:
            return _structure(field, value)


def joined(parts: Iterable[Label | None], separator: str = " ; ") -> Label | None:
    """Parts in one line, each once; nothing when there are none."""
    kept = list(dict.fromkeys(part for part in parts if part is not None))
    if not kept:
        return None
    return Label(separator.join(p.fr for p in kept), separator.join(p.en for p in kept))


def name_text(name: HumanName) -> str:
    """``TREMBLAY-GAGNON, Éloïse Marie``: the surname stands out, the spelling stays."""
    given = " ".join(name.given)
    if name.family and given:
        return f"{name.family.upper()}, {given}"
    return name.family.upper() or given or name.text


def concept_text(concept: Concept) -> str:
    """What the author wrote, else the first code that has words, else the first code."""
    shown = [coding.display for coding in concept.codings if coding.display.strip()]
    codes = [coding.code for coding in concept.codings if coding.code.strip()]
    return next(iter([*([concept.text] if concept.text.strip() else []), *shown, *codes]), "")


def quantity_text(quantity: Quantity) -> str:
    """Comparator, digits and unit as reported."""
    unit = quantity.unit or quantity.code
    return " ".join(filter(None, [f"{quantity.comparator}{quantity.value}".strip(), unit]))


def _text(field: str, value: str) -> Label | None:
    if not value.strip():
        return None
    if field in _CODED:
        return word(value)
    return clinical_words(value) if field in _DATED else same(value)


def _structure(field: str, value: object) -> Label | None:
    match value:
        case Concept() if field == "interpretation":
            return _interpretation(value)
        case Concept():
            return _plain(concept_text(value))
        case Coding():
            return word(value.code) if not value.display and value.code else _plain(value.display)
        case Quantity():
            return _plain(quantity_text(value))
        case HumanName():
            return _with_use(name_text(value), value.use)
        case Identifier():
            return _with_use(value.value, value.assigner or value.system)
        case Language():
            return word(value.code) if value.code else None
        case _:
            return _contact(value)


def _contact(value: object) -> Label | None:
    match value:
        case Actor():
            return _with_use(value.name or value.identifier, value.role)
        case Address():
            place = [*value.lines, value.city, value.state, value.postal_code, value.country]
            return _plain(", ".join(filter(None, place)))
        case ContactPoint():
            return _with_use(value.value, value.use)
        case ContactPerson():
            parts = (value.name, value.relationship, value.telecoms, value.address)
            return joined((phrase("contact", part) for part in parts), ", ")
        case _:
            return _clinical(value)


def _clinical(value: object) -> Label | None:
    match value:
        case Reaction():
            parts = (value.manifestations, value.description)
            said = joined((phrase("", part) for part in parts), ", ")
            return joined([said, phrase("severity", value.severity)], ", ")
        case ReferenceRange():
            return _plain(value.text or _bounds(value.low, value.high))
        case Stay():
            dates = joined([phrase("start", value.start), phrase("end", value.end)], " → ")
            return joined([phrase("", value.location), dates, status_words(value.status)], ", ")
        case Component():
            amount = (value.value_quantity, value.value_concept, value.value_text)
            said = joined(phrase("", part) for part in amount)
            flags = phrase("interpretation", value.interpretation)
            return joined([phrase("", value.code), said, flags], " : ")
        case _:
            raise TypeError(f"no words for a {type(value).__name__}: teach phrases.py")


def _interpretation(concept: Concept) -> Label | None:
    known = (flag_words(coding.code) for coding in concept.codings)
    return next((found for found in known if found), None) or _plain(concept_text(concept))


def _bounds(low: Quantity | None, high: Quantity | None) -> str:
    if low and high:
        return f"{low.value} – {quantity_text(high)}"
    if low:
        return f"≥ {quantity_text(low)}"
    return f"≤ {quantity_text(high)}" if high else ""


def _with_use(text: str, use: str) -> Label | None:
    """A text and, in brackets, what it is for."""
    if not text.strip() or not use.strip():
        return _plain(text)
    said = word(use)
    return Label(f"{text.strip()} ({said.fr})", f"{text.strip()} ({said.en})")


def _plain(text: str) -> Label | None:
    return same(text.strip()) if text.strip() else None
