"""DELETE entries."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable


def delete(url: str) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url}}


@pytest.mark.parametrize(
    ("url", "section", "item", "number"),
    [
        ("Patient?identifier=HSC|42", "demographics", "patient", "42"),
        ("Observation?_id=7&patient.identifier=HSC|42", "results", "Observation/7", "42"),
        ("Condition?_id=7&subject=Patient/9", "problems", "Condition/7", "Patient/9"),
        ("Flag/7?patient=9", "alerts", "Flag/7", "Patient/9"),
    ],
)
def test_deletion(items: Any, url: str, section: str, item: str, number: str) -> None:
    """A deletion that names its patient deletes one item of one record."""
    (found,) = items(delete(url), kind="transaction")

    assert (found.op, found.content) == ("delete", None)
    assert (found.section, found.item, found.number) == (section, item, number)


@pytest.mark.parametrize("url", ["Observation/7", "Patient/9", "Consent/1", "Observation?_id=7"])
def test_deletion_of_nobody_knows_whose(items: Any, url: str) -> None:
    """A deletion by id alone does not say whose the item was: it is set aside, not ignored."""
    with pytest.raises(Unmappable, match="delete-not-resolvable"):
        items(delete(url), kind="transaction")


def test_deletion_with_its_resource(items: Any) -> None:
    """A deletion that carries its resource is resolved by it."""
    flag = {
        "resourceType": "Flag",
        "id": "f",
        "status": "active",
        "code": {"coding": [{"system": "s", "code": "c"}]},
        "subject": {"reference": "Patient/9"},
    }
    (found,) = items({"resource": flag, **delete("Flag/f")}, kind="transaction")

    assert (found.op, found.content, found.entry) == ("delete", None, "s|c")


def test_deletion_of_what_is_no_item(items: Any) -> None:
    """Deleting what is not part of a chart changes nothing."""
    with pytest.raises(Unmappable, match="nothing-to-map"):
        items(delete("CarePlan/1"), kind="transaction")


def test_deletion_comes_before_writing(items: Any) -> None:
    """What a transaction deletes and writes again is written, wherever the deletion stands."""
    flag = {
        "resourceType": "Flag",
        "id": "7",
        "status": "active",
        "code": {"text": "chute"},
        "subject": {"reference": "Patient/9"},
    }
    found = items({"resource": flag}, delete("Flag?_id=7&patient=9"), kind="transaction")

    assert [one.op for one in found] == ["upsert"]
