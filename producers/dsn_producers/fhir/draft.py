"""What a section mapper says of one resource, and what it may ask while saying it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.bundle import Entry
from dsn_producers.fhir.index import Index, identifier_in
from dsn_producers.fhir.resources import Condition, RelatedPerson
from dsn_producers.fhir.values import (
    authority_of,
    concept,
    first,
    identifiers,
    name_words,
    present,
    words,
)
from dsn_producers.fhir.whose import Record, Records
from dsn_producers.sources import Source
from dsn_schemas.records import Actor, Concept, Content, Op, Section

#: The item and the entry of what a source says of a whole section.
STATEMENT = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One item, before it has a record and an instant."""

    section: Section
    content: Content | None
    entry: str = ""
    status: str = ""
    #: FHIR date the resource gives for itself.
    said_at: str | None = None
    #: Name of the item; empty: the resource's own name.
    item: str = ""
    #: The record, when it is not the one of the resource's patient.
    record: Record | None = None
    op: Op = "upsert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One resource among the others of its message."""

    entry: Entry
    index: Index
    records: Records
    source: Source

    def actor(self, reference: fhir.Reference | None, role: str = "") -> Actor | None:
        """Who a reference means: by its words, else by the resource it leads to."""
        if reference is None:
            return None
        found = self.index.find(reference, self.entry)
        number = self._number(reference, found)
        name = reference.display or (self.name_of(found) if found else "")
        if not name and number is None:
            name = "" if (reference.reference or "").startswith("#") else reference.reference or ""
        if not name and number is None:
            return None
        return Actor(
            name=name,
            identifier=number[1] if number else "",
            authority=number[0] if number else "",
            role=role,
        )

    def actors(
        self, references: Iterable[fhir.Reference | None] | None, role: str = ""
    ) -> tuple[Actor, ...]:
        """Everybody the references mean."""
        found = (self.actor(reference, role) for reference in present(references))
        return tuple(actor for actor in found if actor is not None)

    def named(self, reference: fhir.Reference | None) -> str:
        """The name of a place or body; its address when nothing names it."""
        actor = self.actor(reference)
        return (actor.name or actor.identifier) if actor else ""

    def name_of(self, entry: Entry, depth: int = 0) -> str:
        """The name of a person, place or body in the message."""
        if entry.kind in ("Organization", "Location"):
            return entry.read(_Titled).name or ""
        if entry.kind == "PractitionerRole" and depth == 0:
            role = entry.read(_Role)
            for reference in (role.practitioner, role.organization):
                if reference is not None:
                    found = self.index.find(reference, entry)
                    name = reference.display or (self.name_of(found, 1) if found else "")
                    if name:
                        return name
            return ""
        if entry.kind in ("Practitioner", "Patient"):
            return name_words(first(entry.read(_Person).name))
        if entry.kind == "RelatedPerson":
            return name_words(first(names_of(entry.read(RelatedPerson))))
        return ""

    def reason(
        self,
        codes: Iterable[fhir.CodeableConcept | None] | None,
        references: Iterable[fhir.Reference | None] | None,
    ) -> Concept | None:
        """Why, by a code or by the condition a reference leads to."""
        return first(self.reasons(codes, references))

    def reasons(
        self,
        codes: Iterable[fhir.CodeableConcept | None] | None,
        references: Iterable[fhir.Reference | None] | None,
    ) -> tuple[Concept, ...]:
        """Every reason given."""
        found = [concept(code) for code in present(codes)]
        found += [self._reason(reference) for reference in present(references)]
        return tuple(one for one in found if one is not None)

    def _reason(self, reference: fhir.Reference) -> Concept | None:
        entry = self.index.find(reference, self.entry)
        found = concept(entry.read(Condition).code) if entry and entry.kind == "Condition" else None
        if found is None or (reference.display and not words(found)):
            return Concept(text=reference.display) if reference.display else found
        return found

    def _number(self, reference: fhir.Reference, entry: Entry | None) -> tuple[str, str] | None:
        if entry is not None:
            known = identifiers(entry.read(fhir.Resource).identifier, self.source)
            if known:
                return known[0].system, known[0].value
        _, _, query = (reference.reference or "").partition("?")
        one = reference.identifier or (identifier_in(query) if query else None)
        if one is None or not (one.value or "").strip():
            return None
        return authority_of(one, self.source), (one.value or "").strip()


def names_of(person: RelatedPerson) -> tuple[fhir.HumanName, ...]:
    """The names of a relative, who has a list of them or wrongly just one."""
    if isinstance(person.name, fhir.HumanName):
        return (person.name,)
    return tuple(present(person.name))


class _Titled(fhir.Element):
    name: str | None = None


class _Person(fhir.Element):
    name: tuple[fhir.HumanName | None, ...] | None = None


class _Role(fhir.Element):
    practitioner: fhir.Reference | None = None
    organization: fhir.Reference | None = None
