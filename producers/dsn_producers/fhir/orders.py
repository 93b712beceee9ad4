"""Which order and panel each result of a message belongs to.

An accession is an identifier of type FILL or ACSN (HL7 table 0203), of the observation itself, of
the report that lists it, of the order it is based on, or the accession of its specimen. Untyped
identifiers are taken for none: a wrong accession would join results that have nothing in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir.bundle import Entry
from dsn_producers.fhir.index import Index
from dsn_producers.fhir.resources import (
    DiagnosticReport,
    Observation,
    ServiceRequest,
    Specimen,
)
from dsn_producers.fhir.values import concept, present, type_code
from dsn_schemas.records import Concept

_FILLER = frozenset({"FILL", "ACSN"})
_PLACER = frozenset({"PLAC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a result belongs to."""

    panel: Concept | None = None
    accession: str = ""
    placer: str = ""


class Orders:
    """The orders of one message's results, gathered when the first result asks."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._reports: dict[Entry, DiagnosticReport] | None = None
        self._parents: dict[Entry, Observation] = {}

    def of(self, entry: Entry, resource: Observation) -> Order:
        """The order of an observation; of several reports, the last in the message."""
        if self._reports is None:
            self._reports = self._gathered()
        report = self._reports.get(entry)
        parent = self._parents.get(entry)
        panel = concept(report.code) if report else None
        if panel is None and parent is not None:
            panel = concept(parent.code)
        sources: list[tuple[fhir.Identifier | None, ...]] = [resource.identifier or ()]
        for holder in (report, parent):
            sources.append(holder.identifier or () if holder else ())
        if report is not None:
            sources.append(self._ordered(report.based_on, entry))
        sources.append(self._ordered(resource.based_on, entry))
        accession = _number(_FILLER, sources) or self._specimen(resource, entry)
        return Order(panel=panel, accession=accession, placer=_number(_PLACER, sources))

    def _gathered(self) -> dict[Entry, DiagnosticReport]:
        reports: dict[Entry, DiagnosticReport] = {}
        for entry in self._index.of_kind("DiagnosticReport"):
            report = entry.read(DiagnosticReport)
            for reference in present(report.result):
                found = self._index.find(reference, entry)
                if found is not None:
                    reports[found] = report
        for entry in self._index.of_kind("Observation"):
            parent = entry.read(Observation)
            for reference in present(parent.has_member):
                found = self._index.find(reference, entry)
                if found is not None:
                    self._parents[found] = parent
        return reports

    def _ordered(
        self, references: Iterable[fhir.Reference | None] | None, near: Entry
    ) -> tuple[fhir.Identifier | None, ...]:
        found: list[fhir.Identifier | None] = []
        for reference in present(references):
            entry = self._index.find(reference, near)
            if entry is not None and entry.kind == "ServiceRequest":
                found += entry.read(ServiceRequest).identifier or ()
            elif entry is None and reference.identifier is not None:
                found.append(reference.identifier)
        return tuple(found)

    def _specimen(self, resource: Observation, near: Entry) -> str:
        entry = self._index.find(resource.specimen, near)
        if entry is None or entry.kind != "Specimen":
            return ""
        number = entry.read(Specimen).accession_identifier
        return (number.value or "").strip() if number else ""


def _number(types: frozenset[str], sources: list[tuple[fhir.Identifier | None, ...]]) -> str:
    for identifiers in sources:
        for one in present(identifiers):
            if type_code(one) in types and (value := (one.value or "").strip()):
                return value
    return ""
