"""Patient.link and Linkage → claims about which records are one person.

A claim is an item of the record that goes on living. ``replaces`` and ``replaced-by`` say the same
thing from the two sides and so become the same item. FHIR has no message for "no longer linked":
a link that is simply missing next time withdraws nothing; an inactive Linkage does.
"""

from __future__ import annotations

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.resources import Linkage, LinkageItem, Patient
from dsn_producers.fhir.values import present
from dsn_producers.fhir.whose import Record
from dsn_producers.mapping import Unmappable
from dsn_schemas.keys import SEPARATOR
from dsn_schemas.records import Actor, IdentityClaim


def link_claims(resource: Patient, scope: Scope) -> tuple[Draft, ...]:
    """One claim for each other record a patient is linked to."""
    own = scope.records.of_patient(scope.entry)
    drafts = []
    for link in present(resource.link):
        other = _patient(link.other, scope)
        if other is None or other == own:
            continue
        survivor, ended = (other, own) if link.type == "replaced-by" else (own, other)
        kind = "merge" if link.type in ("replaced-by", "replaces") else "link"
        drafts.append(_claim(kind, survivor, ended, "link", None))
    return tuple(drafts)


def linkage(resource: Linkage, scope: Scope) -> tuple[Draft, ...]:
    """The patients of a linkage are the source's; a historical one has ended."""
    patients = [
        (item, record)
        for item in present(resource.item)
        if (record := _patient(item.resource, scope)) is not None
    ]
    if len(patients) < 2:
        return ()
    main = next((record for item, record in patients if item.type == "source"), patients[0][1])
    prefix = scope.entry.name or "Linkage"
    author = scope.actor(resource.author)
    claims = [
        _claim(_kind(item), main, record, prefix, author)
        for item, record in patients
        if record != main
    ]
    return tuple(claims) if resource.active is not False else tuple(map(_withdrawn, claims))


def _kind(item: LinkageItem) -> str:
    return "merge" if item.type == "historical" else "link"


def _patient(reference: fhir.Reference | None, scope: Scope) -> Record | None:
    """The record on the other side; None when it is not a Patient (a mother's RelatedPerson)."""
    try:
        return scope.records.of_reference(reference, scope.entry)
    except Unmappable as error:
        raise Unmappable("unresolved-link", f"{scope.entry.path}: {error.detail}") from None


def _claim(kind: str, survivor: Record, other: Record, prefix: str, actor: Actor | None) -> Draft:
    return Draft(
        section="claims",
        content=IdentityClaim(
            kind=kind, other_authority=other[0], other_number=other[1], actor=actor
        ),
        item=f"{prefix}/{other[0]}{SEPARATOR}{other[1]}",
        record=survivor,
    )


def _withdrawn(draft: Draft) -> Draft:
    return Draft(section="claims", content=None, item=draft.item, record=draft.record, op="delete")
