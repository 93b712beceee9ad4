"""What a source says of a whole section: "none known" is a statement, silence is not."""

from __future__ import annotations

from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.stamps import Stamp
from dsn_producers.mapping import Item
from dsn_schemas.records import Concept, Op, Section, SectionStatement

#: Name of the item and of the entry that speak of a whole section.
STATEMENT = "statement"

#: SNOMED CT, and what feeds write instead. "No known *drug* allergy" (409137002, NKDA) is not here:
#: it says nothing of food, and stays an entry whose words say so.
_CODES: dict[Section, frozenset[str]] = {
    "allergies": frozenset(
        {"716186003", "160244002", "NKA", "NOKA", "NKAL", "NOALLERGIES", "NO-KNOWN-ALLERGIES"}
    ),
    "problems": frozenset({"160245001", "NO-KNOWN-PROBLEMS"}),
}
_WORDS: dict[Section, frozenset[str]] = {
    "allergies": frozenset(
        {
            "nka",
            "no known allergies",
            "no known allergy",
            "no allergies",
            "none known",
            "aucune allergie",
            "aucune allergie connue",
            "pas d'allergie connue",
            "aucune connue",
        }
    ),
    "problems": frozenset({"no known problems", "aucun problème connu"}),
}


def denies(section: Section, said: Concept) -> bool:
    """True when a code or its words say that there is nothing in the whole section."""
    if any(coding.code.upper() in _CODES[section] for coding in said.codings):
        return True
    words = (said.text, *(coding.display for coding in said.codings))
    return any(" ".join(word.casefold().split()) in _WORDS[section] for word in words)


def statement(group: Group, section: Section, said: Concept, op: Op, at: Stamp | None) -> Item:
    """The item that says "none known" of a section, or takes it back."""
    text = said.text or next((coding.display for coding in said.codings if coding.display), "")
    content = SectionStatement(code="none-known", text=text, recorded=at.text if at else None)
    return group.item(section, STATEMENT, content, entry=STATEMENT, op=op, at=at)
