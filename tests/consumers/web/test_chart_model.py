"""The chart model decides what absence means and what contradicts what, without a database."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from dsn_consumers.web.chart import build
from dsn_consumers.web.labels import LABELS
from dsn_consumers.web.model import Chart, Knowledge, Section
from dsn_consumers.web.rows import (
    ChartRows,
    ContributorRow,
    DisagreementRow,
    EntryRow,
    RecordRow,
    SourceRow,
)
from dsn_schemas.records import Allergy, Coding, Concept, Demographics, HumanName, SectionStatement

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def source(name: str = "adt", *, behind: int = 0, hours: float = 0.1) -> SourceRow:
    """A source at number 10."""
    at = NOW - timedelta(hours=hours)
    return SourceRow(
        source=name, epoch=1, seq_published=10, seq_complete=10 - behind, as_of=at,
        last_change_at=at, last_heard_at=at, received=10, queued=0, stored=10, errored=0,
        quarantined=0, duplicate=0,
    )  # fmt: skip


def said(name: str = "adt", status: str = "active", op: str = "upsert") -> ContributorRow:
    """What a source says."""
    return ContributorRow(
        source=name, authority="A", number="1", item="i", epoch=1, seq=1, op=op, status=status,
        occurred_at=NOW, captured_at=NOW,
    )  # fmt: skip


def allergy(name: str, *, status: str = "active", criticality: str = "") -> EntryRow:
    """An allergy."""
    content = asdict(Allergy(code=Concept(text=name), criticality=criticality))
    return EntryRow(
        section="allergies", entry=name, status=status, content_type="Allergy", content=content,
        contributors=(said(),), as_of=NOW, conflict=(), origins={},
    )  # fmt: skip


def none_known(code: str = "none-known") -> EntryRow:
    """What a source says of the whole section."""
    return replace(
        allergy("statement"),
        content_type="SectionStatement",
        content=asdict(SectionStatement(code=code)),
    )


def chart(*entries: EntryRow, sources: tuple[SourceRow, ...] = (source(),)) -> Chart:
    """The chart of a person of one record."""
    records = tuple(
        RecordRow(source=row.source, authority="A", number="1", settled=True) for row in sources
    )
    rows = ChartRows(person="p", records=records, entries=entries, sources=sources, cut=False)
    return build(rows, NOW)


def allergies(found: Chart) -> Section:
    """The section of allergies."""
    return next(section for section in found.sections if section.name == "allergies")


def test_nothing_received_is_not_none_known() -> None:
    """Three kinds of emptiness are three states."""
    silent = source(hours=5)

    assert allergies(chart()).knowledge is Knowledge.NOTHING
    assert allergies(chart(none_known())).knowledge is Knowledge.STATED
    assert allergies(chart(sources=(silent,))).knowledge is Knowledge.UNAVAILABLE
    assert allergies(chart(sources=(source(behind=1),))).knowledge is Knowledge.UNAVAILABLE
    assert allergies(chart(allergy("Latex"))).knowledge is Knowledge.KNOWN


def test_a_source_nobody_knows_is_never_current() -> None:
    """A record whose source has no row makes absences uncertain, and is warned of."""
    rows = ChartRows(
        person="p",
        records=(RecordRow(source="ghost", authority="A", number="1", settled=True),),
        entries=(), sources=(), cut=False,
    )  # fmt: skip
    found = build(rows, NOW)

    assert allergies(found).knowledge is Knowledge.UNAVAILABLE
    assert len(found.warnings) == 1
    assert found.as_of is None


@pytest.mark.parametrize("code", ["not-asked", "withheld", "unavailable", "something-new"])
def test_other_statements_are_not_none_known(code: str) -> None:
    """Withheld or not asked never reads as "none"."""
    words = allergies(chart(none_known(code))).statements[0].words

    assert words not in (LABELS["state.none_known"], LABELS["state.none_known.m"])


def test_a_contradicted_none_known_shows_both() -> None:
    """The statement and the entry both stand, and a sentence says that they contradict."""
    marks = ("none-known-contradicted",)
    section = allergies(
        chart(replace(none_known(), conflict=marks), replace(allergy("Latex"), conflict=marks))
    )

    assert section.contradiction is not None
    assert len(section.entries) == len(section.statements) == 1
    assert section.entries[0].disputes == ()  # the entry itself is disputed by nobody


def test_a_conflict_names_fields_in_words() -> None:
    """What the sources disagree on is said in words, not in names of columns."""
    row = replace(allergy("Latex"), conflict=("criticality", "status"))
    disputes = allergies(chart(row)).entries[0].disputes

    assert [dispute.name.fr for dispute in disputes] == ["criticité", "statut"]


def sides_of(row: EntryRow) -> list[tuple[str, list[str], bool]]:
    """Value in words, who says it and whether it is shown, of the first dispute."""
    return [
        (side.value.fr, [said.source for said in side.said], side.kept)
        for side in allergies(chart(row)).entries[0].disputes[0].sides
    ]


def test_a_dispute_gives_every_value_and_who_says_it() -> None:
    """The shown value first, in the words the rest of the page uses."""
    row = replace(
        allergy("Latex", criticality="high"), contributors=(said(), said("labo"), said("clsc")),
        conflict=("criticality",),
        disagreements=(
            DisagreementRow(field="criticality", value="low", contributors=(1, 2)),
            DisagreementRow(field="criticality", value="high", contributors=(0,)),
        ),
    )  # fmt: skip

    assert sides_of(row) == [("élevée", ["adt"], True), ("faible", ["labo", "clsc"], False)]


def test_a_disputed_status_stands_with_its_contributors() -> None:
    """Who took the entry back, or said it was an error, is no side."""
    row = replace(
        allergy("Latex"), conflict=("status",),
        contributors=(
            said(), said("labo", "resolved"), said("clsc", "entered-in-error"),
            said("rx", "inactive", op="delete"), said("hdl", "resolved"),
        ),
    )  # fmt: skip

    assert sides_of(row) == [("actif", ["adt"], True), ("résolu", ["labo", "hdl"], False)]


def test_a_side_that_cannot_be_read_is_still_a_side() -> None:
    """A value of another shape, or of a field this version does not know, is said to be unreadable."""
    row = replace(
        allergy("Latex"), contributors=(said(), said("labo")), conflict=("criticality",),
        disagreements=(
            DisagreementRow(field="criticality", value=["x"], contributors=(0,)),
            DisagreementRow(field="criticality", value="low", contributors=(1, 9)),
        ),
    )  # fmt: skip
    unknown = replace(
        row, conflict=("flavour",),
        disagreements=(DisagreementRow(field="flavour", value="x", contributors=(0,)),),
    )  # fmt: skip
    unreadable = LABELS["chart.unreadable"].fr

    assert sides_of(row) == [(unreadable, ["adt"], False), ("faible", ["labo"], False)]
    assert sides_of(unknown) == [(unreadable, ["adt"], False)]


def test_a_disputed_end_is_not_past() -> None:
    """Stopped here and active there stays in full sight."""
    row = replace(allergy("Latex", status="resolved"), conflict=("status",))

    assert allergies(chart(row)).entries[0].past is False


def test_the_critical_allergy_stands_first() -> None:
    """What can kill is read before what is newer; what is over comes last."""
    entries = (
        allergy("Pollen"),
        allergy("Iode", status="resolved"),
        allergy("Latex", criticality="high"),
    )
    titles = [
        e.described.title.fr
        for e in allergies(chart(*entries)).entries
        if e.described and e.described.title
    ]

    assert titles == ["Latex", "Pollen", "Iode"]


def test_unreadable_content_is_said_never_left_out() -> None:
    """An entry of another shape is listed with its sources."""
    row = replace(allergy("x"), content={"code": 3})
    entry = allergies(chart(row)).entries[0]

    assert entry.described is None
    assert entry.sources == ("adt",)


def test_a_deleted_contribution_is_no_source() -> None:
    """A source that took its word back no longer vouches, but stays in the provenance."""
    row = replace(allergy("Latex"), contributors=(said(), said("labo", op="delete")))
    entry = allergies(chart(row)).entries[0]

    assert entry.sources == ("adt",)
    assert [one.gone for one in entry.contributors] == [False, True]


def test_each_field_names_who_said_it() -> None:
    """The identity shows per field the sources the merge took it from."""
    person = Demographics(names=(HumanName(family="Roy"),), birth_date="1980-01-01")
    row = EntryRow(
        section="demographics", entry="patient", status="", content_type="Demographics",
        content=asdict(person), contributors=(said(), said("labo")), as_of=NOW,
        conflict=("birth_date",), origins={"names": (1,), "birth_date": (0, 1)},
    )  # fmt: skip
    fields = {field.fact.field: field for field in chart(row).identity}

    assert fields["names"].sources == ("labo",)
    assert fields["birth_date"].sources == ("adt", "labo")
    assert fields["birth_date"].dispute
    assert fields.keys() == {"names", "birth_date"}  # defaults are not information


def test_a_record_on_its_way_is_said() -> None:
    """A chart from which data are still missing because they move says so."""
    rows = ChartRows(
        person="p", records=(RecordRow(source="adt", authority="A", number="7", settled=False),),
        entries=(), sources=(source(),), cut=False,
    )  # fmt: skip

    assert "A 7" in build(rows, NOW).moving[0].fr


def test_the_chart_is_as_old_as_its_oldest_source() -> None:
    """One mark for the whole chart: the least recent one."""
    found = chart(sources=(source("adt"), source("labo", hours=3)))

    assert found.as_of == NOW - timedelta(hours=3)


def test_a_person_nobody_described_still_has_a_banner() -> None:
    """Without demographics the banner says so instead of failing."""
    found = chart()

    assert (found.banner.name, found.banner.nams, found.identity) == ("", (), ())


def test_codes_stay_exact_behind_the_words() -> None:
    """Whoever must know what was meant finds the code."""
    coded = Concept(codings=(Coding(system="SNOMED", code="764146007", display="Pénicilline"),))
    row = replace(allergy("x"), content=asdict(Allergy(code=coded)))
    described = allergies(chart(row)).entries[0].described

    assert described is not None
    assert described.title is not None
    assert described.title.fr == "Pénicilline"
    assert described.get("code").fr == "SNOMED 764146007"  # type: ignore[union-attr]  # said above
