"""AllergyIntolerance → allergies, Condition → problems, Flag → alerts."""

from __future__ import annotations

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.resources import AllergyIntolerance, AllergyReaction, Condition, Flag
from dsn_producers.fhir.statements import statement
from dsn_producers.fhir.values import (
    code_of,
    concept,
    concept_or_empty,
    concepts,
    entry_of,
    first,
    notes,
    present,
    quantity_words,
    range_words,
)
from dsn_schemas.records import Alert, Allergy, Problem, Reaction

_ERROR = "entered-in-error"


def allergy(resource: AllergyIntolerance, scope: Scope) -> tuple[Draft, ...]:
    """An allergy, or the statement that there is none."""
    status = _status(resource)
    author = resource.recorder or resource.asserter
    said = statement(
        "allergies",
        resource.code,
        scope,
        status=status,
        author=author,
        recorded=resource.recorded_date,
    )
    if said is not None:
        return (said,)
    content = Allergy(
        code=concept_or_empty(resource.code),
        type=resource.type or "",
        category=", ".join(present(resource.category)),
        criticality=resource.criticality or "",
        verification=code_of(resource.verification_status),
        onset=resource.onset_date_time,
        recorded=resource.recorded_date,
        last_occurrence=resource.last_occurrence,
        recorder=scope.actor(author),
        reactions=tuple(_reaction(one) for one in present(resource.reaction)),
        note=notes(resource.note),
    )
    said_at = resource.recorded_date or resource.onset_date_time
    entry = entry_of(content.code)
    return (
        Draft(section="allergies", content=content, entry=entry, status=status, said_at=said_at),
    )


def problem(resource: Condition, scope: Scope) -> tuple[Draft, ...]:
    """A problem or diagnosis, or the statement that there is none."""
    status = _status(resource)
    author = resource.recorder or resource.asserter
    said = statement(
        "problems",
        resource.code,
        scope,
        status=status,
        author=author,
        recorded=resource.recorded_date,
    )
    if said is not None:
        return (said,)
    onset, began = _moment(
        resource.onset_date_time,
        resource.onset_period.start if resource.onset_period else None,
        _age(resource.onset_age, resource.onset_range, resource.onset_string, scope),
    )
    abatement, ended = _moment(
        resource.abatement_date_time,
        (resource.abatement_period.end or resource.abatement_period.start)
        if resource.abatement_period
        else None,
        _age(resource.abatement_age, resource.abatement_range, resource.abatement_string, scope),
    )
    content = Problem(
        code=concept_or_empty(resource.code),
        category=code_of(first(resource.category)),
        verification=code_of(resource.verification_status),
        severity=concept(resource.severity),
        body_site=first(concepts(resource.body_site)),
        onset=onset,
        abatement=abatement,
        recorded=resource.recorded_date,
        recorder=scope.actor(author),
        note=notes(resource.note, began and f"onset: {began}", ended and f"abatement: {ended}"),
    )
    return (
        Draft(
            section="problems",
            content=content,
            entry=entry_of(content.code),
            status=status,
            said_at=resource.recorded_date or onset,
        ),
    )


def alert(resource: Flag, scope: Scope) -> tuple[Draft, ...]:
    """A warning about the patient."""
    period = resource.period or fhir.Period()
    content = Alert(
        code=concept_or_empty(resource.code),
        category=concept(first(resource.category)),
        start=period.start,
        end=period.end,
        author=scope.actor(resource.author),
    )
    return (
        Draft(
            section="alerts",
            content=content,
            entry=entry_of(content.code),
            status=resource.status,
            said_at=period.start,
        ),
    )


def _status(resource: AllergyIntolerance | Condition) -> str:
    """The clinical status, unless the whole thing was entered in error."""
    if code_of(resource.verification_status) == _ERROR:
        return _ERROR
    return code_of(resource.clinical_status)


def _reaction(reaction: AllergyReaction) -> Reaction:
    return Reaction(
        manifestations=concepts(reaction.manifestation),
        severity=reaction.severity or "",
        onset=reaction.onset,
        description=reaction.description or "",
    )


def _age(age: fhir.Quantity | None, span: fhir.Range | None, text: str | None, scope: Scope) -> str:
    path = scope.entry.path
    return quantity_words(age, path) or range_words(span, path) or text or ""


def _moment(date: str | None, edge: str | None, in_words: str) -> tuple[str | None, str]:
    """A date where FHIR gave one, else the words for it."""
    return date or edge, "" if date or edge else in_words
