"""Which number is the record's, and which is a health number."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source
from dsn_schemas.records import Demographics

NAM = "https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id"


def demographics(found: list[Any]) -> Any:
    (one,) = [item for item in found if item.section == "demographics"]
    assert isinstance(one.content, Demographics)
    return one


@pytest.mark.parametrize(
    ("pid3", "number"),
    [
        ("123^^^HSC^MR", "123"),
        ("123^^^HSCM^MR", "123"),
        ("123^^^&2.16.124.113635.1.1&ISO^MR", "123"),
        ("9^^^MGH^MR~123^^^HSC^MR", "123"),
        ("9^^^HSC^VN~123^^^HSC^MR", "123"),
        ("123^^^HSC", "123"),
        ("9^^^HSC^XX~123^^^HSC^MR", "123"),
        ("123", "123"),
        (" 0123 ^5^M11", "0123"),
        ("123^^^^MR", "123"),
        ("9^^^MGH^MR~123^^^^MR", "123"),
        ("TREM80010112^^^RAMQ^JHN~123", "123"),
        ("123~TREM80010112^^^^JHN", "123"),
        ("046454286^^^^SS~123", "123"),
    ],
)
def test_the_record_number(items: Any, msh: Any, pid3: str, number: str) -> None:
    """The source's own authority first, then a number that names none; never a NAM, a visit or a
    social insurance number."""
    one = demographics(items(msh("ADT^A31"), f"PID|1||{pid3}||Tremblay^Luc"))

    assert (one.authority, one.number) == ("HSC", number)


@pytest.mark.parametrize(
    "pid3",
    [
        "",
        '""',
        "^^^HSC^MR",
        "9^^^MGH^MR",
        "9^^^MGH^MR~123",
        "TREM80010112^^^RAMQ^JHN",
        "TREM80010112^^^^JHN",
        "9^^^HSC^VN",
        "046454286^^^^SS",
    ],
)
def test_no_number_of_its_own(items: Any, msh: Any, pid3: str) -> None:
    """A number that could be somebody else's founds no record; the refusal names PID-3 only."""
    with pytest.raises(Unmappable, match="PID-3") as refused:
        items(msh("ADT^A31"), f"PID|1||{pid3}||Tremblay^Luc")

    assert refused.value.reason == "no-record-number"
    assert refused.value.message_id == "M1"
    assert not any(part in refused.value.detail for part in ("Tremblay", "TREM", "9^", "046"))


def test_old_versions_hold_it_in_pid_2_or_4(items: Any, msh: Any) -> None:
    """Before 2.3 the number stood elsewhere: taken where it names the source's authority."""
    one = demographics(items(msh("ADT^A31"), "PID|1|123^^^HSC|||Tremblay^Luc"))

    assert one.number == "123"


@pytest.mark.parametrize(
    ("pid", "settings"),
    [
        ("PID|1||1^^^HSC^MR~TREM80010112^^^RAMQ^JHN", {}),
        ("PID|1||1^^^HSC^MR~TREM80010112^^^^JHN", {}),
        ("PID|1||1^^^HSC^MR~TREM80010112^^^&2.16.124.10.101.1.60.100&ISO", {}),
        ("PID|1|TREM80010112^^^QC^^CD:|1^^^HSC^MR", {}),
        ("PID|1||1^^^HSC^MR||||||||||||||||TREM80010112", {}),
        ("PID|1|TREM80010112|1^^^HSC^MR", {"nam_fields": ("PID-2",)}),
        ("PID|1||1^^^HSC^MR~TREM 8001 0112", {"nam_fields": ("PID-3",)}),
        ("PID|1||1^^^HSC^MR~TREM80010112^^^Régie^HC", {"nam_authorities": ("Régie",)}),
    ],
)
def test_the_nam_has_one_system(
    items: Any, msh: Any, source: Source, pid: str, settings: dict[str, Any]
) -> None:
    """Wherever the health number stands and whatever its authority is called, it is one thing."""
    fields = pid.split("|")
    fields += [""] * (6 - len(fields))
    fields[5] = "Tremblay^Luc"
    own = source.model_copy(update=settings)
    one = demographics(items(msh("ADT^A31"), "|".join(fields), settings=own))
    (nam,) = [i for i in one.content.identifiers if i.system == NAM]

    assert nam.value.replace(" ", "") == "TREM80010112"
    assert (nam.type, nam.use) == ("JHN", "official")
    assert one.number == "1"


def test_what_is_no_nam(items: Any, msh: Any) -> None:
    """A licence of Quebec, Ontario's health number and a social insurance number are not NAM."""
    one = demographics(
        items(
            msh("ADT^A31"),
            "PID|1||1^^^HSC^MR~T123456^^^QC^DL~9876543217^^^ON^JHN||Tremblay^Luc|"
            "|||||||||||||046-454-286",
        )
    )
    kinds = {i.value: (i.system, i.type) for i in one.content.identifiers}

    assert kinds == {
        "1": ("HSC", "MR"),
        "T123456": ("QC", "DL"),
        "9876543217": ("ON", "JHN"),
        "046-454-286": ("", "SS"),
    }


def test_every_number_is_kept_once(items: Any, msh: Any) -> None:
    """PID-2, 3, 4 and 18 say one number twice: it is listed once, under what is known of it."""
    one = demographics(
        items(msh("ADT^A31"), "PID|1|1|1^^^HSC^MR~9^^^MGH^MR|A4|Roy^Éva" + "|" * 13 + "V7")
    )
    found = [(i.system, i.value, i.type) for i in one.content.identifiers]

    assert found == [("HSC", "1", "MR"), ("MGH", "9", "MR"), ("", "A4", ""), ("", "V7", "AN")]


def test_names_and_numbers_are_bounded(items: Any, msh: Any) -> None:
    """A record number of a thousand characters is refused; a code of that length gets a digest."""
    with pytest.raises(Unmappable, match="1000 characters"):
        items(msh("ADT^A31"), f"PID|1||{'9' * 1000}||Roy^Luc")
    found = items(msh("ADT^A31"), "PID|1||1||Roy^Luc", f"AL1|1||{'x' * 1000}^y^z")

    assert [len(item.item) for item in found] == [7, 16]
