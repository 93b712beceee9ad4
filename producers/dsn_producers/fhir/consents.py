"""Consent → directives (levels of care) or restrictions (R-22.1, sections 7 and 8).

A restriction that the contract cannot say exactly is set aside for a person to read. Kept wider
than it was meant it would hide what saves a life; kept narrower it would show what was refused.
A consent that only permits changes nothing of the chart and is no item.
"""

from __future__ import annotations

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir import resources as r
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.values import (
    concept,
    concept_or_empty,
    concepts,
    entry_of,
    first,
    name_words,
    present,
    words,
)
from dsn_producers.mapping import Unmappable
from dsn_schemas.records import Actor, Directive, Restriction, Section

#: Scope and categories of directives (consentscope, consentcategorycodes, LOINC).
_DIRECTIVES = frozenset(
    {"adr", "acd", "dnr", "polst", "hcd", "npp", "42348-3", "64298-3", "75320-2", "81334-5"}
)
_OPT_OUT = frozenset({"OPTOUT", "OPTOUTE"})
#: What may be done with information: a restriction concerns seeing it.
_SEEING = frozenset({"access", "use", "disclose"})
_SECTIONS: dict[str, Section] = {
    "Patient": "demographics",
    "Encounter": "encounters",
    "AllergyIntolerance": "allergies",
    "Medication": "medications",
    "MedicationRequest": "medications",
    "MedicationDispense": "medications",
    "MedicationAdministration": "medications",
    "MedicationStatement": "medications",
    "Condition": "problems",
    "Immunization": "immunizations",
    "Observation": "results",
    "Procedure": "procedures",
    "DiagnosticReport": "documents",
    "DocumentReference": "documents",
    "Flag": "alerts",
}


def consent(resource: r.Consent, scope: Scope) -> tuple[Draft, ...]:
    """A directive, a restriction, or nothing. Raises ``Unmappable`` for what cannot be said."""
    meanings = (resource.scope, *(resource.category or ()))
    codes = {one.code or "" for value in present(meanings) for one in present(value.coding)}
    if {code.lower() for code in codes} & _DIRECTIVES:
        return (_directive(resource, scope),)
    rules = _denials(resource, scope)
    if not rules:
        return ()
    if len(rules) > 1:
        raise _unsayable(scope, "several denials in one consent: send a consent for each")
    return (_restriction(resource, rules[0], scope),)


def _directive(resource: r.Consent, scope: Scope) -> Draft:
    provision = resource.provision or r.Provision()
    period = provision.period or fhir.Period()
    attachment = resource.source_attachment or fhir.Attachment()
    types = concepts(resource.category)
    kind = first(types) or concept_or_empty(resource.scope)
    value = first(concepts(provision.code)) or concept(resource.policy_rule)
    content = Directive(
        type=kind,
        value=value,
        text=attachment.title or "",
        effective=period.start or resource.date_time,
        expires=period.end,
        author=first(scope.actors(resource.performer)),
        note="" if provision.type in (None, "permit") else f"provision: {provision.type}",
    )
    return Draft(
        section="directives",
        content=content,
        entry=entry_of(kind),
        status=resource.status,
        said_at=resource.date_time,
    )


def _denials(resource: r.Consent, scope: Scope) -> list[r.Provision]:
    """The rules that deny. The root rule has no type in R4: the policy rule says what it is."""
    root = resource.provision or r.Provision()
    policy = present(resource.policy_rule.coding if resource.policy_rule else None)
    denied = root.type == "deny" or any(one.code in _OPT_OUT for one in policy)
    nested = root.provision or ()
    if denied and nested:
        raise _unsayable(scope, "a denial with exceptions")
    if any(rule.provision for rule in nested):
        raise _unsayable(scope, "rules within rules")
    return [root] if denied else [rule for rule in nested if rule.type == "deny"]


def _restriction(resource: r.Consent, rule: r.Provision, scope: Scope) -> Draft:
    if rule.purpose or rule.security_label or rule.data_period or rule.code:
        raise _unsayable(scope, "limited by purpose, security label, data period or content code")
    actions = {one.code for value in present(rule.action) for one in present(value.coding)}
    if actions and not actions & _SEEING:
        raise _unsayable(scope, "an action other than access, use or disclose")
    barred = tuple(
        actor for one in present(rule.actor) if (actor := _barred(one, scope)) is not None
    )
    categories = tuple(
        text
        for one in present(rule.actor)
        if one.reference is None and (text := words(concept(one.role)))
    )
    period = rule.period or fhir.Period()
    attachment = resource.source_attachment or fhir.Attachment()
    sections = _sections(rule, scope)
    items = _items(rule, scope)
    whole = not (barred or categories or sections or items)
    content = Restriction(
        kind="refusal" if whole else "restriction",
        barred=barred,
        barred_categories=categories,
        sections=sections,
        items=items,
        description=attachment.title or "",
        signed_by=_signer(resource, scope),
        signed_at=resource.date_time,
        start=period.start or resource.date_time,
        end=period.end,
    )
    return Draft(
        section="restrictions",
        content=content,
        status=resource.status,
        said_at=resource.date_time,
    )


def _barred(one: r.ProvisionActor, scope: Scope) -> Actor | None:
    return scope.actor(one.reference, words(concept(one.role)))


def _sections(rule: r.Provision, scope: Scope) -> tuple[str, ...]:
    found = []
    for one in present(rule.class_codes):
        section = _SECTIONS.get(one.code or "")
        if section is None:
            raise _unsayable(scope, "a class of content that is no section of the chart")
        if section not in found:
            found.append(section)
    return tuple(found)


def _items(rule: r.Provision, scope: Scope) -> tuple[str, ...]:
    found = []
    for one in present(rule.data):
        entry = scope.index.find(one.reference, scope.entry)
        address = (one.reference.reference or "") if one.reference else ""
        name = entry.name if entry else address
        if not name or name.startswith("#"):
            raise _unsayable(scope, "data that nothing names")
        found.append(f"{scope.source.name}/{name}")
    return tuple(found)


def _signer(resource: r.Consent, scope: Scope) -> str:
    """Who consented, else the patient."""
    actor = first(scope.actors(resource.performer))
    if actor is not None:
        return actor.name
    if resource.subject and resource.subject.display:
        return resource.subject.display
    entry = scope.index.find(resource.subject, scope.entry)
    if entry is None or entry.kind != "Patient":
        return ""
    return name_words(first(entry.read(r.Patient).name))


def _unsayable(scope: Scope, what: str) -> Unmappable:
    return Unmappable(
        "consent-not-representable",
        f"{scope.entry.path} (Consent): {what}; a person has to enter this restriction",
    )
