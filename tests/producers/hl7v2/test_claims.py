"""Merges, links and moves."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable

PID = "PID|1||1^^^HSC^MR||Roy^Luc||19800510"


def claims(found: list[Any]) -> list[tuple[str, ...]]:
    return [
        (i.authority, i.number, i.item, i.content.kind, i.content.other_authority)
        for i in found
        if i.section == "claims"
    ]


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"])
def test_merges_of_every_version(items: Any, msh: Any, event: str) -> None:
    """The surviving record says which one ends with it."""
    found = items(msh(f"ADT^{event}"), PID, "MRG|2^^^HSC^MR")

    assert claims(found) == [("HSC", "1", "merge|HSC|2", "merge", "HSC")]
    assert found[1].content.other_number == "2"


def test_a_merge_carries_the_person_and_the_old_number(items: Any, msh: Any) -> None:
    """Who survives, and under which number and name the other one was known."""
    person = items(msh("ADT^A40"), PID, "MRG|2^^^HSC^MR||||||Roi^Lucien")[0].content

    assert [(i.value, i.use) for i in person.identifiers] == [("1", ""), ("2", "old")]
    assert [(n.use, n.family) for n in person.names] == [("official", "Roy"), ("old", "Roi")]


def test_every_prior_number_of_the_source(items: Any, msh: Any) -> None:
    """MRG-1 repeats: numbers of the source's own authority count, a NAM and others do not."""
    found = items(msh("ADT^A40"), PID, "MRG|2^^^HSC^MR~3~9^^^MGH^MR~ROYL80051012^^^RAMQ^JHN~2")

    assert [one[2] for one in claims(found)] == ["merge|HSC|2", "merge|HSC|3"]


def test_a_prior_number_of_another_authority(items: Any, msh: Any) -> None:
    """Where MRG-1 names no record of the source, the other one is named canonically."""
    found = items(msh("ADT^A40"), PID, "MRG|9^^^&2.16.124.113635.1.2&ISO^MR")

    assert claims(found) == [("HSC", "1", "merge|MGH|9", "merge", "MGH")]


def test_a_merge_of_a_record_that_is_not_the_sources_proposes(items: Any, msh: Any) -> None:
    """An authority that the settings do not name: a steward answers, nobody is merged."""
    found = items(msh("ADT^A40"), PID, "MRG|9^^^CHUM^MR")

    assert [("HSC", "1", "proposal|CHUM|9", "proposal", "CHUM")] == claims(found)


def test_several_merges_in_one_message(items: Any, msh: Any) -> None:
    """A40 repeats PID and MRG: each pair is a claim of its own."""
    found = items(msh("ADT^A40"), PID, "MRG|2^^^HSC", "PID|2||5^^^HSC", "MRG|6^^^HSC")

    assert [(one[1], one[2]) for one in claims(found)] == [
        ("1", "merge|HSC|2"),
        ("5", "merge|HSC|6"),
    ]


@pytest.mark.parametrize(
    "segments",
    [
        (),
        ("MRG|",),
        ("MRG|1^^^HSC",),
        ("MRG|ROYL80051012^^^RAMQ^JHN",),
        ("MRG|7^^^HSC^VN",),
        ("MRG|9^^^A\\F\\B",),
    ],
)
def test_a_merge_that_names_no_other_record(items: Any, msh: Any, segments: tuple[str]) -> None:
    """Half a merge is refused whole: its demographics alone would look as if it had been done."""
    with pytest.raises(Unmappable, match="MRG") as refused:
        items(msh("ADT^A40"), PID, *segments)

    assert refused.value.reason == "no-record-number"


def test_a_link_and_its_unlink_are_one_item(items: Any, msh: Any) -> None:
    """A37 has the name of the A24 it undoes, in whatever order the two patients stand."""
    first, second = "PID|1||5||Roy^Luc", "PID|2||3||Roi^Luc"
    linked = claims(items(msh("ADT^A24"), first, second))
    unlinked = claims(items(msh("ADT^A37"), second, first))

    assert linked == [("HSC", "3", "link|HSC|5", "link", "HSC")]
    assert unlinked == [("HSC", "3", "link|HSC|5", "unlink", "HSC")]


@pytest.mark.parametrize("second", [None, "PID|2||1||Roy^Luc"])
def test_a_link_needs_two_records(items: Any, msh: Any, second: str | None) -> None:
    """One patient, or the same one twice, is no link."""
    with pytest.raises(Unmappable, match="A24"):
        items(msh("ADT^A24"), PID, *([second] if second else []))


def test_a_moved_visit_leaves_the_other_record(items: Any, msh: Any) -> None:
    """A45: the visit is now here and no longer there; the people stay two."""
    found = items(msh("ADT^A45"), PID, "MRG|2^^^HSC||||V9", "PV1|1|I" + "|" * 17 + "V9")
    visits = [(i.number, i.item, i.op) for i in found if i.section == "encounters"]

    assert claims(found) == [("HSC", "1", "move|HSC|2", "move", "HSC")]
    assert visits == [("2", "V9", "delete"), ("1", "V9", "upsert")]


def test_a_merged_visit_is_gone(items: Any, msh: Any) -> None:
    """A42 puts one visit into another: the old number is deleted, the new one stays."""
    found = items(msh("ADT^A42"), PID, "MRG|1^^^HSC||||V8", "PV1|1|I" + "|" * 17 + "V9")

    assert claims(found) == []
    assert [(i.item, i.op) for i in found if i.section == "encounters"] == [
        ("V8", "delete"),
        ("V9", "upsert"),
    ]


def test_who_decided(items: Any, msh: Any) -> None:
    """EVN-5 names the operator, EVN-1's event the reason."""
    found = items(msh("ADT^A40"), "EVN|A40|2026|||77^Cyr^Ève", PID, "MRG|2")
    claim = next(i.content for i in found if i.section == "claims")

    assert (claim.actor.identifier, claim.actor.name, claim.reason) == ("77", "Ève Cyr", "A40")
