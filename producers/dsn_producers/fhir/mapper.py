"""FHIR R4 JSON → items of records."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from dsn_producers.fhir import (
    claims,
    conditions,
    consents,
    demographics,
    documents,
    encounters,
    medications,
    statements,
)
from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir import resources as r
from dsn_producers.fhir.bundle import Entry, Message, read_message
from dsn_producers.fhir.deletions import deletion
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.index import Index
from dsn_producers.fhir.orders import Orders
from dsn_producers.fhir.results import result
from dsn_producers.fhir.times import instant
from dsn_producers.fhir.values import present
from dsn_producers.fhir.whose import Record, Records
from dsn_producers.mapping import Item, Mapped, Unmappable
from dsn_producers.sources import Source

_ERROR = "entered-in-error"
#: Hexadecimal digits of a digest that names an item without an id: 128 bits.
_DIGEST = 32


def map_bundle(data: bytes, source: Source, captured_at: int) -> Mapped:
    """What one FHIR message says; ``captured_at`` (ms) stands in for a missing time.

    All of a message or nothing: one resource that cannot be understood sets the whole message
    aside, as a FHIR transaction would be refused. Raises ``Unmappable``.
    """
    message = read_message(data)
    try:
        items = _Reading(message, source, captured_at).items()
    except Unmappable as error:
        error.message_id = error.message_id or message.message_id
        raise
    if not items:
        raise Unmappable(
            "nothing-to-map",
            "no resource of a type that is part of a chart",
            message_id=message.message_id,
        )
    return Mapped(message_id=message.message_id, items=tuple(items))


@dataclass(frozen=True, slots=True)
class _Type:
    """How one FHIR type becomes items."""

    shape: type[fhir.Resource]
    drafts: Callable[[Any, Scope], tuple[Draft, ...]]


_TYPES = {
    "Patient": _Type(r.Patient, demographics.patient),
    "Encounter": _Type(r.Encounter, encounters.encounter),
    "AllergyIntolerance": _Type(r.AllergyIntolerance, conditions.allergy),
    "MedicationRequest": _Type(r.MedicationRequest, medications.request),
    "MedicationDispense": _Type(r.MedicationDispense, medications.dispense),
    "MedicationAdministration": _Type(r.MedicationAdministration, medications.administration),
    "MedicationStatement": _Type(r.MedicationStatement, medications.taken),
    "Condition": _Type(r.Condition, conditions.problem),
    "Immunization": _Type(r.Immunization, encounters.immunization),
    "DiagnosticReport": _Type(r.DiagnosticReport, documents.report),
    "DocumentReference": _Type(r.DocumentReference, documents.document),
    "Procedure": _Type(r.Procedure, encounters.procedure),
    "Consent": _Type(r.Consent, consents.consent),
    "Flag": _Type(r.Flag, conditions.alert),
    "Composition": _Type(r.Composition, statements.composition),
    "Linkage": _Type(r.Linkage, claims.linkage),
}
#: Types that are items; everything else only lends names, or is not part of a chart.
MAPPED_TYPES = frozenset({*_TYPES, "Observation"})


class _Reading:
    """One message while it is mapped."""

    def __init__(self, message: Message, source: Source, captured_at: int) -> None:
        self._message = message
        self._source = source
        self._captured_at = captured_at
        self._index = Index(message.entries)
        self._records = Records(self._index, source)
        self._orders = Orders(self._index)

    def items(self) -> list[Item]:
        """Every item, in the order of the message; of one said twice, the last."""
        found = []
        # FHIR deletes before it writes, wherever in the bundle the deletions stand.
        for request in self._message.deletions:
            draft = deletion(request, self._records)
            if draft is not None and draft.record is not None:
                found.append(self._item(draft, draft.record, draft.item, None))
        found += [item for entry in self._message.entries for item in self._of(entry)]
        return _apart(_last(found))

    def _of(self, entry: Entry) -> Iterable[Item]:
        if entry.kind not in MAPPED_TYPES:
            return ()
        scope = Scope(entry=entry, index=self._index, records=self._records, source=self._source)
        if entry.kind == "Observation":
            observation = entry.read(r.Observation)
            resource: fhir.Resource = _understood(observation, entry)
            drafts = result(observation, scope, self._orders)
        else:
            how = _TYPES[entry.kind]
            resource = _understood(entry.read(how.shape), entry)
            drafts = how.drafts(resource, scope)
        return self._owned(drafts, resource, entry) if drafts else ()

    def _owned(
        self, drafts: tuple[Draft, ...], resource: fhir.Resource, entry: Entry
    ) -> Iterable[Item]:
        """The drafts as items of their records; none when the subject is no person."""
        name = _name(resource, entry)
        meta = resource.meta or fhir.ResourceMeta()
        wrong = any(one.code == _ERROR for one in present(meta.tag))
        record = None
        for draft in drafts:
            if entry.deleted:
                draft = replace(draft, op="delete", content=None)
            elif wrong:
                draft = replace(draft, status=_ERROR)
            if draft.record is None and record is None:
                record = self._owner(resource, entry)
            owner = draft.record or record
            if owner is not None:
                yield self._item(draft, owner, draft.item or name, meta.last_updated)

    def _owner(self, resource: fhir.Resource, entry: Entry) -> Record | None:
        if entry.kind == "Patient":
            return self._records.of_patient(entry)
        return self._records.of_reference(getattr(resource, "subject", None), entry)

    def _item(self, draft: Draft, record: Record, name: str, updated: str | None) -> Item:
        return Item(
            authority=record[0],
            number=record[1],
            section=draft.section,
            item=name,
            entry=draft.entry,
            op=draft.op,
            status=draft.status,
            occurred_at=self._instant(updated, draft.said_at),
            content=draft.content,
        )

    def _instant(self, *texts: str | None) -> int:
        for text in texts:
            found = instant(text, self._source.zone) if text else None
            if found is not None:
                return found
        return self._captured_at


def _understood(resource: fhir.Resource, entry: Entry) -> fhir.Resource:
    """The resource, unless something we do not know changes what it means."""
    if resource.modifier_extension:
        raise Unmappable(
            "modifier-extension",
            f"{entry.path} ({entry.kind}) has a modifierExtension: its meaning is changed in a way"
            " this mapper does not know; send it without, or have it added here",
        )
    return resource


def _name(resource: fhir.Resource, entry: Entry) -> str:
    """``Type/id``; without an id a digest of the first identifier, else of the resource."""
    if entry.name:
        return entry.name
    for one in present(resource.identifier):
        if (one.value or "").strip():
            text = f"{(one.system or '').strip()}|{(one.value or '').strip()}"
            return f"{entry.kind}/{_digest(text.encode())}"
    return f"{entry.kind}/{_digest(bytes(entry.raw))}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGEST]


def _last(items: list[Item]) -> list[Item]:
    """Each record item once: what the message says last, where it says it."""
    found: dict[tuple[str, ...], Item] = {}
    for item in items:
        key = (item.authority, item.number, item.section, item.item)
        found.pop(key, None)
        found[key] = item
    return list(found.values())


def _apart(items: list[Item]) -> list[Item]:
    """Results of one code under one accession (two isolates of a culture) are not one entry."""
    results = Counter(
        (item.authority, item.number, item.entry)
        for item in items
        if item.section == "results" and item.entry
    )
    twice = {key for key, times in results.items() if times > 1}
    if not twice:
        return items
    return [
        replace(item, entry="")
        if item.section == "results" and (item.authority, item.number, item.entry) in twice
        else item
        for item in items
    ]
