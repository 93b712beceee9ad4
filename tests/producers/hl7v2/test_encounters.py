"""PV1 and the events that change a visit."""

from __future__ import annotations

from typing import Any

import pytest

PID = "PID|1||1||Roy^Luc|||M||||||||||C55"
PV1 = (
    "PV1|1|I|4E^12^B^HSC|U|||1234567^Roy^Paul||7654321^Cyr^Ève|CAR||||7||||IN|V99^^^HSC^VN"
    + "|" * 25
    + "20260501080000|{end}"
)


def visit(found: list[Any]) -> Any:
    (one,) = [item for item in found if item.section == "encounters"]
    return one


@pytest.mark.parametrize(
    ("event", "end", "status"),
    [
        ("A01", "", "in-progress"),
        ("A02", "", "in-progress"),
        ("A03", "20260510", "finished"),
        ("A04", "", "in-progress"),
        ("A05", "", "planned"),
        ("A06", "", "in-progress"),
        ("A08", "", "in-progress"),
        ("A08", "20260510", "finished"),
        ("A11", "", "cancelled"),
        ("A12", "", "in-progress"),
        ("A13", "", "in-progress"),
        ("A21", "", "onleave"),
        ("A38", "", "cancelled"),
    ],
)
def test_each_event_is_the_same_visit(
    items: Any, msh: Any, event: str, end: str, status: str
) -> None:
    """The visit number names the item, whatever happens; the event gives the status."""
    one = visit(items(msh(f"ADT^{event}"), PID, PV1.format(end=end)))

    assert (one.item, one.entry, one.op, one.status) == ("V99", "", "upsert", status)
    assert one.content.start == "2026-05-01T08:00:00-04:00"


def test_what_a_visit_holds(items: Any, msh: Any) -> None:
    """Class, service, place, people and numbers."""
    content = visit(
        items(msh("ADT^A01"), PID, PV1.format(end=""), "PV2|||^Douleur thoracique")
    ).content

    assert (content.class_code.code, content.service_type.codings[0].code) == ("IMP", "CAR")
    assert [(stay.location, stay.status) for stay in content.stays] == [("4E 12 B HSC", "active")]
    assert [(who.role, who.name) for who in content.participants] == [
        ("attending", "Paul Roy"),
        ("consulting", "Ève Cyr"),
    ]
    assert [(i.value, i.type) for i in content.identifiers] == [("V99", "VN"), ("C55", "AN")]
    assert [reason.text for reason in content.reasons] == ["Douleur thoracique"]


@pytest.mark.parametrize(
    ("pid", "pv1", "item"),
    [
        (PID, "PV1|1|I||||||||||||||||||" + "|" * 29 + "ALT5", "C55"),
        (PID, "PV1|1|I" + "|" * 48 + "ALT5", "ALT5"),
        (PID, "PV1|1|I", "C55"),
        (
            "PID|1||1||Roy",
            "PV1|1|I" + "|" * 42 + "202605010800",
            "admitted 2026-05-01T08:00:00-04:00",
        ),
        ("PID|1||1||Roy", "PV1|1|I", "unnumbered"),
    ],
)
def test_the_name_of_a_visit(items: Any, msh: Any, pid: str, pv1: str, item: str) -> None:
    """PV1-19, else PV1-50, else the account, else the admission time, else one name for all."""
    assert visit(items(msh("ADT^A01"), pid, pv1)).item == item


def test_a_cancelled_transfer_goes_back(items: Any, msh: Any) -> None:
    """A12: the place before the transfer is the current one again."""
    one = visit(items(msh("ADT^A12"), PID, "PV1|1|I|5N^1|||4E^12"))

    assert [(s.location, s.status) for s in one.content.stays] == [("4E 12", "active")]


def test_a_cancelled_discharge_reopens(items: Any, msh: Any) -> None:
    """A13: the visit goes on, even where the old discharge time is still sent."""
    one = visit(items(msh("ADT^A13"), PID, PV1.format(end="20260510")))

    assert (one.status, one.content.end) == ("in-progress", None)


def test_admission_and_discharge_times_from_the_event(items: Any, msh: Any) -> None:
    """Where PV1 has no times, EVN-6, else EVN-2, is when it happened."""
    came = visit(items(msh("ADT^A01"), "EVN|A01|20260511|||||", PID, "PV1|1|E"))
    left = visit(items(msh("ADT^A03"), "EVN|A03|20260511||||202605101700", PID, "PV1|1|E"))

    assert (came.content.start, came.content.end) == ("2026-05-11", None)
    assert left.content.end == "2026-05-10T17:00:00-04:00"


def test_two_patients_change_beds(items: Any, msh: Any) -> None:
    """A17 holds two patients: each keeps its own visit and record."""
    found = items(
        msh("ADT^A17"),
        "PID|1||1||Roy",
        "PV1|1|I|4E^1" + "|" * 16 + "V1",
        "PID|2||2||Cyr",
        "PV1|1|I|4E^2" + "|" * 16 + "V2",
    )

    assert [(i.number, i.item) for i in found if i.section == "encounters"] == [
        ("1", "V1"),
        ("2", "V2"),
    ]


@pytest.mark.parametrize("event", ["A28", "A31", "A60"])
def test_events_about_the_person_touch_no_visit(items: Any, msh: Any, event: str) -> None:
    """Their PV1 is a formality (``PV1|1|N``)."""
    found = items(msh(f"ADT^{event}"), PID, "PV1|1|N")

    assert [item.section for item in found] == ["demographics"]


def test_a_result_does_not_speak_of_the_visit(items: Any, msh: Any) -> None:
    """PV1 in a result only says where the patient was: it must not undo an admission."""
    found = items(msh("ORU^R01"), PID, PV1.format(end=""), "OBR|1||A", "OBX|1|NM|G||5|||||F")

    assert [item.section for item in found] == ["demographics", "results"]


def test_a_deleted_visit(items: Any, msh: Any) -> None:
    """A23 takes the visit away."""
    one = visit(items(msh("ADT^A23"), PID, PV1.format(end="")))

    assert (one.item, one.op, one.content) == ("V99", "delete", None)
