"""OBX: one observation and its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsn_producers.hl7v2.concepts import compared, concept, structured
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment, Value
from dsn_schemas.records import Component, Concept, Quantity

#: Value types that are lines of text: several OBX of one code are one text.
TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})
DOCUMENT_TYPES = frozenset({"ED", "RP"})
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID", "CD"})
_DATES = frozenset({"DT", "TM", "TS", "DTM"})

#: OBX-11 and OBR-25 (tables 0085, 0123) -> FHIR status.
STATUS = {
    "F": "final",
    "U": "final",
    "C": "corrected",
    "A": "amended",
    "B": "amended",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "V": "final",
    "X": "cancelled",
    "N": "cancelled",
    "D": "entered-in-error",
    "W": "entered-in-error",
    "I": "registered",
    "O": "registered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A value: at most one of the first three, or components when it was several at once."""

    quantity: Quantity | None = None
    concept: Concept | None = None
    text: str | None = None
    components: tuple[Component, ...] = ()


def observed(group: Group, rows: Sequence[Segment], code: Concept) -> Said:
    """The value of one observation: one OBX, or several that are the lines of one text."""
    if len(rows) > 1:
        return Said(text=_lines(rows))
    row = rows[0]
    kind, values = row.text(2).upper(), row.values(5)
    if not values:
        return Said()
    if kind in TEXT_TYPES:
        return Said(text=_lines(rows))
    if len(values) == 1:
        return _one(group, kind, values[0], row)
    parts = (_one(group, kind, value, row) for value in values)
    return Said(components=tuple(_component(code, part) for part in parts))


def units(row: Segment) -> Value:
    """OBX-6."""
    return row.value(6)


def _lines(rows: Sequence[Segment]) -> str | None:
    """Repetitions and rows are lines; an empty row between others is an empty line."""
    lines = ["\n".join(value.text for value in row.values(5)) for row in rows]
    return "\n".join(lines).strip("\n") or None


def _one(group: Group, kind: str, value: Value, row: Segment) -> Said:
    if kind in _CODED:
        return Said(concept=concept(value, group.source.establishment))
    if kind in ("NM", "SN", "CQ", "MO"):
        return _number(kind, value, units(row))
    if kind in _DATES:
        return Said(text=(group.when(value[1]) if kind != "TM" else None) or value.text)
    return Said(text=value.words())


def _number(kind: str, value: Value, unit: Value) -> Said:
    if kind == "SN":
        amount = structured(value, unit)
    else:
        amount = compared(value[1], unit)
    if amount is not None:
        return Said(quantity=amount)
    # What is no plain number ("12,5", "1:128", "NEG") stays as the laboratory wrote it.
    written = "".join(value[n] for n in range(1, 5)) if kind == "SN" else value.words()
    shown = unit[2] or unit[1]
    return Said(text=f"{written} {shown}".strip() or None)


def _component(code: Concept, part: Said) -> Component:
    return Component(
        code=code,
        value_quantity=part.quantity,
        value_concept=part.concept,
        value_text=part.text,
    )
