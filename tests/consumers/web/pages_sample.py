"""Sample charts, put into a database by the store's own code: fictional people, one of each trouble.

``NOW`` is the instant the pages of the tests are produced at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from psycopg import sql

from dsn_consumers.audit import AuditSink
from dsn_consumers.database import migrate, statement
from dsn_consumers.intake import Read, Topic
from dsn_consumers.store import StoreSink
from dsn_schemas.contract import composed
from dsn_schemas.keys import person_id, record_key, view_key
from dsn_schemas.records import (
    Actor,
    Address,
    Alert,
    Allergy,
    Coding,
    Component,
    Concept,
    ContactPerson,
    ContactPoint,
    Content,
    Contributor,
    Demographics,
    Directive,
    Disagreement,
    Document,
    Encounter,
    FieldOrigin,
    HumanName,
    Identifier,
    Immunization,
    Language,
    Medication,
    Quantity,
    QuarantinedChange,
    Reaction,
    RecordChange,
    RecordLink,
    RecordSettled,
    ReferenceRange,
    RejectedMessage,
    Result,
    Section,
    SectionStatement,
    SourceMark,
    ViewBarrier,
    ViewEntry,
)
from dsn_schemas.topics import IDENTITY_LINKS, QUARANTINE, VIEW, changes_topic
from dsn_schemas.wire import Codec

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)

#: Records: (authority, number), the source that speaks of each.
ELOISE_CHUL = ("CHUL", "0044871")
ELOISE_HDL = ("HDL", "A-20931")
MAXIME = ("HDL", "A-33107")
HOSTILE = ("CHUL", "0099999")
BABY = ("CHUL", "0051220")
MOVING = ("HDL", "A-40000")

ELOISE = person_id(record_key(*ELOISE_CHUL))
ELOISE_OLD = person_id(record_key(*ELOISE_HDL))
NAM = "TREE82540415"
#: Text that must never be markup.
SCRIPT = "<script>alert('x')</script>"


class FixedIds:
    """Schema ids without a registry: the double of the registry's cache."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def id_of(self, name: str) -> int:
        found = [number for number, known in self._names.items() if known == name]
        if found:
            return found[0]
        self._names[len(self._names) + 1] = name
        return len(self._names)

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        return composed(self._names[schema_id])


class Writer:
    """Feeds records to the store's sink, as its consumer would."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._codec = Codec(FixedIds())
        self._sink = StoreSink(self._codec)
        self._offset = 0
        self._sink.opened(connection, [Topic(VIEW, "v", 1)])

    def put(self, topic: str, key: str, record: object) -> None:
        """One record of a topic."""
        self._offset += 1
        read = Read(topic, 0, self._offset, key.encode(), self._codec.encode(record), 0)
        self._sink.write(self._connection, self._sink.prepare([read]))
        self._connection.execute(TRUNCATE)

    def journal(self, topic: str, changes: Iterable[RecordChange]) -> None:
        """Changes of a source, as the audit consumer reads them."""
        sink = AuditSink(self._codec)
        sink.opened(self._connection, [])
        reads = [
            Read(topic, 0, offset, change.source.encode(), self._codec.encode(change), 0)
            for offset, change in enumerate(changes)
        ]
        sink.write(self._connection, sink.prepare(reads))


def _tables() -> Iterator[sql.Composable]:
    names = ["entries", "terms", "record_sources", "links", "settled", "barriers", "quarantine"]
    return (sql.Identifier(f"staged_{name}") for name in names)


TRUNCATE = sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(_tables()))


def ms(days: float = 0, hours: float = 0) -> int:
    """An instant before ``NOW``, in milliseconds."""
    return int((NOW - timedelta(days=days, hours=hours)).timestamp() * 1000)


def concept(text: str, system: str = "", code: str = "") -> Concept:
    """A concept with one coding."""
    return Concept(text=text, codings=(Coding(system=system, code=code, display=text),))


def said(
    source: str,
    record: tuple[str, str],
    *,
    seq: int,
    status: str = "",
    item: str = "1",
    days: float = 1,
    op: str = "upsert",
) -> Contributor:
    """A contributor."""
    return Contributor(
        source=source,
        authority=record[0],
        number=record[1],
        item=item,
        epoch=1,
        seq=seq,
        op=op,  # type: ignore[arg-type]  # tests pass what the contract names
        status=status,
        occurred_at=ms(days),
        captured_at=ms(days, -0.01),
    )


def entry(
    person: str,
    section: Section,
    name: str,
    content: Content,
    *contributors: Contributor,
    conflicts: tuple[str, ...] = (),
    provenance: Iterable[FieldOrigin] = (),
    disagreements: tuple[Disagreement, ...] = (),
) -> ViewEntry:
    """An entry of the view, led by its first contributor."""
    return ViewEntry(
        person=person,
        section=section,
        entry=name,
        status=contributors[0].status,
        conflicts=conflicts,
        as_of=max(c.occurred_at for c in contributors),
        contributors=contributors,
        provenance=tuple(provenance),
        disagreements=disagreements,
        content=content,
    )


def differ(field: str, *values: object) -> tuple[Disagreement, ...]:
    """Each contributor in turn gives a value of its own."""
    return tuple(
        Disagreement(field=field, value=msgspec.json.encode(value).decode(), contributors=(place,))
        for place, value in enumerate(values)
    )


CHUL, HDL, LAB = "chul-adt", "hdl-adt", "chul-labo"


def eloise() -> Iterator[ViewEntry]:
    """Éloïse: two records, three sources; a contradiction, a statement, sections of every kind."""
    yield _eloise_identity()
    yield from _eloise_safety()
    yield from _eloise_treatment()
    yield from _eloise_results()
    yield from _eloise_visits()


def _eloise_identity() -> ViewEntry:
    name = HumanName(use="official", family="Tremblay-Gagnon", given=("Éloïse", "Marie"))
    return entry(
        ELOISE,
        "demographics",
        "patient",
        Demographics(
            identifiers=(
                Identifier(system="RAMQ", value=NAM, type="JHN", assigner="RAMQ"),
                Identifier(system="CHUL", value="0044871", type="MR", assigner="CHUL"),
                Identifier(system="HDL", value="A-20931", type="MR", assigner="Hôtel-Dieu"),
            ),
            names=(name, HumanName(use="usual", family="Gagnon", given=("Éloïse",))),
            gender="female",
            birth_sex="F",
            birth_date="1982-04-04",
            addresses=(
                Address(
                    use="home", lines=("1245, rue Saint-Jean, app. 3",), city="Québec",
                    state="QC", postal_code="G1R 1S7",
                ),
            ),
            telecoms=(ContactPoint(system="phone", value="418 555-0142", use="mobile"),),
            mother=HumanName(family="Gagnon", given=("Thérèse",)),
            languages=(Language(code="fr", preferred=True),),
            contacts=(
                ContactPerson(
                    name=HumanName(family="Bouchard", given=("Noémie",)),
                    relationship=concept("conjointe"),
                    telecoms=(ContactPoint(system="phone", value="418 555-0177", use="mobile"),),
                ),
            ),
            general_practitioners=(Actor(name="Dre Anaïs Lévesque", role="GMF Limoilou"),),
        ),
        said(CHUL, ELOISE_CHUL, seq=212, days=0.2, item="patient"),
        said(HDL, ELOISE_HDL, seq=87, days=40, item="patient"),
        conflicts=("birth_date",),
        disagreements=differ("birth_date", "1982-04-04", "1982-04-14"),
        provenance=[
            FieldOrigin(field="birth_date", contributors=(0,), rule="verified"),
            FieldOrigin(field="addresses", contributors=(0,), rule="recent"),
            FieldOrigin(field="mother", contributors=(1,), rule="only"),
        ],
    )  # fmt: skip


def _eloise_safety() -> Iterator[ViewEntry]:
    yield entry(
        ELOISE, "alerts", "local|CHUTE",
        Alert(code=concept("Risque de chute"), category=concept("Sécurité"), start="2026-11-20"),
        said(CHUL, ELOISE_CHUL, seq=205, status="active", days=3),
    )  # fmt: skip
    yield entry(
        ELOISE, "allergies", "http://snomed.info/sct|764146007",
        Allergy(
            code=concept("Pénicilline", "http://snomed.info/sct", "764146007"),
            type="allergy", category="medication", criticality="high", verification="confirmed",
            recorded="2019-03-12",
            reactions=(Reaction(manifestations=(concept("Anaphylaxie"),), severity="severe"),),
        ),
        said(CHUL, ELOISE_CHUL, seq=190, status="active", days=3),
        said(HDL, ELOISE_HDL, seq=61, status="active", days=200),
    )  # fmt: skip
    yield entry(
        ELOISE, "allergies", "local|ARACHIDE",
        Allergy(
            code=concept("Arachide"), type="allergy", category="food", criticality="low",
            verification="unconfirmed", recorded="2024-09-02",
            reactions=(Reaction(manifestations=(concept("Urticaire"),), severity="mild"),),
        ),
        said(HDL, ELOISE_HDL, seq=62, status="active", days=81),
        said(CHUL, ELOISE_CHUL, seq=191, status="resolved", days=300),
        conflicts=("status", "criticality"),
        disagreements=differ("criticality", "low", "high"),
    )  # fmt: skip
    yield entry(
        ELOISE, "directives", "local|NIM",
        Directive(
            type=concept("Niveau d’intervention médicale"),
            value=concept("B — Soins proportionnés, correction de toute détérioration réversible"),
            effective="2025-06-18", author=Actor(name="Dr Karim Haddad"),
        ),
        said(HDL, ELOISE_HDL, seq=70, status="active", days=158),
    )  # fmt: skip


def _eloise_treatment() -> Iterator[ViewEntry]:
    yield entry(
        ELOISE, "medications", "local|METFORMINE",
        Medication(
            kind="request", code=concept("Metformine 500 mg, comprimé"),
            dosage="1 comprimé 2 fois par jour aux repas",
            route=concept("orale"), refills=5, authored="2026-08-14",
            prescriber=Actor(name="Dre Anaïs Lévesque"), reason=concept("Diabète de type 2"),
        ),
        said(CHUL, ELOISE_CHUL, seq=150, status="active", days=100),
        said(HDL, ELOISE_HDL, seq=66, status="active", days=101),
    )  # fmt: skip
    yield entry(
        ELOISE, "medications", "local|RAMIPRIL",
        Medication(
            kind="request", code=concept("Ramipril 5 mg, capsule"), dosage="1 capsule le matin",
            authored="2026-08-14", prescriber=Actor(name="Dre Anaïs Lévesque"),
        ),
        said(CHUL, ELOISE_CHUL, seq=151, status="active", days=100),
    )  # fmt: skip
    yield entry(
        ELOISE, "medications", "local|NAPROXENE",
        Medication(
            kind="request", code=concept("Naproxène 500 mg"), authored="2025-01-07",
            dosage="1 comprimé au besoin", end="2025-02-01",
        ),
        said(HDL, ELOISE_HDL, seq=41, status="stopped", days=650),
    )  # fmt: skip
    yield entry(
        ELOISE, "immunizations", "cvx|140|2026",
        Immunization(
            code=concept("Influenza 2026-2027"), occurrence="2026-10-29", lot="FLQ2671",
            location="CLSC Limoilou", performer=Actor(name="Inf. Sarah Ouellet"),
        ),
        said(CHUL, ELOISE_CHUL, seq=180, status="completed", days=25),
    )  # fmt: skip
    # "None known" for problems from one source: nothing else is said.
    yield entry(
        ELOISE, "problems", "statement",
        SectionStatement(code="none-known", recorded="2026-11-20",
                         author=Actor(name="Dr Karim Haddad")),
        said(HDL, ELOISE_HDL, seq=88, item="statement", days=3),
    )  # fmt: skip


def _result(
    name: str, value: str, unit: str, low: str, high: str, flag: str, seq: int
) -> ViewEntry:
    return entry(
        ELOISE, "results", f"http://loinc.org|{name}|A77120",
        Result(
            category="laboratory", code=concept(name), panel=concept("Biochimie"),
            accession="A77120", effective="2026-11-22T06:40:00-05:00",
            value_quantity=Quantity(value=value, unit=unit),
            interpretation=(concept(flag, code=flag),),
            reference_ranges=(
                ReferenceRange(low=Quantity(value=low), high=Quantity(value=high, unit=unit)),
            ),
            performer=Actor(name="Laboratoire du CHUL"),
        ),
        said(LAB, ELOISE_CHUL, seq=seq, status="final", days=1),
    )  # fmt: skip


def _eloise_results() -> Iterator[ViewEntry]:
    yield _result("Potassium", "6,4", "mmol/L", "3,5", "5,1", "HH", 301)
    yield _result("Créatinine", "112", "µmol/L", "45", "90", "H", 302)
    yield _result("Sodium", "139", "mmol/L", "136", "145", "N", 303)
    yield entry(
        ELOISE, "results", "http://loinc.org|4548-4|A76001",
        Result(
            category="laboratory", code=concept("Hémoglobine glyquée (HbA1c)"),
            effective="2026-08-14", value_quantity=Quantity(value="0,074"),
            interpretation=(concept("H", code="H"),),
        ),
        said(LAB, ELOISE_CHUL, seq=240, status="corrected", days=100),
        said(LAB, ELOISE_CHUL, seq=238, status="final", item="0", days=101),
        conflicts=("value_quantity",),
        disagreements=differ(
            "value_quantity", Quantity(value="0,074"), Quantity(value="7,9", unit="%")
        ),
    )  # fmt: skip
    yield entry(
        ELOISE, "results", "http://loinc.org|85354-9|V1",
        Result(
            category="vital-signs", code=concept("Tension artérielle"), effective="2026-11-20",
            components=(
                Component(code=concept("systolique"),
                          value_quantity=Quantity(value="138", unit="mmHg")),
                Component(code=concept("diastolique"),
                          value_quantity=Quantity(value="86", unit="mmHg")),
            ),
        ),
        said(CHUL, ELOISE_CHUL, seq=203, status="final", days=3),
    )  # fmt: skip


def _eloise_visits() -> Iterator[ViewEntry]:
    yield entry(
        ELOISE, "encounters", "#v1",
        Encounter(
            class_code=Coding(code="IMP"), service_type=concept("Néphrologie"),
            start="2026-11-20T14:10:00-05:00", service_provider="CHUL",
            reasons=(concept("Insuffisance rénale aiguë"),),
            participants=(Actor(name="Dr Karim Haddad", role="attending"),),
        ),
        said(CHUL, ELOISE_CHUL, seq=201, status="in-progress", days=3),
    )  # fmt: skip
    yield entry(
        ELOISE, "encounters", "#v2",
        Encounter(
            class_code=Coding(code="EMER"), start="2025-01-07T20:05:00-05:00",
            end="2025-01-08T02:30:00-05:00", service_provider="Hôtel-Dieu de Lévis",
            reasons=(concept("Lombalgie"),),
        ),
        said(HDL, ELOISE_HDL, seq=40, status="finished", days=685),
    )  # fmt: skip
    yield entry(
        ELOISE, "documents", "#d1",
        Document(
            type=concept("Sommaire d’hospitalisation"), title="Sommaire d’hospitalisation",
            date="2025-01-09", authors=(Actor(name="Dre Julie Côté"),),
            custodian="Hôtel-Dieu de Lévis",
        ),
        said(HDL, ELOISE_HDL, seq=45, status="current", days=684),
    )  # fmt: skip


def simple(
    record: tuple[str, str], source: str, demographics: Demographics, *, seq: int
) -> Iterator[ViewEntry]:
    """A person of one record of whom only the demographics are known."""
    person = person_id(record_key(*record))
    yield entry(
        person, "demographics", "patient", demographics,
        said(source, record, seq=seq, item="patient", days=0.1),
    )  # fmt: skip


def maxime() -> Iterator[ViewEntry]:
    """Maxime: an allergy beside a "none known" of another source."""
    person = person_id(record_key(*MAXIME))
    yield from simple(
        MAXIME, HDL,
        Demographics(
            names=(HumanName(use="official", family="Côté", given=("Maxime",)),),
            birth_date="1951-07", birth_sex="M", deceased=True, deceased_at="2026-10-02",
        ),
        seq=90,
    )  # fmt: skip
    yield entry(
        person, "allergies", "local|LATEX", Allergy(code=concept("Latex"), criticality="high"),
        said(HDL, MAXIME, seq=91, status="active"),
    )  # fmt: skip
    yield entry(
        person, "allergies", "statement", SectionStatement(code="none-known"),
        said(HDL, MAXIME, seq=92, item="statement"),
    )  # fmt: skip


def hostile() -> Iterator[ViewEntry]:
    """A name that is markup, in every place a name goes; one chart that nobody can read."""
    person = person_id(record_key(*HOSTILE))
    names = (HumanName(family=f"{SCRIPT}\"'}}</style>", given=("Zoé",)),)
    yield from simple(HOSTILE, CHUL, Demographics(names=names, birth_date="2001-01-01"), seq=210)
    yield entry(
        person, "alerts", "x", Alert(code=concept(SCRIPT), note='"><img src=x onerror=alert(1)>'),
        said(CHUL, HOSTILE, seq=211, status=SCRIPT),
    )  # fmt: skip


def baby() -> Iterator[ViewEntry]:
    """A newborn without a health number."""
    names = (HumanName(family="Lavoie", given=("Bébé fille",)),)
    return simple(
        BABY, CHUL, Demographics(names=names, birth_date="2026-11-19", birth_sex="F"), seq=209
    )


def moving() -> Iterator[ViewEntry]:
    """A record on its way to another person: nothing of it shows for now."""
    names = (HumanName(family="Bélanger", given=("Rose",)),)
    return simple(MOVING, HDL, Demographics(names=names, birth_date="1970-02-03"), seq=93)


def insert(conninfo: str) -> None:
    """Migrate the database and put every sample in."""
    migrate(conninfo)
    with psycopg.connect(conninfo) as connection:
        writer = Writer(connection)
        for person in (eloise(), maxime(), hostile(), baby(), moving()):
            for one in person:
                writer.put(VIEW, view_key(one.person, one.section, one.entry), one)
        _links(writer)
        _sources(connection, writer)
        _quarantine(writer)


def _links(writer: Writer) -> None:
    owners = {ELOISE_HDL: ELOISE, ELOISE_CHUL: ELOISE}
    for record in (ELOISE_CHUL, ELOISE_HDL, MAXIME, HOSTILE, BABY, MOVING):
        key = record_key(*record)
        person, own = owners.get(record, person_id(key)), person_id(key)
        moved = person != own or record == MOVING
        link = RecordLink(
            authority=record[0], number=record[1], person=person, version=2 if moved else 1
        )
        writer.put(IDENTITY_LINKS, key, link)
        if person != own:
            settled = RecordSettled(authority=record[0], number=record[1], version=2, person=person)
            writer.put(VIEW, f"|settled|{key}", settled)


#: Newest number, complete up to, hours since it was heard: current, behind, silent.
MARKS = {CHUL: (212, 212, 0.02), LAB: (303, 297, 0.1), HDL: (93, 93, 5.0)}


def _sources(connection: psycopg.Connection, writer: Writer) -> None:
    """The journal of each source, its mark and how far the view contains it."""
    connection.execute(statement("add_topic"), {"topic": VIEW, "topic_id": "v", "partitions": 1})
    for source, (seq, complete, hours) in MARKS.items():
        topic, at = changes_topic(source), ms(hours=hours)
        place = {"topic": topic, "topic_id": topic, "partitions": 1}
        connection.execute(statement("add_topic"), place)
        writer.journal(topic, [*_changes(source, seq, at), _mark(source, seq, at)])
        barrier = ViewBarrier(
            topic=topic, partition=0, position=seq, source=source, epoch=1, seq=complete, as_of=at
        )
        writer.put(VIEW, f"|barrier|{topic}|0|{source}|1", barrier)


def _shown() -> dict[tuple[str, int], tuple[str, str, Section, str]]:
    """Record, section and item of every number that a chart names."""
    return {
        (said.source, said.seq): (said.authority, said.number, one.section, said.item)
        for person in (eloise(), maxime(), hostile(), baby(), moving())
        for one in person
        for said in one.contributors
    }


def _changes(source: str, seq_last: int, at: int) -> Iterator[RecordChange]:
    """Numbers 1 to the last; all but what the charts show is an older state of the newest item."""
    shown = _shown()
    newest = shown.get((source, seq_last), ("CHUL", "0", "documents", "1"))
    for seq in range(1, seq_last + 1):
        rejected = (source, seq) == (HDL, 80)
        said = ("edge", source, "rejected", "1") if rejected else shown.get((source, seq), newest)
        authority, number, section, item = said
        yield RecordChange(
            source=source, epoch=1, seq=seq, previous=seq - 1,
            authority=authority, number=number, section=section, item=item, entry="", op="upsert",
            status="", occurred_at=at, captured_at=at,
            content=RejectedMessage(reason="x") if rejected else None,
        )  # fmt: skip


def _mark(source: str, seq: int, at: int) -> RecordChange:
    return RecordChange(
        source=source, epoch=1, seq=seq, previous=seq, authority="", number="", section="marks",
        item="", entry="", op="mark", status="", occurred_at=at, captured_at=at,
        content=SourceMark(received=seq + 14, duplicate=14, sent_at=at),
    )  # fmt: skip


def _quarantine(writer: Writer) -> None:
    for place, (source, stage, reason, detail) in enumerate(
        (
            (HDL, "edge", "unknown-message-type", "ZZZ^Z99 n’a pas de traducteur : voir la liste"),
            (
                LAB,
                "admit",
                "unreadable",
                "octet 41 : pas un RecordChange ; relancer après correctif",
            ),
            (
                LAB,
                "admit",
                "unreadable",
                "octet 12 : pas un RecordChange ; relancer après correctif",
            ),
        )
    ):
        change = QuarantinedChange(
            source=source, stage=stage, reason=reason, detail=detail,
            topic=changes_topic(source), partition=0, offset=1000 + place, epoch=1,
            seq=80 + place, captured_at=ms(place + 0.3), payload=b"PID|||TREE82540415",
        )  # fmt: skip
        writer.put(QUARANTINE, source, change)
