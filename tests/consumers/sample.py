"""A person to look at: two records of two establishments, every kind of section and trouble.

``insert_sample(conninfo)`` on a migrated database; returns the ids that pages are opened with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import psycopg
from consumers.parts import NOON, View, contributor, store, view_entry

from dsn_schemas.keys import person_id, record_key
from dsn_schemas.records import (
    Address,
    Allergy,
    Coding,
    Concept,
    ContactPoint,
    Demographics,
    FieldOrigin,
    HumanName,
    Identifier,
    Medication,
    Quantity,
    QuarantinedChange,
    Result,
    SectionStatement,
)

ADT, CLSC = "chum-adt", "clsc-dossier"
ONE, TWO = ("CHUM", "1001"), ("CLSC-PLATEAU", "P-77")
DAY = 86_400_000


@dataclass(frozen=True)
class Sample:
    #: A full chart of two linked records.
    person: str
    #: The id the second record founded; leads to ``person``.
    former: str
    #: Someone whose record is linked elsewhere: nothing of it may be shown.
    hidden: str
    #: A person with demographics only.
    bare: str


def insert_sample(conninfo: str) -> Sample:
    """Insert the sample into a migrated database."""
    person, former = person_id(record_key(*ONE)), person_id(record_key(*TWO))
    bare, hidden = person_id(record_key("CHUM", "2002")), person_id(record_key("CHUM", "3003"))
    view = View()
    view.link(*ONE)
    view.link(*TWO, person=person, version=2, previous=former)
    view.settled(*TWO, person, 2)
    _chart(view, person)
    view.link("CHUM", "2002")
    view.entry(
        view_entry(
            bare,
            "demographics",
            "patient",
            _demographics("Nguyễn", "Thị Mai", "NGUM85520314", "1985-02-03", "2002"),
            [contributor(ADT, "CHUM", "2002", "patient", 40)],
        )
    )
    view.link("CHUM", "3003", person=person_id(record_key("CHUM", "4004")), version=2)
    view.entry(
        view_entry(
            hidden,
            "demographics",
            "patient",
            _demographics("Cachée", "Personne", "CACP70010101", "1970-01-01", "3003"),
            [contributor(ADT, "CHUM", "3003", "patient", 50)],
        )
    )
    view.barriers(ADT, 60)
    view.barriers(CLSC, 12)
    view.quarantine(
        QuarantinedChange(
            source=ADT,
            stage="edge",
            reason="no-patient",
            detail="PID-3 is empty: send the local record number",
            topic="dsn.changes.chum",
            partition=1,
            offset=7,
            epoch=1,
            seq=33,
            captured_at=NOON,
            payload=b"MSH|^~\\&|...",
        )
    )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        store(connection, view.reads)
        for source, received, duplicate, seq in ((ADT, 72, 12, 60), (CLSC, 12, 0, 12)):
            connection.execute(
                "INSERT INTO dsn_store.source_marks VALUES (%s, 1, %s, %s, %s, now())",
                [source, seq, received, duplicate],
            )
            for p in range(4):
                connection.execute(
                    "INSERT INTO dsn_store.source_lanes VALUES"
                    " ('dsn.changes.chum', %s, %s, 1, %s, %s, %s, 0, %s, now(), '{0}', ARRAY[%s::bigint])",
                    [p, source, seq, seq, seq // 4, int(p == 1 and source == ADT), seq],
                )
    return Sample(person=person, former=former, hidden=hidden, bare=bare)


def _demographics(
    family: str, given: str, nam: str, born: str, number: str = "1001"
) -> Demographics:
    return Demographics(
        identifiers=(
            Identifier(system="urn:ramq", value=nam, type="JHN", use="official"),
            Identifier(system="CHUM", value=number, type="MR"),
        ),
        names=(HumanName(use="official", family=family, given=tuple(given.split())),),
        gender="female",
        birth_sex="F",
        birth_date=born,
        addresses=(
            Address(lines=("12, rue Saint-Denis",), city="Montréal", postal_code="H2X 1K1"),
        ),
        telecoms=(ContactPoint(system="phone", value="514 555-0199", use="home"),),
        mother=HumanName(family="Gagnon", given=("Ginette",)),
    )


def _chart(view: View, person: str) -> None:
    adt, clsc = (
        (lambda item, seq, **k: contributor(ADT, *ONE, item, seq, **k)),
        (lambda item, seq, **k: contributor(CLSC, *TWO, item, seq, at=NOON - DAY, **k)),
    )
    demographics = view_entry(
        person,
        "demographics",
        "patient",
        _demographics("Lévesque-O'Connor", "Marie-Ève Chantal", "LEVM80552218", "1980-05-22"),
        [adt("patient", 1, status=""), clsc("patient", 1, status="")],
        conflicts=("addresses",),
    )
    origins = (
        FieldOrigin(field="names", contributors=(0, 1), rule="union"),
        FieldOrigin(field="birth_date", contributors=(0, 1), rule="agreed"),
        FieldOrigin(field="addresses", contributors=(1,), rule="recent"),
    )
    view.entry(replace(demographics, provenance=origins))
    penicillin = Concept(
        codings=(Coding(system="http://snomed.info/sct", code="764146007", display="Pénicilline"),),
        text="Pénicilline",
    )
    view.entry(
        view_entry(
            person,
            "allergies",
            "http://snomed.info/sct|764146007",
            Allergy(code=penicillin, type="allergy", criticality="high", verification="confirmed"),
            [adt("AL1-1", 2), clsc("al-9", 2, status="inactive")],
            conflicts=("status",),
        )
    )
    view.entry(
        view_entry(
            person,
            "allergies",
            "statement",
            SectionStatement(code="none-known", text="Aucune allergie connue"),
            [clsc("statement", 3, status="")],
        )
    )
    view.entry(
        view_entry(
            person,
            "problems",
            "statement",
            SectionStatement(code="none-known", text="Aucun problème connu"),
            [clsc("statement-problems", 4, status="")],
        )
    )
    view.entry(
        view_entry(
            person,
            "medications",
            "http://hc-sc.gc.ca/din|02242903",
            Medication(
                kind="request",
                code=Concept(text="Metformine 500 mg"),
                dosage="1 comprimé 2 fois par jour",
            ),
            [adt("RX-1", 3)],
        )
    )
    view.entry(
        view_entry(
            person,
            "results",
            "http://loinc.org|2345-7|A-2026-1",
            Result(
                category="laboratory",
                code=Concept(
                    codings=(Coding(system="http://loinc.org", code="2345-7"),), text="Glucose"
                ),
                accession="A-2026-1",
                effective="2026-02-27T08:10:00-05:00",
                value_quantity=Quantity(value="5.40", unit="mmol/L"),
            ),
            [adt("A-2026-1/1", 4, status="final")],
        )
    )
    view.entry(
        view_entry(
            person,
            "medications",
            "#erroneous",
            Medication(kind="request", code=Concept(text="Saisie par erreur")),
            [adt("RX-2", 5, status="entered-in-error")],
        )
    )
    view.entry(
        view_entry(
            person,
            "alerts",
            "#deleted",
            None,
            [adt("AL-7", 6, op="delete", status="")],
        )
    )
