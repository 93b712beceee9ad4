"""Stewards decide on a running system: by command, once each, taken back, and with their history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from acceptance.hospital import message, nam
from acceptance.system import System, eventually

from dsn_deploy.stack.embedded import environment

ONE, TWO = "DEC|1", "DEC|2"
WHO = ("--actor", "Lise Roy", "--reason", "vues ensemble")


def dsn(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command typed beside the running system."""
    return subprocess.run(
        [sys.executable, "-m", "dsn_deploy", *arguments],
        env={**os.environ, **environment(system.settings)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def said(system: System, *arguments: str) -> dict[str, Any]:
    """What a command answers a script."""
    done = dsn(system, *arguments, "--json")
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def people(system: System) -> int:
    """How many people the two records are."""
    rows = system.rows("SELECT count(DISTINCT person_id) FROM dsn.links WHERE authority = 'DEC'")
    return int(str(rows[0][0]))


@pytest.fixture(scope="module")
def fed(system: System) -> System:
    """Two records with two valid cards of alike people."""
    with system.sender("decided-adt") as sender:
        for number in ("1", "2"):
            text = message(
                "DEC", "ADT^A08^ADT_A01", number, f"D{number}", nam=nam(50_000 + int(number))
            )
            assert "AA" == sender.send(text.encode()).code
    system.await_arrival()
    return system


def test_two_cards_are_one_person_when_a_steward_says_so(fed: System) -> None:
    """Link, a second steward who comes too late, unlink, and the whole history of it."""
    assert 2 == people(fed)
    assert not said(fed, "person", "why", ONE, TWO)["same"]

    linked = dsn(fed, "person", "link", ONE, TWO, *WHO)
    assert 0 == linked.returncode, linked.stderr
    eventually(lambda: people(fed) == 1, "one person")
    why = said(fed, "person", "why", ONE, TWO)
    assert why["same"]
    assert "decision" in {one["rule"] for link in why["links"] for one in link["evidence"]}
    number = why["decisions"][-1]["seq"]

    late = dsn(fed, "person", "not-same", ONE, TWO, *WHO, "--expected", str(number - 1))
    assert 0 != late.returncode
    assert f"decision {number} was made" in late.stderr

    (person,) = (
        row[0]
        for row in fed.rows("SELECT DISTINCT person_id FROM dsn.links WHERE authority = 'DEC'")
    )
    fed.rows(
        "INSERT INTO dsn.access (actor, role, establishment, action, person_id, sections, purpose,"
        " outcome) VALUES ('dr-nadeau', 'physician', 'chul', 'read', %s, '{allergies}', 'care',"
        " 'shown') RETURNING number",
        person,
    )
    unlinked = dsn(fed, "person", "unlink", ONE, TWO, *WHO, "--expected", str(number))
    assert 0 == unlinked.returncode, unlinked.stderr
    eventually(lambda: people(fed) == 2, "two people")

    moved = [one for one in (ONE, TWO) if said(fed, "person", "exposure", one)["exposures"]]
    assert 1 == len(moved)
    (seen,) = [
        one
        for one in said(fed, "person", "exposure", moved[0])["exposures"]
        if one["actor"] == "dr-nadeau"
    ]
    assert person == seen["person_id"]
    told = said(fed, "person", "history", ONE)
    assert ["link", "unlink"] == [one["kind"] for one in told["decisions"]]


def test_an_override_stands_above_the_source_until_it_is_taken_back(fed: System) -> None:
    """The chart shows the steward's value, names the rule, and returns to the source's."""

    def shown() -> tuple[object, ...]:
        rows = fed.rows(
            "SELECT e.content ->> 'birth_date', p ->> 'rule' FROM dsn.entries AS e"
            " INNER JOIN dsn.links AS l ON l.person_id = e.person_id"
            " CROSS JOIN LATERAL jsonb_array_elements(e.provenance) AS p"
            " WHERE e.section = 'demographics' AND l.authority = 'DEC' AND l.number = '1'"
            " AND p ->> 'field' = 'birth_date'"
        )
        return rows[0] if rows else ()

    done = dsn(fed, "person", "override", ONE, "birth_date", "1980-05-11", *WHO)
    assert 0 == done.returncode, done.stderr
    eventually(lambda: shown() == ("1980-05-11", "steward"), "the steward's date")

    done = dsn(fed, "person", "override", ONE, "birth_date", "--undo", *WHO)
    assert 0 == done.returncode, done.stderr
    eventually(lambda: shown() == ("1980-05-10", "only"), "the source's date")


def test_the_books_of_the_stewards_balance(fed: System) -> None:
    """Every decision is received and shown, like the changes of any other source."""

    def balanced() -> bool:
        row = fed.ledger().get("steward")
        return row is not None and row.received > 0 and not (row.in_flight or row.unexplained)

    eventually(balanced, "balanced books")
    assert [] == fed.rows("SELECT FROM dsn.people_records WHERE source = 'steward'")


def test_open_questions_are_listed(fed: System) -> None:
    """``dsn reviews`` says how many wait, and every one with its kind and age."""
    found = said(fed, "reviews", "--limit", "5")

    assert found["open"] >= len(found["reviews"])
    assert {"doubt", "blocked", "contradiction"} >= {one["kind"] for one in found["reviews"]}
    assert all(one["age_s"] >= 0 for one in found["reviews"])
