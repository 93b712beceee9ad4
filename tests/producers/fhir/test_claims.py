"""Patient.link and Linkage → claims."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable


def linked(number: str, other: str, kind: str) -> dict[str, Any]:
    link = {"other": {"reference": f"Patient/{other}"}, "type": kind}
    return {"resourceType": "Patient", "id": number, "link": [link]}


def claims(found: list[Any]) -> list[tuple[str, ...]]:
    return [
        (one.number, one.item, one.content.kind, one.content.other_number)
        for one in found
        if one.section == "claims"
    ]


def test_replacement_from_both_sides_is_one_claim(items: Any) -> None:
    """``replaces`` and ``replaced-by`` say one thing: the survivor's record ends the other."""
    expected = [("Patient/new", "link/HSC|Patient/old", "merge", "Patient/old")]

    assert claims(items(linked("new", "old", "replaces"))) == expected
    assert claims(items(linked("old", "new", "replaced-by"))) == expected
    both = items(linked("new", "old", "replaces"), linked("old", "new", "replaced-by"))
    assert claims(both) == expected


def test_see_also_links(items: Any) -> None:
    """``seealso`` and ``refer`` link without ending anything."""
    for kind in ("seealso", "refer"):
        assert claims(items(linked("a", "b", kind)))[0][2] == "link"


def test_mother_is_not_the_same_person(items: Any) -> None:
    """A link to a RelatedPerson is about another person and claims nothing."""
    patient = linked("a", "b", "seealso")
    patient["link"][0]["other"]["reference"] = "RelatedPerson/m"

    assert claims(items(patient)) == []


def test_link_to_nobody(items: Any) -> None:
    """A link that leads to nobody is refused: a merge must not be lost."""
    patient = linked("a", "b", "replaced-by")
    patient["link"][0]["other"] = {"display": "x"}

    with pytest.raises(Unmappable, match="unresolved-link"):
        items(patient)


def test_linkage(items: Any) -> None:
    """A Linkage links its patients to the source's; an inactive one withdraws the claims."""
    ends = {"source": "a", "alternate": "b", "historical": "c"}
    linkage = {
        "resourceType": "Linkage",
        "id": "l",
        "item": [
            {"type": kind, "resource": {"reference": f"Patient/{who}"}}
            for kind, who in ends.items()
        ],
    }
    made, undone = items(linkage), items({**linkage, "active": False})

    assert claims(made) == [
        ("Patient/a", "Linkage/l/HSC|Patient/b", "link", "Patient/b"),
        ("Patient/a", "Linkage/l/HSC|Patient/c", "merge", "Patient/c"),
    ]
    assert [(one.op, one.item, one.content) for one in undone] == [
        ("delete", one.item, None) for one in made
    ]
