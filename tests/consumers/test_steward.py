"""Decisions are numbered once, refused when somebody else decided, and seen in the views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from consumers.conftest import Journal
from consumers.parts import NOON, View, codec, store
from consumers.test_charts import allergy

from dsn_consumers.steward.decisions import (
    Conflict,
    Decision,
    Numbering,
    Record,
    Refused,
    marks,
    written,
)
from dsn_consumers.steward.desk import Desk
from dsn_consumers.steward.journal import decide
from dsn_consumers.steward.overrides import field_value
from dsn_consumers.steward.trace import trace
from dsn_schemas.keys import partition_of, person_id
from dsn_schemas.records import Evidence, HumanName, IdentityClaim, RecordLink, ReviewPair

LANES = 4
ONE, TWO, THREE = Record("CHUL", "1"), Record("HDM", "2"), Record("HDM", "3")
IDS = {record: person_id(record.key) for record in (ONE, TWO, THREE)}


def pair(kind: str, a: Record = TWO, b: Record = ONE, reason: str = "seen together") -> Decision:
    return Decision(kind=kind, record=a, other=b, actor="Lise Roy", reason=reason)


def after(*decisions: Decision) -> tuple[Numbering, list[Any]]:
    numbering, changes = Numbering(), []
    for number, decision in enumerate(decisions):
        changes += written(decision, numbering, None, LANES, NOON + number)
    return numbering, changes


def test_a_pair_has_one_item_from_either_end() -> None:
    """The claim stands on the smaller key, so that the last word on a pair is one item."""
    _, changes = after(pair("link", ONE, TWO), pair("unlink", TWO, ONE))

    assert {("CHUL", "1", "decision|HDM|2")} == {(c.authority, c.number, c.item) for c in changes}
    assert ["link", "unlink"] == [c.content.kind for c in changes]


def test_numbers_are_gapless_and_chained_by_partition() -> None:
    """Each change continues the one of its partition; marks vouch for every partition."""
    numbering, changes = after(*(pair("link", Record("X", str(n)), ONE) for n in range(9)))

    assert list(range(1, 10)) == [change.seq for change in changes]
    last: dict[int, int] = {}
    for change in changes:
        lane = partition_of(f"{change.authority}|{change.number}", LANES)
        assert last.get(lane, 0) == change.previous
        last[lane] = change.seq
    assert [last.get(lane, 0) for lane in range(LANES)] == [
        mark.previous for mark in marks(numbering, LANES, NOON)
    ]


def test_the_second_of_two_stewards_is_refused() -> None:
    """Both looked at version 0; whoever writes second hears which decision came between."""
    numbering = Numbering()
    written(pair("link"), numbering, 0, LANES, NOON)

    with pytest.raises(Conflict, match="decision 1 was made"):
        written(pair("not-same", ONE, THREE), numbering, 0, LANES, NOON)

    assert 1 == len(written(pair("unlink"), numbering, 1, LANES, NOON))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "merge"},
        {"actor": " "},
        {"reason": ""},
        {"record": ONE, "other": ONE},
        {"other": None, "kind": "link"},
    ],
)
def test_what_is_no_decision_is_refused(wrong: dict[str, Any]) -> None:
    """Without a name, a reason, two records or a kind nothing is written."""
    with pytest.raises(Refused):
        replace(pair("link"), **wrong)


def test_an_override_says_one_field_and_who_decided() -> None:
    """Two changes: the value, and the claim beside it."""
    value = field_value("names", '[{"family":"Roy","given":["Lise"]}]')
    _, (said, claim) = after(
        Decision(kind="override", record=ONE, field="names", value=value, actor="L", reason="card")
    )

    assert (HumanName(family="Roy", given=("Lise",)),) == said.content.names
    assert ("demographics", "override|names") == (said.section, said.item)
    assert ("claims", "override|names", "override") == (
        claim.section,
        claim.item,
        claim.content.kind,
    )


@pytest.mark.parametrize(
    ("field", "text"),
    [("birth_date", "yesterday"), ("gender", "F"), ("age", "7"), ("names", "Roy"), ("names", "[]")],
)
def test_a_value_that_is_none_is_refused(field: str, text: str) -> None:
    with pytest.raises(Refused):
        field_value(field, text)


# --- in the store -------------------------------------------------------------------------------


def question(**more: Any) -> ReviewPair:
    values = {
        "authority_a": ONE.authority,
        "number_a": ONE.number,
        "authority_b": TWO.authority,
        "number_b": TWO.number,
        "reasons": ("two-valid-nams",),
        "opened_at": NOON,
        "weight": 2_560,
        "levels": ("born:same +8.0",),
        "weights": "w1",
        "kind": "blocked",
    }
    return ReviewPair(**(values | more))


def test_an_open_question_is_listed_until_it_is_settled(
    connection: psycopg.Connection, conninfo: str
) -> None:
    """With the people of now, bits and the version a decision expects."""
    view, desk = View(), Desk(conninfo)
    store(connection, [view.link(*ONE), view.link(*TWO), view.review(question())])
    _, (change,) = after(pair("undo", TWO, THREE))
    store(connection, [view.decided(change)])

    (found,), count = desk.reviews()
    assert (IDS[ONE], IDS[TWO], 10.0, 1, 1) == (
        found.person_a,
        found.person_b,
        found.weight_bits,
        found.version,
        count,
    )
    assert desk.review(IDS[TWO], IDS[ONE]) == found

    store(connection, [view.review(question(open=False))])

    assert ([], 0) == desk.reviews()


def test_why_says_evidence_question_and_decisions(
    connection: psycopg.Connection, conninfo: str
) -> None:
    """Link and unlink: each is found with who decided, and the evidence of the link stands."""
    view, desk = View(), Desk(conninfo)
    _, changes = after(pair("link"), pair("unlink"))
    store(connection, [view.link(*ONE), linked(view, 2), *map(view.decided, changes)])

    why = desk.why(ONE, TWO)

    assert why.same
    assert ["link", "unlink"] == [one.kind for one in why.decisions]
    evidence = next(link.evidence for link in why.links if link.number == TWO.number)
    assert ("match", 5_120) == (evidence[0]["rule"], evidence[0]["weight"])


def linked(view: View, version: int, person: Record = ONE, previous: Record = TWO) -> Any:
    """A link of TWO with its evidence."""
    link = RecordLink(
        authority=TWO.authority,
        number=TWO.number,
        person=IDS[person],
        version=version,
        previous=IDS[previous],
        reasons=("match",),
        evidence=(
            Evidence(authority="CHUL", number="1", rule="match", weight=5_120, weights="w1"),
        ),
    )
    read = view.link(*TWO)

    return read._replace(value=codec.encode(link))


def test_who_read_a_chart_that_held_a_wrong_record(
    connection: psycopg.Connection, conninfo: str
) -> None:
    """Reads while the record was there are listed, in two moves of one batch too."""
    view, desk = View(), Desk(conninfo)
    store(connection, [view.link(*ONE), view.link(*TWO), view.entry(allergy(IDS[ONE], ONE))])
    store(connection, [linked(view, 2)])
    trace(conninfo, "dr-nadeau", "consultation", [IDS[ONE]])
    store(connection, [linked(view, 3, TWO, ONE)])
    trace(conninfo, "dr-later", "consultation", [IDS[ONE]])

    assert ["dr-nadeau"] == [one.actor for one in desk.exposures(IDS[TWO])]
    moves, _ = desk.history([IDS[TWO]])
    assert [2, 3] == [move.version for move in moves]


def test_decisions_continue_the_journal_whatever_the_copy_holds(journal: Journal) -> None:
    """On a real broker: numbered from the journal alone, then from the copy and what is beyond."""
    settings = journal.settings
    assert 1 == decide(settings, pair("link"), 0)
    assert 2 == decide(settings, pair("unlink"), 1)
    with pytest.raises(Conflict):
        decide(settings, pair("link"), 1)

    journal.start()
    desk = Desk(settings.conninfo)
    from consumers.conftest import until

    until(lambda: len(desk.why(ONE, TWO).decisions) == 2)
    journal.stop()

    assert 3 == decide(settings, pair("not-same", ONE, THREE), 2)
    assert 4 == decide(settings, pair("undo", ONE, THREE), 3)
    journal.start()
    until(lambda: len(desk.why(ONE, THREE).decisions) == 2)
    kinds = [one.kind for one in desk.history([IDS[ONE]])[1]]
    assert ["link", "unlink", "not-same", "undo"] == kinds


def test_claims_of_a_decision_carry_who_and_why() -> None:
    _, (change,) = after(pair("link", reason=" same card "))

    claim = change.content
    assert isinstance(claim, IdentityClaim) and claim.actor is not None
    assert ("Lise Roy", "steward", "same card") == (
        claim.actor.name,
        claim.actor.role,
        claim.reason,
    )
