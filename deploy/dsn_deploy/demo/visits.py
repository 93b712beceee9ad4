"""The segments that hang on a patient in an ADT message: visit, allergies, diagnoses, insurance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dsn_deploy.demo import hl7
from dsn_deploy.demo.catalogue import NO_KNOWN_ALLERGY, Code
from dsn_deploy.demo.charts import Chart
from dsn_deploy.demo.dialects import Dialect, Snapshot
from dsn_deploy.demo.hl7 import Field, segment
from dsn_deploy.demo.names import PHYSICIANS
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration

_UNITS = ("4E", "5B", "6C", "SI", "URG")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A stay or an outpatient visit."""

    place: str
    number: str
    #: HL7 table 0004: I, O, E.
    patient_class: str
    unit: str
    room: str
    physician: tuple[str, str, str]
    admitted: datetime
    discharged: datetime | None = None
    #: HL7 table 0112: 01 home, 20 expired.
    disposition: str = ""

    def transferred(self, unit: str) -> Visit:
        """The same visit in another unit."""
        return replace(self, unit=unit)

    def ended(self, when: datetime, disposition: str = "01") -> Visit:
        """The same visit after discharge."""
        return replace(self, discharged=when, disposition=disposition)


def visit(registration: Registration, patient_class: str, when: datetime, count: int) -> Visit:
    """The ``count``-th visit of this file."""
    draw = drawer("visit", *registration.key, count)
    return Visit(
        place=registration.place,
        number=f"{patient_class}{registration.number[-6:]}{count:02d}",
        patient_class=patient_class,
        unit=draw.choice(_UNITS),
        room=str(draw.randrange(101, 640)),
        physician=draw.choice(PHYSICIANS),
        admitted=when,
    )


def pv1(stay: Visit, dialect: Dialect) -> str:
    """The visit."""
    licence, family, given = stay.physician
    fields: dict[int, Field | list[Field]] = {
        1: "1", 2: stay.patient_class, 3: (stay.unit, stay.room, "1", stay.place),
        7: (licence, dialect.text(family), dialect.text(given), "", "", "Dr"), 10: "MED",
        19: (stay.number, "", "", stay.place, "VN"), 36: stay.disposition,
        44: dialect.stamp(stay.admitted),
        45: dialect.stamp(stay.discharged) if stay.discharged else "",
    }  # fmt: skip
    return segment("PV1", fields)


def background(on_file: Snapshot, chart: Chart, dialect: Dialect) -> tuple[str, ...]:
    """AL1, DG1 and IN1: what every snapshot of this place repeats."""
    return (*_al1(chart, dialect), *_dg1(chart, dialect), *_in1(on_file, dialect))


def coded(code: Code, dialect: Dialect) -> Field:
    """A code with its text and its system."""
    return (code.code, dialect.text(code.text), code.system)


def _al1(chart: Chart, dialect: Dialect) -> list[str]:
    if chart.no_known_allergy:
        return [segment("AL1", {1: "1", 2: "DA", 3: coded(NO_KNOWN_ALLERGY, dialect)})]
    return [
        segment(
            "AL1",
            {
                1: str(index), 2: allergen.kind, 3: coded(allergen.code, dialect),
                4: "SV" if "Anaphylaxie" in allergen.reaction else "MO",
                5: dialect.text(allergen.reaction), 6: hl7.day(since),
            },
        )
        for index, (allergen, since) in enumerate(chart.allergies, start=1)
    ]  # fmt: skip


def _dg1(chart: Chart, dialect: Dialect) -> list[str]:
    return [
        segment("DG1", {1: str(index), 3: coded(code, dialect), 5: hl7.day(since), 6: "F"})
        for index, (code, since) in enumerate(chart.problems, start=1)
    ]


def _in1(on_file: Snapshot, dialect: Dialect) -> list[str]:
    if not on_file.nam:
        return []
    plan = ("RAMQ", dialect.text("Régime d'assurance maladie du Québec"))
    return [segment("IN1", {1: "1", 2: plan, 3: "RAMQ", 36: on_file.nam})]
