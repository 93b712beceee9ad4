"""Observation → results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir import resources as r
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.orders import Orders
from dsn_producers.fhir.values import (
    code_of,
    concept,
    concept_or_empty,
    concepts,
    entry_of,
    first,
    notes,
    number,
    present,
    quantity,
    quantity_words,
    range_words,
)
from dsn_schemas.records import Component, Concept, Quantity, ReferenceRange, Result


class _Value(NamedTuple):
    quantity: Quantity | None
    concept: Concept | None
    text: str | None


def result(resource: r.Observation, scope: Scope, orders: Orders) -> tuple[Draft, ...]:
    """One result; its members are results of their own."""
    path = scope.entry.path
    order = orders.of(scope.entry, resource)
    value = _value(resource, path)
    period = resource.effective_period or fhir.Period()
    effective = resource.effective_date_time or resource.effective_instant or period.start
    content = Result(
        category=code_of(first(resource.category)),
        code=concept_or_empty(resource.code),
        panel=order.panel,
        accession=order.accession,
        placer=order.placer,
        effective=effective,
        issued=resource.issued,
        value_quantity=value.quantity,
        value_concept=value.concept,
        value_text=value.text,
        interpretation=concepts(resource.interpretation),
        reference_ranges=_ranges(resource.reference_range, path),
        components=tuple(_component(one, path) for one in present(resource.component)),
        specimen=_specimen(resource.specimen, scope),
        body_site=concept(resource.body_site),
        method=concept(resource.method),
        performer=first(scope.actors(resource.performer)),
        data_absent_reason=concept(resource.data_absent_reason),
        note=notes(resource.note),
    )
    entry = entry_of(content.code, order.accession) if order.accession else ""
    said_at = resource.issued or effective
    return (
        Draft(
            section="results",
            content=content,
            entry=entry,
            status=resource.status,
            said_at=said_at,
        ),
    )


def _value(given: r.ObservedValue, path: str) -> _Value:
    """The value, typed where the contract has a type for it, else in words."""
    if given.value_quantity is not None:
        return _Value(quantity(given.value_quantity, path), None, None)
    if given.value_codeable_concept is not None:
        return _Value(None, concept(given.value_codeable_concept), None)
    return _Value(None, None, _in_words(given, path))


def _in_words(given: r.ObservedValue, path: str) -> str | None:
    if given.value_string is not None:
        return given.value_string
    if given.value_boolean is not None:
        return "true" if given.value_boolean else "false"
    if found := number(given.value_integer, path):
        return found
    if given.value_range is not None:
        return range_words(given.value_range, path)
    if given.value_ratio is not None:
        over, under = given.value_ratio.numerator, given.value_ratio.denominator
        return f"{quantity_words(over, path)} / {quantity_words(under, path)}"
    if given.value_period is not None:
        return f"{given.value_period.start or ''} - {given.value_period.end or ''}"
    if given.value_sampled_data is not None:
        return given.value_sampled_data.data or ""
    return given.value_time or given.value_date_time


def _component(component: r.ObservationComponent, path: str) -> Component:
    value = _value(component, path)
    missing = concept(component.data_absent_reason)
    return Component(
        code=concept_or_empty(component.code),
        value_quantity=value.quantity,
        # Why there is no value stands where the value would: it must not look like a blank.
        value_concept=value.concept or (missing if value == _Value(None, None, None) else None),
        value_text=value.text,
        interpretation=concepts(component.interpretation),
    )


def _ranges(
    ranges: Iterable[r.ObservationRange | None] | None, path: str
) -> tuple[ReferenceRange, ...]:
    return tuple(
        ReferenceRange(
            low=quantity(one.low, path), high=quantity(one.high, path), text=one.text or ""
        )
        for one in present(ranges)
    )


def _specimen(reference: fhir.Reference | None, scope: Scope) -> Concept | None:
    entry = scope.index.find(reference, scope.entry)
    if entry is not None and entry.kind == "Specimen":
        found = concept(entry.read(r.Specimen).type)
        if found is not None:
            return found
    return Concept(text=reference.display) if reference and reference.display else None
