"""The client registry cases of OpenHIE (feeds and merges): the people and numbers they must lead to.

The data lies beside the project and is not part of it; without it these tests are skipped. Where the
cases want an acknowledgement refused, what matters here is that nobody is merged.
"""

from __future__ import annotations

import json

import pytest
from acceptance.feeds import REGISTRY
from acceptance.system import System, eventually
from acceptance.tables import assert_balanced
from producers.hl7v2.test_real_messages import DATA

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared test data (../shared/data) is not on this machine"
)
CASES = DATA / "from-fetch" / "ohie-cr"
#: Sending application of the cases -> source.
SENDERS = {
    "TEST_HARNESS": "registry",
    "TEST_HARNESS_A": "registry-a",
    "TEST_HARNESS_B": "registry-b",
}


def steps() -> list[tuple[str, str, bytes]]:
    """(step, source, message) of every feed and merge, in the order of the cases."""
    found = []
    for line in (CASES / "hl7v2_steps.jsonl").read_text(encoding="utf-8").splitlines():
        step = json.loads(line)
        text = "\r".join((step["message"] or "").splitlines()) + "\r"
        fields = text.split("|")
        if text.startswith("MSH") and fields[8].startswith("ADT"):
            found.append((step["id"], SENDERS[fields[2].partition("^")[0]], text.encode()))
    return found


@pytest.fixture(scope="module")
def answers(system: System) -> dict[str, str]:
    """Every feed and merge, sent by the system that sends it in the cases."""
    found = {}
    for step, source, data in steps():
        with system.sender(source) as sender:
            found[step] = sender.send(data).code
    system.await_arrival()
    return found


def people(system: System, *records: tuple[str, str]) -> list[str]:
    """The person of each record."""
    known = {
        (authority, number): person
        for authority, number, person in system.rows(
            "SELECT DISTINCT authority, number, person_id FROM dsn.people_records"
            " WHERE starts_with(source, 'registry')"
        )
    }
    return [known[record] for record in records]


def numbers(system: System, person: str) -> set[tuple[str, str]]:
    """Local numbers in the demographics of a person."""
    rows = system.rows(
        "SELECT DISTINCT i.system, i.value FROM dsn.entries AS e"
        " CROSS JOIN LATERAL jsonb_to_recordset(e.content -> 'identifiers')"
        " AS i (system text, value text) WHERE e.section = 'demographics' AND e.person_id = %s",
        person,
    )
    return {(str(system_name), str(value)) for system_name, value in rows}


def test_feeds_lead_to_their_people(system: System, answers: dict[str, str]) -> None:
    """A person, two newborns without a name, each one person; the mother is nobody's duplicate."""
    found = people(
        system, *(("TEST", number) for number in ("RJ-439", "RJ-440", "RJ-441", "RJ-443"))
    )

    assert 4 == len(set(found))
    assert {"RJ-439"} == {value for _, value in numbers(system, found[0])}
    named = system.rows(
        "SELECT content -> 'names' -> 0 ->> 'family' FROM dsn.entries"
        " WHERE section = 'demographics' AND person_id = %s",
        found[0],
    )
    assert [("JONES",)] == named


def test_nobody_merges_somebody_elses_records(system: System, answers: dict[str, str]) -> None:
    """B merges two records of A, or one of A into its own, or one that never was: nobody moves."""
    found = people(system, ("TEST_A", "RJ-203"), ("TEST_A", "RJ-292"), ("TEST_B", "SJ-204"))

    assert 3 == len(set(found))
    assert "AE" == answers["OHIE-CR-17-30"]
    assert [] == system.rows(
        "SELECT FROM dsn.links WHERE (authority, number) = ('TEST_B', 'RJ-292')"
    )
    asked = system.rows(
        "SELECT reasons FROM dsn.reviews WHERE %s IN (record_a, record_b)", found[2]
    )
    assert any("claim-beyond-authority" in reasons for (reasons,) in asked)


def test_a_merge_repeated_and_reversed_is_one_person(
    system: System, answers: dict[str, str]
) -> None:
    """A merges its own two records, twice, then the other way round: one person, both numbers; an
    unlink takes them apart again."""
    data = next(data for step, _, data in steps() if step == "OHIE-CR-17-30")
    text = data.decode().replace("TEST_HARNESS_B", "TEST_HARNESS_A")
    merged = text.replace("TEST-CR-17-30", "MERGE-1")
    again = text.replace("TEST-CR-17-30", "MERGE-2")
    reverse = text.replace("TEST-CR-17-30", "MERGE-3")
    reverse = (
        reverse.replace("RJ-203", "RJ-X").replace("RJ-292", "RJ-203").replace("RJ-X", "RJ-292")
    )
    records = (("TEST_A", "RJ-203"), ("TEST_A", "RJ-292"))

    with system.sender("registry-a") as sender:
        for message in (merged, again, reverse):
            assert "AA" == sender.send(message.encode()).code
        system.await_arrival()

        eventually(lambda: len(set(people(system, *records))) == 1, "one person")
        (person,) = set(people(system, *records))
        eventually(
            lambda: {value for _, value in numbers(system, person)} >= {"RJ-203", "RJ-292"},
            "both numbers in one chart",
        )
        head, _, rest = text.replace("ADT^A40^ADT_A40", "ADT^A37^ADT_A37").partition("PID|")
        pid = "PID|" + rest.partition("\rMRG")[0]
        parted = f"{head}{pid}\r{pid.replace('RJ-203', 'RJ-292')}\r"
        assert "AA" == sender.send(parted.replace("TEST-CR-17-30", "UNLINK").encode()).code
        system.await_arrival()

    eventually(lambda: len(set(people(system, *records))) == 2, "two people again")
    assert_balanced(system, lambda name: name.startswith("registry"))


def test_fhir_feeds_lead_to_their_people(system: System, tmp_path_factory) -> None:
    """Each bundle's patient is one person under its own number; a newborn and its mother are two."""
    folder = tmp_path_factory.mktemp("registry-fhir")
    for name in ("OHIE-CR-05-10", "OHIE-CR-05-20", "OHIE-CR-07-10"):
        text = (CASES / "fhir_json" / f"{name}.json").read_text(encoding="utf-8-sig")
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    counts = system.feed(folder, "registry-fhir")
    system.await_arrival()

    print(counts)
    found = people(system, *(("REG-F", n) for n in ("FHR-4956", "FHR-0844", "FHR-4837", "FHR-070")))
    assert 4 == len(set(found))


def test_every_system_is_known() -> None:
    """The three systems of the cases are the three sources."""
    assert {name for name, *_ in REGISTRY} == set(SENDERS.values())
