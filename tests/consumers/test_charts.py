"""What the store writes and the views show: never an item of a record that is not the person's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from consumers.parts import (
    CHANGES,
    NOON,
    View,
    change,
    codec,
    contributor,
    store,
    view_entry,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_consumers.chart_rows import Encoder
from dsn_consumers.errors import BrokenRecord
from dsn_consumers.intake import Read
from dsn_schemas.keys import person_id, record_key, view_key
from dsn_schemas.records import (
    Allergy,
    Concept,
    Content,
    Demographics,
    Disagreement,
    HumanName,
    Identifier,
    Medication,
    QuarantinedChange,
    SectionStatement,
    ViewEntry,
)
from dsn_schemas.topics import VIEW

ONE, TWO = ("CHUM", "1"), ("CLSC", "2")
PERSON, OTHER = person_id(record_key(*ONE)), person_id(record_key(*TWO))
PENICILLIN = Allergy(code=Concept(text="Pénicilline"))

Connection = psycopg.Connection[Any]


def allergy(person: str, *records: tuple[str, str], seq: int = 1, **more: Any) -> ViewEntry:
    by = [contributor("adt", *record, "a", seq) for record in records]
    return view_entry(person, "allergies", "s|1", PENICILLIN, by, **more)


def shown(connection: Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT person_id, section, entry FROM dsn.entries")
    return {(p, s, e) for p, s, e in rows}


def found_by(connection: Connection, kind: str, beginning: str) -> list[str]:
    """People who have a term of that kind that begins so."""
    people = connection.execute(
        "SELECT DISTINCT person_id FROM dsn.search_terms WHERE kind = %s AND starts_with(term, %s)",
        [kind, beginning],
    )
    return sorted(person for (person,) in people)


def test_an_entry_waits_for_the_link_of_its_record(connection: Connection) -> None:
    """A new record's entries are stored, and shown once its link says whose they are."""
    view = View()
    view.entry(allergy(PERSON, ONE))
    store(connection, view.reads)
    before = shown(connection)

    store(connection, [view.link(*ONE)])

    assert before == set()
    assert shown(connection) == {(PERSON, "allergies", "s|1")}


def test_a_link_that_moves_hides_at_once_and_shows_where_the_entry_arrives(
    connection: Connection,
) -> None:
    """Between the link and the hand-over neither person has the entry: late, never wrong."""
    view = View()
    store(connection, [view.link(*ONE), view.entry(allergy(PERSON, ONE))])

    store(connection, [view.link(*ONE, person=OTHER, version=2)])
    between = shown(connection)
    store(connection, [view.gone(PERSON, "allergies", "s|1"), view.entry(allergy(OTHER, ONE))])

    assert between == set()
    assert shown(connection) == {(OTHER, "allergies", "s|1")}


def test_one_record_that_left_hides_the_whole_entry(connection: Connection) -> None:
    """A merged entry cannot be shown in part: what it says may come from the one that left."""
    view = View()
    store(connection, [view.link(*ONE), view.link(*TWO, person=PERSON, version=2)])
    store(connection, [view.entry(allergy(PERSON, ONE, TWO))])
    together = shown(connection)

    store(connection, [view.link(*TWO, version=3)])
    apart = shown(connection)
    store(connection, [view.entry(allergy(PERSON, ONE)), view.entry(allergy(OTHER, TWO))])

    assert together == {(PERSON, "allergies", "s|1")}
    assert apart == set()
    assert shown(connection) == {(PERSON, "allergies", "s|1"), (OTHER, "allergies", "s|1")}


def test_a_withdrawn_link_hides_the_record(connection: Connection) -> None:
    """A record linked to nobody is nobody's."""
    view = View()
    store(connection, [view.link(*ONE), view.entry(allergy(PERSON, ONE))])

    store(connection, [view.unlinked(*ONE)])

    assert shown(connection) == set()
    assert connection.execute("SELECT FROM dsn.people_records").rowcount == 0


def test_a_person_whose_demographics_moved_is_not_found(connection: Connection) -> None:
    """Search terms follow the same rule as charts."""
    view = View()
    who = Demographics(
        names=(HumanName(family="Lévesque-O'Connor", given=("Marie-Ève",)),),
        identifiers=(Identifier(value="LEVM 8055 2218", type="JHN"),),
        birth_date="1980-05-22",
    )
    by = [contributor("adt", *ONE, "patient", 1)]
    entry = view_entry(PERSON, "demographics", "patient", who, by)
    store(connection, [view.link(*ONE), view.entry(entry)])
    questions = (
        ("name", "levesque"),
        ("name", "conn"),
        ("name", "eve"),
        ("nam", "LEVM80552218"),
        ("birth", "1980-05"),
    )
    found = {question: found_by(connection, *question) for question in questions}

    store(connection, [view.link(*ONE, person=OTHER, version=2)])

    assert found == {question: [PERSON] for question in questions}
    assert [found_by(connection, *question) for question in questions] == [[]] * len(questions)


def test_terms_of_a_former_name_are_forgotten(connection: Connection) -> None:
    """New demographics replace the terms of the old; a late older state does not bring them back."""
    view = View()
    by = [contributor("adt", *ONE, "patient", 1)]

    def named(family: str) -> Read:
        who = Demographics(names=(HumanName(family=family),))
        return view.entry(view_entry(PERSON, "demographics", "patient", who, by))

    old = named("Tremblay")
    store(connection, [view.link(*ONE), old])
    store(connection, [named("Gagnon")])
    store(connection, [old])

    assert found_by(connection, "name", "gagnon") == [PERSON]
    assert found_by(connection, "name", "tremblay") == []


def test_terms_go_with_the_demographics(connection: Connection) -> None:
    """Nobody is found by demographics that were withdrawn or that the view no longer has."""
    view = View()
    who = Demographics(names=(HumanName(family="Gagnon"),))
    by = contributor("adt", *ONE, "patient", 1)
    withdrawn = replace(by, op="delete", seq=2)
    terms = "SELECT count(*) FROM dsn_store.search_terms"
    counts = []
    for read in (
        view.entry(view_entry(PERSON, "demographics", "patient", who, [by])),
        view.entry(view_entry(PERSON, "demographics", "patient", None, [withdrawn])),
        view.entry(view_entry(PERSON, "demographics", "patient", who, [by])),
        view.gone(PERSON, "demographics", "patient"),
    ):
        store(connection, [read])
        counts += connection.execute(terms).fetchall()

    assert counts == [(1,), (0,), (1,), (0,)]


def test_both_sides_of_a_disagreement_are_shown(connection: Connection) -> None:
    """Values are JSON of their own shape, with the positions of who gives them."""
    view = View()
    entry = replace(
        allergy(PERSON, ONE, TWO, conflicts=("onset",)),
        disagreements=(
            Disagreement(field="criticality", value='"h\\u0000"', contributors=(0,)),
            Disagreement(field="value_quantity", value='{"value": "5,10"}', contributors=(1,)),
        ),
    )
    store(connection, [view.link(*ONE), view.link(*TWO, person=PERSON), view.entry(entry)])
    rows = connection.execute("SELECT disagreements FROM dsn.entries").fetchall()

    assert rows == [
        (
            [
                {"field": "criticality", "value": "h\ufffd", "contributors": [0]},
                {"field": "value_quantity", "value": {"value": "5,10"}, "contributors": [1]},
            ],
        )
    ]


def test_a_disputed_value_that_is_no_json_stops_the_store(connection: Connection) -> None:
    """No stage of ours writes one; the message does not repeat it."""
    odd = (Disagreement(field="criticality", value="Tremblay", contributors=(0,)),)
    read = View().entry(replace(allergy(PERSON, ONE), disagreements=odd))

    with pytest.raises(BrokenRecord, match="offset 0") as caught:
        store(connection, [read])
    assert "Tremblay" not in str(caught.value)


def test_an_older_state_never_comes_back(connection: Connection) -> None:
    """Neither over a newer one nor over a removal."""
    view = View()
    old, new = view.entry(allergy(PERSON, ONE, seq=1)), view.entry(allergy(PERSON, ONE, seq=2))
    store(connection, [view.link(*ONE), new])
    store(connection, [old])
    newer = connection.execute("SELECT contributors->0->'seq' FROM dsn.entries").fetchall()
    store(connection, [view.gone(PERSON, "allergies", "s|1")])

    store(connection, [old, new])

    assert newer == [(2,)]
    assert shown(connection) == set()


def test_an_entry_may_come_back_after_its_removal(connection: Connection) -> None:
    """A removal is a state like any other: the next one replaces it."""
    view = View()
    store(connection, [view.link(*ONE), view.entry(allergy(PERSON, ONE))])
    store(connection, [view.gone(PERSON, "allergies", "s|1")])

    store(connection, [view.entry(allergy(PERSON, ONE, seq=3))])

    assert shown(connection) == {(PERSON, "allergies", "s|1")}


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_cut_and_repetition_leaves_the_same_rows(connection: Connection, data: Any) -> None:
    """However the log is cut in batches, and whichever stretch is read again, the rows agree."""
    view = View()
    for seq in range(1, data.draw(st.integers(2, 12)) + 1):
        person, record = data.draw(st.sampled_from(((PERSON, ONE), (OTHER, TWO))))
        what = data.draw(st.sampled_from(("entry", "gone", "link", "settled")))
        match what:
            case "entry":
                view.entry(allergy(person, record, seq=seq))
            case "gone":
                view.gone(person, "allergies", "s|1")
            case "link":
                view.link(*record, person=data.draw(st.sampled_from((PERSON, OTHER))), version=seq)
            case "settled":
                view.settled(*record, person, seq)
    _empty(connection)
    store(connection, view.reads)
    whole = _rows(connection)
    _empty(connection)
    at = 0
    while at < len(view.reads):
        back = data.draw(st.integers(0, at))
        end = data.draw(st.integers(at + 1, len(view.reads)))
        store(connection, view.reads[back:end])
        at = end

    assert _rows(connection) == whole


def _empty(connection: Connection) -> None:
    connection.execute("TRUNCATE dsn_store.entries, dsn_store.links, dsn_store.settled")


def _rows(connection: Connection) -> list[list[Any]]:
    return [
        connection.execute(f"SELECT * FROM dsn_store.{table} ORDER BY 1, 2").fetchall()
        for table in ("entries", "links", "settled")
    ]


@pytest.mark.parametrize(
    ("section", "content", "status", "contradicted"),
    [
        ("allergies", PENICILLIN, "active", True),
        ("allergies", PENICILLIN, "", True),
        ("allergies", PENICILLIN, "resolved", False),
        ("allergies", PENICILLIN, "entered-in-error", False),
        ("allergies", Allergy(code=Concept(text="x"), verification="refuted"), "active", False),
        ("medications", Medication(code=Concept(text="x")), "completed", False),
        ("medications", Medication(code=Concept(text="x")), "active", True),
    ],
)
def test_none_known_beside_an_active_entry_is_a_contradiction(
    connection: Connection, section: Any, content: Content, status: str, contradicted: bool
) -> None:
    """Said on both, and only while the entry still says that there is something."""
    view = View()
    none = [contributor("clsc", *ONE, "statement", 1, status="")]
    some = [contributor("adt", *ONE, "a", 1, status=status)]
    view.link(*ONE)
    view.entry(view_entry(PERSON, section, "statement", SectionStatement(), none))
    view.entry(view_entry(PERSON, section, "s|1", content, some, conflicts=("status",)))
    store(connection, view.reads)

    found = dict(connection.execute("SELECT entry, conflict FROM dsn.entries").fetchall())

    flag = ["none-known-contradicted"] if contradicted else []
    assert found["statement"] == flag
    assert found.get("s|1", ["status", *flag]) == ["status", *flag]


def test_a_section_is_known_said_to_be_empty_or_silent(connection: Connection) -> None:
    """Three different things, never mixed up."""
    view = View()
    none = [contributor("clsc", *ONE, "statement", 1, status="")]
    view.link(*ONE)
    view.entry(allergy(PERSON, ONE))
    view.entry(view_entry(PERSON, "problems", "statement", SectionStatement(), none))
    withheld = SectionStatement(code="withheld")
    view.entry(view_entry(PERSON, "documents", "statement", withheld, none))
    store(connection, view.reads)

    states = dict(
        connection.execute(
            "SELECT section, state FROM dsn.chart_sections WHERE person_id = %s", [PERSON]
        ).fetchall()
    )

    assert states.pop("allergies") == "known"
    assert states.pop("problems") == "none-known"
    assert states.pop("documents") == "withheld"
    assert set(states.values()) == {"nothing-received"}
    assert len(states) == 9


def test_a_deleted_entry_keeps_its_contributors_and_is_not_shown(connection: Connection) -> None:
    """The ledger counts what made it go."""
    view = View()
    by = [contributor("adt", *ONE, "a", 4, op="delete", status="")]
    view.link(*ONE)
    view.entry(view_entry(PERSON, "allergies", "s|1", None, by))
    store(connection, view.reads)

    assert shown(connection) == set()
    assert connection.execute("SELECT seqs FROM dsn_store.linked_entries").fetchall() == [([4],)]


def test_every_character_arrives_as_it_was(connection: Connection) -> None:
    """Quotes, backslashes, tabs, line ends and long names; only NUL becomes U+FFFD."""
    odd = 'a\\b\t"c"\n{d},\r\x00é\U0001f600'
    entry = "s|" + odd * 400
    view = View()
    by = [contributor("adt", *ONE, odd, 1, status=odd)]
    content = Allergy(code=Concept(text=odd), note="\\u0000 \\ \x00")
    view.link(*ONE)
    view.entry(view_entry(PERSON, "allergies", entry, content, by, conflicts=(odd, "x")))
    store(connection, view.reads)

    row = connection.execute(
        "SELECT entry, status, conflict, content, contributors, as_of FROM dsn.entries"
    ).fetchone()

    assert row is not None
    plain = odd.replace("\x00", "\ufffd")
    assert row[:3] == (entry.replace("\x00", "\ufffd"), plain, [plain, "x"])
    assert row[3]["code"]["text"] == plain
    assert row[3]["note"] == "\\u0000 \\ \ufffd"
    assert row[4] == [
        {
            "source": "adt",
            "authority": "CHUM",
            "number": "1",
            "item": plain,
            "epoch": 1,
            "seq": 1,
            "op": "upsert",
            "status": plain,
            "occurred_at": "2026-03-01T12:00:00.000Z",
            "captured_at": "2026-03-01T12:00:01.500Z",
        }
    ]
    assert row[5].isoformat() == "2026-03-01T12:00:00+00:00"


def test_a_record_is_listed_with_each_source_that_spoke_of_it(connection: Connection) -> None:
    """Two systems of one establishment share its numbers."""
    view = View()
    by = [contributor("adt", *ONE, "a", 1), contributor("lab", *ONE, "b", 1)]
    store(connection, [view.link(*ONE)])
    store(connection, [view.entry(view_entry(PERSON, "allergies", "s|1", PENICILLIN, by))])
    moved = view.link(*ONE, person=OTHER, version=2)
    listed = (
        "SELECT person_id, source, authority, number, settled FROM dsn.people_records ORDER BY 2"
    )
    before = connection.execute(listed).fetchall()

    store(connection, [moved])
    moving = connection.execute(listed).fetchall()
    store(connection, [view.settled(*ONE, OTHER, 2)])

    assert before == [(PERSON, "adt", *ONE, True), (PERSON, "lab", *ONE, True)]
    assert moving == [(OTHER, "adt", *ONE, False), (OTHER, "lab", *ONE, False)]
    assert connection.execute(listed).fetchall()[0][-1] is True
    assert connection.execute("SELECT given_id, person_id FROM dsn.people_ids").fetchall() == [
        (PERSON, OTHER)
    ]


def test_a_partition_without_a_barrier_holds_completeness_at_0(connection: Connection) -> None:
    """Complete up to N means every partition of the changes in every partition of the view."""
    view = View()
    all_but_one = view.barriers("adt", 90)[:-1]
    store(connection, all_but_one)
    complete = "SELECT seq_complete, as_of FROM dsn.sources"
    before = connection.execute(complete).fetchall()

    store(connection, [view.barrier(3, "adt", 70, p=3)])

    assert before == [(0, None)]
    seq, as_of = connection.execute(complete).fetchall()[0]
    assert (seq, as_of.isoformat()) == (70, "2026-03-01T12:00:00.070000+00:00")


def test_an_older_barrier_does_not_take_completeness_back(connection: Connection) -> None:
    """Reading again from the beginning, nothing that was complete becomes incomplete."""
    view = View()
    early, late = view.barriers("adt", 10), view.barriers("adt", 20)
    store(connection, early + late)

    store(connection, early)

    assert connection.execute("SELECT seq_complete FROM dsn.sources").fetchall() == [(20,)]


def test_quarantine_is_kept_once_byte_for_byte(connection: Connection) -> None:
    """The place in the journal names it."""
    payload = bytes(range(256))
    wrong = QuarantinedChange(
        source="adt",
        stage="admit",
        reason="content-mismatch",
        detail="section allergies does not take a Result",
        topic=CHANGES,
        partition=1,
        offset=7,
        epoch=1,
        seq=3,
        captured_at=NOON,
        payload=payload,
    )
    view = View()
    store(connection, [view.quarantine(wrong), view.quarantine(wrong)])

    rows = connection.execute('SELECT source, seq, reason, "offset", payload FROM dsn.quarantine')

    assert rows.fetchall() == [("adt", 3, "content-mismatch", 7, payload)]


def broken() -> dict[str, Read]:
    view = View()
    good = view.entry(allergy(PERSON, ONE))
    key = view_key(PERSON, "allergies", "s|1").encode()
    return {
        "bytes of nobody": good._replace(value=b"\x01nonsense"),
        "another record type": good._replace(value=codec.encode(change(1, 0))),
        "another person's key": good._replace(key=key.replace(b"allergies", b"problems")),
        "another partition": good._replace(partition=(good.partition + 1) % 4),
        "no key": good._replace(key=None),
        "a barrier without a value": Read(VIEW, 0, 1, b"|barrier|t|0|adt|1", None, NOON),
    }


@pytest.mark.parametrize("what", broken())
def test_what_no_stage_can_have_written_stops_the_store(what: str) -> None:
    """Our own bug is never skipped; the message names the place and holds no data."""
    read = broken()[what]
    encoder = Encoder(codec)
    encoder.view_partitions = 4

    with pytest.raises(BrokenRecord, match=r"dsn\.view\[\d\] offset \d+") as caught:
        encoder.rows([read])

    assert PERSON not in str(caught.value)
