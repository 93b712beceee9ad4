"""Encounter → encounters, Procedure → procedures, Immunization → immunizations."""

from __future__ import annotations

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir import resources as r
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.statements import statement
from dsn_producers.fhir.values import (
    code_of,
    coding,
    concept,
    concept_or_empty,
    concepts,
    entry_of,
    first,
    identifiers,
    notes,
    present,
    quantity,
    quantity_words,
    words,
)
from dsn_schemas.records import Actor, Concept, Encounter, Immunization, Procedure, Stay

#: Length of ``YYYY-MM-DD``: the day as its author wrote it groups the same act of two sources.
_DAY = 10
_NOT_DONE = "not-done"


def encounter(resource: r.Encounter, scope: Scope) -> tuple[Draft, ...]:
    """A visit or stay."""
    period = resource.period or fhir.Period()
    hospital = resource.hospitalization or r.Hospitalization()
    stays = [_stay(one, scope) for one in present(resource.location)]
    content = Encounter(
        class_code=coding(resource.class_code) if resource.class_code else None,
        types=concepts(resource.type),
        identifiers=identifiers(resource.identifier, scope.source),
        service_type=concept(resource.service_type),
        start=period.start,
        end=period.end,
        stays=tuple(sorted(stays, key=lambda stay: stay.status != "active")),
        participants=_participants(resource, scope),
        reasons=scope.reasons(resource.reason_code, resource.reason_reference),
        admit_source=concept(hospital.admit_source),
        discharge_disposition=concept(hospital.discharge_disposition),
        service_provider=scope.named(resource.service_provider),
    )
    said_at = period.end or period.start
    return (Draft(section="encounters", content=content, status=resource.status, said_at=said_at),)


def procedure(resource: r.Procedure, scope: Scope) -> tuple[Draft, ...]:
    """Something done, or the statement that nothing was."""
    period = resource.performed_period or fhir.Period()
    start = resource.performed_date_time or period.start
    said = statement(
        "procedures", resource.code, scope, status=resource.status, author=None, recorded=start
    )
    if said is not None:
        return (said,)
    in_words = resource.performed_string or quantity_words(resource.performed_age, scope.entry.path)
    content = Procedure(
        code=concept_or_empty(resource.code),
        category=concept(resource.category),
        start=start,
        end=period.end,
        performers=_performers(resource.performer, scope),
        location=scope.named(resource.location),
        body_site=first(concepts(resource.body_site)),
        reason=scope.reason(resource.reason_code, resource.reason_reference),
        outcome=concept(resource.outcome),
        note=notes(
            resource.note,
            in_words and f"performed: {in_words}",
            words(concept(resource.status_reason)),
        ),
    )
    return (
        Draft(
            section="procedures",
            content=content,
            entry=_dated(content.code, start),
            status=resource.status,
            said_at=period.end or start,
        ),
    )


def immunization(resource: r.Immunization, scope: Scope) -> tuple[Draft, ...]:
    """A vaccine given or not given, or the statement that none was."""
    when = resource.occurrence_date_time
    performer = _performers(resource.performer, scope)
    said = statement(
        "immunizations",
        resource.vaccine_code,
        scope,
        status=resource.status,
        author=None,
        recorded=resource.recorded or when,
    )
    if said is not None:
        return (said,)
    protocol = first(resource.protocol_applied) or r.ProtocolApplied()
    dose_number = protocol.dose_number_positive_int
    reason = concept(resource.status_reason)
    content = Immunization(
        code=concept_or_empty(resource.vaccine_code),
        occurrence=when,
        dose=quantity(resource.dose_quantity, scope.entry.path),
        dose_number=str(dose_number) if dose_number else protocol.dose_number_string or "",
        series=protocol.series or "",
        lot=resource.lot_number or "",
        expiration=resource.expiration_date,
        manufacturer=scope.named(resource.manufacturer),
        site=concept(resource.site),
        route=concept(resource.route),
        performer=next((one for one in performer if one.role != "OP"), first(performer)),
        location=scope.named(resource.location),
        primary_source=resource.primary_source,
        reason_not_done=reason if resource.status == _NOT_DONE else None,
        note=notes(resource.note, resource.occurrence_string or ""),
    )
    return (
        Draft(
            section="immunizations",
            content=content,
            entry=_dated(content.code, when),
            status=resource.status,
            said_at=when,
        ),
    )


def _dated(code: Concept, when: str | None) -> str:
    """The same thing on the same day; without a day it stands alone."""
    return entry_of(code, when[:_DAY]) if when else ""


def _stay(place: r.EncounterLocation, scope: Scope) -> Stay:
    period = place.period or fhir.Period()
    return Stay(
        location=scope.named(place.location),
        status=place.status or "",
        start=period.start,
        end=period.end,
    )


def _participants(resource: r.Encounter, scope: Scope) -> tuple[Actor, ...]:
    found = (
        scope.actor(one.individual, code_of(first(one.type)))
        for one in present(resource.participant)
    )
    return tuple(actor for actor in found if actor is not None)


def _performers(
    performers: tuple[r.Performer | None, ...] | None, scope: Scope
) -> tuple[Actor, ...]:
    found = (scope.actor(one.actor, code_of(one.function)) for one in present(performers))
    return tuple(actor for actor in found if actor is not None)
