"""PID, PD1, NK1 → who the person is."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_schemas.records import Demographics

FULL = (
    "PID|1||123^^^HSC^MR||Côté-Bélanger^Marie-Ève^Anne Lise^^Mme^^L~Gagnon^Marie-Ève^^^^^D"
    "~^Mimi^^^^^N|Bélanger&de&la^Lise|198005101412|F|Cote^Marie||12, rue de l'Église^app. 3"
    "^Québec^QC^G1R 2B5^CAN^H~^^Montréal^QC^^^B||(418)555-0101^PRN^PH~^NET^Internet^me@ex.ca"
    "|^WPN^FX^^1^418^5550102^7|F^Français|M|||||77^^^HSC^MR||St-Jérôme|Y|2||||20260501|Y"
)


@pytest.fixture
def person(items: Any, msh: Any) -> Demographics:
    """A message that says much of a person."""
    found = items(
        msh("ADT^A31"),
        "EVN|A31|20260510",
        FULL,
        "PD1|||Clinique du Port^^^^^^^^^C12|1234567^Roy^Paul^^^Dr^^^CMQ",
        "NK1|1|Bélanger^Lise|MTH^Mère^HL70063|||(418)555-0199",
        "NK1|2|Côté^Jean|FTH",
        "NK1|3||EMR||||||||||Garde partagée",
    )
    assert [(item.section, item.item, item.entry) for item in found] == [
        ("demographics", "patient", "")
    ]
    content = found[0].content
    assert isinstance(content, Demographics)
    return content


def test_names_keep_their_use_and_cut(person: Demographics) -> None:
    """Accents, compound names, kinds of names; PID-9 is one more name."""
    names = [(name.use, name.family, name.given) for name in person.names]

    assert names == [
        ("official", "Côté-Bélanger", ("Marie-Ève", "Anne", "Lise")),
        ("usual", "Gagnon", ("Marie-Ève",)),
        ("nickname", "", ("Mimi",)),
        ("", "Cote", ("Marie",)),
    ]


def test_birth_death_and_twins(person: Demographics) -> None:
    """Date with its time, order among twins, death."""
    assert (person.birth_date, person.birth_time) == ("1980-05-10", "1980-05-10T14:12:00-04:00")
    assert (person.birth_place, person.multiple_birth, person.birth_order) == ("St-Jérôme", True, 2)
    assert (person.deceased, person.deceased_at) == (True, "2026-05-01")
    assert (person.gender, person.gender_code, person.birth_sex) == ("female", "F", "")


def test_places_and_numbers(person: Demographics) -> None:
    """Addresses and telephones with their use; a fax is a fax, an e-mail an e-mail."""
    home, work = person.addresses
    telecoms = [(point.system, point.value, point.use) for point in person.telecoms]

    assert (home.lines, home.city) == (("12, rue de l'Église", "app. 3"), "Québec")
    assert (home.postal_code, home.state, home.use) == ("G1R 2B5", "QC", "home")
    assert (work.city, work.use) == ("Montréal", "work")
    assert telecoms == [
        ("phone", "(418)555-0101", "home"),
        ("email", "me@ex.ca", ""),
        ("fax", "1 418 5550102 x7", "work"),
    ]


def test_the_people_around(person: Demographics) -> None:
    """Mother from PID-6, father from NK1, contacts with what they are to the patient."""
    assert person.mother is not None and person.father is not None
    assert (person.mother.family, person.mother.given) == ("Bélanger", ("Lise",))
    assert (person.father.family, person.father.given) == ("Côté", ("Jean",))
    assert [(i.system, i.value) for i in person.mother_identifiers] == [("HSC", "77")]
    assert [c.name.family or c.name.text for c in person.contacts if c.name] == [
        "Bélanger",
        "Côté",
        "Garde partagée",
    ]
    assert [(a.name, a.identifier, a.role) for a in person.general_practitioners] == [
        ("Dr Paul Roy", "1234567", "general-practitioner"),
        ("Clinique du Port", "C12", "clinic"),
    ]


def test_language_and_marital_status(person: Demographics) -> None:
    """F is French, however the source spells it."""
    assert [(said.code, said.preferred) for said in person.languages] == [("fr", True)]
    assert person.marital_status is not None
    assert person.marital_status.codings[0].system.endswith("/v2-0002")


@pytest.mark.parametrize(
    ("field", "date", "time"),
    [
        ("1980", "1980", None),
        ("198005", "1980-05", None),
        ("19800500", "1980-05", None),
        ("19800510", "1980-05-10", None),
        ("19800510000000", "1980-05-10", None),
        ("19800510^D", "1980-05-10", None),
        ("198013", "", None),
        ('""', "", None),
    ],
)
def test_birth_date_precision(
    items: Any, msh: Any, field: str, date: str, time: str | None
) -> None:
    """The precision is the information; midnight is how systems fill up, not a time of birth."""
    (item,) = items(msh("ADT^A31"), f"PID|1||1||Roy^Luc||{field}")

    assert (item.content.birth_date, item.content.birth_time) == (date, time)


@pytest.mark.parametrize(
    ("sex", "gender"),
    [("M", "male"), ("F", "female"), ("X", "other"), ("U", "unknown"), ("Z", "unknown"), ("", "")],
)
def test_sex_is_kept_verbatim(items: Any, msh: Any, sex: str, gender: str) -> None:
    """The code stands beside its FHIR reading, and sex at birth is never derived."""
    (item,) = items(msh("ADT^A31"), f"PID|1||1||Roy^Luc|||{sex}")

    assert (item.content.gender, item.content.gender_code) == (gender, sex)
    assert item.content.birth_sex == ""


def test_null_is_deleted_and_absent_is_unknown(items: Any, msh: Any) -> None:
    """``""`` never becomes text; what was not said is not said."""
    (item,) = items(msh("ADT^A08"), 'PID|1||1||Roy^Luc|""|||""||""||""|""|""|""||||||||||||""|""')
    person = item.content

    assert (person.mother, person.addresses, person.telecoms, person.languages) == (
        None,
        (),
        (),
        (),
    )
    assert (person.deceased, person.deceased_at, person.multiple_birth) == (None, None, None)


def test_mother_known_by_her_surname_alone(items: Any, msh: Any) -> None:
    """PID-6 gives her surname at birth, NK1 her given name: together they are her name."""
    (item,) = items(msh("ADT^A31"), "PID|1||1||Roy^Luc|Gagnon", "NK1|1|Roy^Lise|MTH")

    assert (item.content.mother.family, item.content.mother.given) == ("Gagnon", ("Lise",))


def test_numbers_of_the_insured_are_not_the_patients(items: Any, msh: Any) -> None:
    """A parent's insurance numbers on a child's file stay out; the child's own come in."""
    (item,) = items(
        msh("ADT^A31"),
        "PID|1||1||Roy^Luc",
        "IN1|1|||||||||||||||Roy^Lise|MTH" + "|" * 19 + "ROYL80510112",
        "IN2|||||||ROYL80510112" + "|" * 54 + "M55^^^Assureur",
        "DB1|1|PT|D7^^^SAAQ",
    )

    assert [i.value for i in item.content.identifiers] == ["1", "M55", "D7"]


def test_a_pid_that_says_only_whose_record_it_is(items: Any, msh: Any) -> None:
    """A number without name or birth date is no demographics: it would wipe out what is known."""
    found = items(msh("ORU^R01"), "PID|1||1", "OBR|1||A7|GLU", "OBX|1|NM|GLU||5.1|||||F")

    assert [item.section for item in found] == ["results"]


def test_when_it_happened(items: Any, msh: Any) -> None:
    """EVN-2, else MSH-7, else when it was captured."""
    pid = "PID|1||1||Roy^Luc"
    recorded = items(msh("ADT^A31"), "EVN|A31|202605110800", pid)
    sent = items(msh("ADT^A31"), pid)
    neither = items("MSH|^~\\&|||||||ADT^A31|1|P|2.5", pid)

    assert [found[0].occurred_at for found in (recorded, sent, neither)] == [
        1778500800000,
        1778502600000,
        1700000000000,
    ]


def test_a_closed_record_is_inactive(items: Any, msh: Any) -> None:
    """A29 deletes the person information: the record is closed, not forgotten."""
    (item,) = items(msh("ADT^A29"), "PID|1||1||Roy^Luc")

    assert (item.op, item.content.active) == ("upsert", False)
