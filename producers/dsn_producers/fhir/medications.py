"""MedicationRequest, -Dispense, -Administration, -Statement → medications, each of its own kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.bundle import Entry
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.resources import Medication as Drug
from dsn_producers.fhir.resources import (
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    MedicationUse,
    Performer,
)
from dsn_producers.fhir.statements import statement
from dsn_producers.fhir.values import (
    code_of,
    concept,
    entry_of,
    first,
    identifiers,
    notes,
    number,
    present,
    quantity,
    range_words,
    words,
)
from dsn_producers.mapping import Unmappable
from dsn_schemas.records import Actor, Concept, Medication, Quantity

#: Said before the dosage of an order *not* to give: it must not be read as an order to give.
DO_NOT = "NE PAS ADMINISTRER / DO NOT GIVE"
#: What is said of the same drug in one entry: that it is to be taken, or is.
_GROUPED = frozenset({"request", "statement"})
#: Intents that are not yet an order.
_NOT_ORDERED = frozenset({"proposal", "plan", "option"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the four resources say each in its own place."""

    kind: Literal["request", "dispense", "administration", "statement"]
    dosages: tuple[fhir.Dosage, ...] = ()
    quantity: fhir.Quantity | None = None
    refills: int | None = None
    start: str | None = None
    end: str | None = None
    authored: str | None = None
    prescriber: Actor | None = None
    dispenser: Actor | None = None
    said_at: str | None = None
    forbidden: bool = False
    remark: str = ""


def request(resource: MedicationRequest, scope: Scope) -> tuple[Draft, ...]:
    """An order."""
    dispense = resource.dispense_request
    dosages = tuple(present(resource.dosage_instruction))
    start, end = _bounds(dosages, dispense.validity_period if dispense else None)
    told = _Told(
        kind="request",
        dosages=dosages,
        quantity=dispense.quantity if dispense else None,
        refills=dispense.number_of_repeats_allowed if dispense else None,
        start=start,
        end=end,
        authored=resource.authored_on,
        prescriber=scope.actor(resource.requester, "prescriber"),
        said_at=resource.authored_on,
        forbidden=resource.do_not_perform is True,
        remark=f"intent: {resource.intent}" if resource.intent in _NOT_ORDERED else "",
    )
    return _drafts(resource, scope, told)


def dispense(resource: MedicationDispense, scope: Scope) -> tuple[Draft, ...]:
    """A drug handed out."""
    handed = resource.when_handed_over or resource.when_prepared
    told = _Told(
        kind="dispense",
        dosages=tuple(present(resource.dosage_instruction)),
        quantity=resource.quantity,
        start=handed,
        dispenser=_performer(resource.performer, scope, "dispenser"),
        said_at=handed,
    )
    return _drafts(resource, scope, told)


def administration(resource: MedicationAdministration, scope: Scope) -> tuple[Draft, ...]:
    """A drug given, or not given."""
    period = resource.effective_period or fhir.Period()
    start = resource.effective_date_time or period.start
    told = _Told(
        kind="administration",
        dosages=(resource.dosage,) if resource.dosage else (),
        start=start,
        end=period.end,
        dispenser=_performer(resource.performer, scope, "performer"),
        said_at=start,
    )
    return _drafts(resource, scope, told)


def taken(resource: MedicationStatement, scope: Scope) -> tuple[Draft, ...]:
    """What somebody says a patient takes."""
    period = resource.effective_period or fhir.Period()
    told = _Told(
        kind="statement",
        dosages=tuple(present(resource.dosage)),
        start=resource.effective_date_time or period.start,
        end=period.end,
        authored=resource.date_asserted,
        said_at=resource.date_asserted or resource.effective_date_time or period.start,
    )
    return _drafts(resource, scope, told)


def _drafts(resource: MedicationUse, scope: Scope, told: _Told) -> tuple[Draft, ...]:
    said = statement(
        "medications",
        resource.medication_codeable_concept,
        scope,
        status=resource.status,
        author=None,
        recorded=told.said_at,
    )
    if said is not None:
        return (said,)
    code, form = _drug(resource, scope)
    first_dosage = first(told.dosages) or fhir.Dosage()
    path = scope.entry.path
    content = Medication(
        kind=told.kind,
        code=code,
        dosage=_dosage(told, path),
        dose=_dose(first_dosage, path),
        route=concept(first_dosage.route),
        form=form,
        timing=_timing(first_dosage.timing, path),
        as_needed=_as_needed(first_dosage),
        quantity=quantity(told.quantity, path),
        refills=told.refills,
        start=told.start,
        end=told.end,
        authored=told.authored,
        prescriber=told.prescriber,
        dispenser=told.dispenser,
        reason=scope.reason(resource.reason_code, resource.reason_reference),
        identifiers=identifiers(resource.identifier, scope.source),
        note=notes(resource.note, told.remark),
    )
    return (
        Draft(
            section="medications",
            content=content,
            # An order not to give stands alone: in one entry with an order to give, either could
            # hide the other. So does each dispense and dose: the newest would hide the order.
            entry=entry_of(code) if told.kind in _GROUPED and not told.forbidden else "",
            status=resource.status,
            said_at=told.said_at,
        ),
    )


def _drug(resource: MedicationUse, scope: Scope) -> tuple[Concept, Concept | None]:
    """The drug and its form. Raises ``Unmappable`` for a drug that nothing names."""
    code = concept(resource.medication_codeable_concept)
    if code is not None:
        return code, None
    reference = resource.medication_reference
    entry = scope.index.find(reference, scope.entry)
    form = None
    if entry is not None and entry.kind == "Medication":
        drug = entry.read(Drug)
        code, form = concept(drug.code) or _ingredients(drug, entry), concept(drug.form)
    if (code is None or not (code.codings or code.text)) and reference and reference.display:
        code = Concept(text=reference.display)
    if code is None:
        raise Unmappable(
            "unresolved-medication",
            f"{scope.entry.path} ({scope.entry.kind}) names its drug by a reference to nothing in"
            " this message: send the Medication with it, or a display",
        )
    return code, form


def _ingredients(drug: Drug, entry: Entry) -> Concept | None:
    """A compound without a code of its own is named by what is in it."""
    parts = [
        words(concept(one.item_codeable_concept))
        or ((one.item_reference.display if one.item_reference else "") or "")
        for one in present(drug.ingredient)
    ]
    named = [part for part in parts if part]
    return Concept(text=" + ".join(named)) if named else None


def _performer(
    performers: tuple[Performer | None, ...] | None, scope: Scope, role: str
) -> Actor | None:
    one = first(performers)
    return scope.actor(one.actor, code_of(one.function) or role) if one else None


def _bounds(
    dosages: tuple[fhir.Dosage, ...], validity: fhir.Period | None
) -> tuple[str | None, str | None]:
    for dosage in dosages:
        repeat = dosage.timing.repeat if dosage.timing else None
        if repeat and repeat.bounds_period:
            return repeat.bounds_period.start, repeat.bounds_period.end
    return (validity.start, validity.end) if validity else (None, None)


def _dosage(told: _Told, path: str) -> str:
    texts = [one.text or one.patient_instruction or _dose_words(one, path) for one in told.dosages]
    if told.forbidden:
        texts.insert(0, DO_NOT)
    return "; ".join(text for text in texts if text)


def _dose_words(dosage: fhir.Dosage, path: str) -> str:
    """A dose that FHIR gives as a range has no place but the words."""
    rate = first(dosage.dose_and_rate)
    return range_words(rate.dose_range, path) if rate else ""


def _dose(dosage: fhir.Dosage, path: str) -> Quantity | None:
    rate = first(dosage.dose_and_rate)
    return quantity(dosage.dose or (rate.dose_quantity if rate else None), path)


def _timing(timing: fhir.Timing | None, path: str) -> str:
    """The frequency in the source's words, else ``3 / 1 d`` and when in the day."""
    if timing is None:
        return ""
    if timing.code is not None and (said := words(concept(timing.code))):
        return said
    repeat = timing.repeat or fhir.TimingRepeat()
    period = number(repeat.period, path)
    often = number(repeat.frequency, path) or ("1" if period else "")
    per = f"{often} / {period} {repeat.period_unit or ''}".strip() if period else often
    return " ".join(part for part in (per, *present(repeat.when)) if part)


def _as_needed(dosage: fhir.Dosage) -> bool | None:
    return True if dosage.as_needed_codeable_concept else dosage.as_needed_boolean
