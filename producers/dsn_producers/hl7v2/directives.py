"""Levels of care and advance directives that arrive as observations (NIM, DMA)."""

from __future__ import annotations

from dsn_producers.hl7v2.concepts import entry_of
from dsn_producers.hl7v2.datatypes import actor
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.observations import observed
from dsn_producers.hl7v2.stamps import Stamp
from dsn_producers.mapping import Item
from dsn_schemas.records import Concept, Directive

#: LOINC: advance directives, living will, resuscitation, hospitalization, feeding, treatment.
_CODES = frozenset(
    {"75320-2", "42348-3", "45473-6", "45474-4", "45475-1", "45477-7", "45478-5", "45479-3"}
)
_WORDS = (
    "niveau d'intervention",
    "niveau d\u2019intervention",
    "niveau de soins",
    "directives médicales anticipées",
    "directive médicale anticipée",
)


def is_directive(code: Concept) -> bool:
    """True for an observation that is a level of care or an advance directive."""
    if any(coding.code in _CODES and "loinc" in coding.system for coding in code.codings):
        return True
    words = (code.text, *(coding.display for coding in code.codings))
    return any(word.casefold().startswith(_WORDS) for word in words)


def directive(
    group: Group, item: str, code: Concept, row: Segment, status: str, taken: Stamp | None
) -> Item:
    """The directive in one OBX. It is active unless its source takes it back."""
    value = observed(group, [row], code)
    amount = value.quantity
    content = Directive(
        type=code,
        value=value.concept,
        text=value.text or (f"{amount.value} {amount.unit}".strip() if amount else ""),
        effective=taken.text if taken else None,
        author=actor(row.value(16), "author", group.source),
    )
    shown = status if status in ("entered-in-error", "cancelled") else "active"
    return group.item("directives", item, content, entry=entry_of(code), status=shown, at=taken)
