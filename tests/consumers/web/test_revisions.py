"""Questions for a steward on a page: compared side by side, answered once, never twice unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import pages_sample
import psycopg
import pytest
from starlette.testclient import TestClient

from dsn_consumers.steward.decisions import Conflict, Decision
from dsn_consumers.steward.desk import Link, Review
from dsn_consumers.web.app import create_app
from dsn_consumers.web.desk import Examined, StewardsDesk
from dsn_consumers.web.postgres import PostgresReader
from dsn_consumers.web.reader import Actor
from dsn_schemas.keys import person_id
from dsn_schemas.records import Demographics, HumanName
from dsn_schemas.settings import Settings

A, B = person_id("CHUL|1"), person_id("HDM|2")
PATH = f"/revisions/{A}{B}"
REVIEW = Review(
    record_a=A,
    record_b=B,
    authority_a="CHUL",
    number_a="1",
    authority_b="HDM",
    number_b="2",
    person_a=A,
    person_b=B,
    kind="blocked",
    reasons=["two-valid-nams", "a-new-gate"],
    weight_bits=11.5,
    levels=["given:same +9.0", "born:swapped +4.2"],
    weights="w1",
    opened_at=pages_sample.NOW - timedelta(days=3),
    version=4,
)
WHO = {
    A: Demographics(names=(HumanName(family="Côté", given=("Lise",)),), birth_date="1980-05-10"),
    B: Demographics(names=(HumanName(family="Côté", given=("Lise",)),), birth_date="1980-10-05"),
}


class OneQuestion:
    """A ``Questions`` with one question, and what was decided on it."""

    def __init__(self) -> None:
        self.decided: list[tuple[Decision, int]] = []
        self.version = REVIEW.version

    def reviews(self) -> tuple[Sequence[Review], int]:
        return [REVIEW], 1

    def examine(self, record_a: str, record_b: str, actor: Actor) -> Examined | None:
        if (record_a, record_b) != (A, B):
            return None
        links = [
            Link(
                record_id=one,
                authority="HDM",
                number=str(number),
                person_id=one,
                version=1,
                previous="",
                reasons=["own"],
                evidence=[],
            )
            for number, one in enumerate((A, B), start=1)
        ]
        people = {person: msgspec.to_builtins(content) for person, content in WHO.items()}
        review = replace(REVIEW, version=self.version)
        return Examined(review=review, demographics=people, links=links)

    def decide(self, decision: Decision, expected: int) -> int:
        if expected != self.version:
            raise Conflict("somebody decided")
        self.decided.append((decision, expected))
        self.version += 1
        return self.version


@pytest.fixture
def desk() -> OneQuestion:
    return OneQuestion()


@pytest.fixture
def pages(reader: PostgresReader, desk: OneQuestion) -> TestClient:
    """The pages over one question."""
    app = create_app(reader, lambda: pages_sample.NOW, desk)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def answer(version: int = 4, **more: str) -> dict[str, str]:
    said = {"answer": "link", "actor": "Lise Roy", "reason": "même carte", "version": str(version)}
    return said | more


def test_the_list_says_what_is_asked_and_for_how_long(pages: TestClient) -> None:
    """French first; a code without words is shown as it came."""
    text = pages.get("/revisions").text

    assert "Réunion empêchée" in text and "Joining prevented" in text
    assert "deux NAM valides" in text and "a-new-gate" in text
    assert "3 jours" in text and PATH in text


def test_two_people_stand_beside_each_other(pages: TestClient) -> None:
    """Each field of both, how alike they are, and what the comparison found."""
    text = pages.get(PATH).text

    assert text.count("Lise") >= 2
    assert "1980-05-10" in text and "1980-10-05" in text
    assert "jour et mois inversés (+4.2)" in text
    assert 'name="version" value="4"' in text


def test_an_answer_is_a_decision_with_a_name_and_a_reason(
    pages: TestClient, desk: OneQuestion
) -> None:
    """Written with the version that was looked at; then back to the list."""
    answered = pages.post(PATH, data=answer())

    ((decision, expected),) = desk.decided
    assert (303, "/revisions?decision=5") == (answered.status_code, answered.headers["location"])
    assert ("link", "CHUL|1", "Lise Roy", "même carte", 4) == (
        decision.kind,
        decision.record.key,
        decision.actor,
        decision.reason,
        expected,
    )
    assert "Décision n° 5 consignée" in pages.get(answered.headers["location"]).text


def test_the_second_of_two_stewards_sees_the_page_again(
    pages: TestClient, desk: OneQuestion
) -> None:
    """Nothing is written, the reason typed is kept, and the page has the new version."""
    pages.post(PATH, data=answer())

    late = pages.post(PATH, data=answer(answer="not-same", reason="autre adresse"))

    assert 409 == late.status_code
    assert "Quelqu’un vient de décider" in late.text
    assert 'value="autre adresse"' in late.text and 'name="version" value="5"' in late.text
    assert 1 == len(desk.decided)


@pytest.mark.parametrize(
    "wrong", [{"actor": " "}, {"reason": ""}, {"answer": "unlink"}, {"version": "x"}]
)
def test_an_answer_that_is_none_is_refused(
    pages: TestClient, desk: OneQuestion, wrong: dict[str, str]
) -> None:
    """In words, with what was typed still there."""
    refused = pages.post(PATH, data=answer(**wrong))

    assert 422 == refused.status_code
    assert 'role="alert"' in refused.text
    assert [] == desk.decided


def test_another_sites_page_decides_nothing(pages: TestClient, desk: OneQuestion) -> None:
    refused = pages.post(PATH, data=answer(), headers={"sec-fetch-site": "cross-site"})

    assert (403, []) == (refused.status_code, desk.decided)


@pytest.mark.parametrize("path", [f"/revisions/{B}{A}", "/revisions/1", f"{PATH}x"])
def test_a_question_that_is_not_open_is_not_found(pages: TestClient, path: str) -> None:
    assert 404 == pages.get(path).status_code


def test_looking_at_a_question_leaves_a_trace(charts: str) -> None:
    """On the real database: one line for each of the two people, before anything is returned."""
    with psycopg.connect(charts, autocommit=True) as connection:
        two = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT ON (person_id) record_id FROM dsn.links"
                " ORDER BY person_id, record_id LIMIT 2"
            )
        ]
        people = connection.execute(
            "SELECT person_id FROM dsn.links WHERE record_id = ANY(%s)", [two]
        ).fetchall()
        connection.execute(
            "INSERT INTO dsn_store.reviews SELECT a.record_id, b.record_id, a.authority, a.number,"
            " b.authority, b.number, 'doubt', '{weight}', 256, '{}', 'w', now(), true, 0, 0"
            " FROM dsn_store.links a, dsn_store.links b WHERE (a.record_id, b.record_id) = (%s, %s)",
            two,
        )
        before = connection.execute("SELECT count(*) FROM dsn.access").fetchone()

        examined = StewardsDesk(Settings(conninfo=charts)).examine(*two, Actor())

        traced = connection.execute(
            "SELECT person_id FROM dsn.access WHERE number > %s ORDER BY number", before
        ).fetchall()
        connection.execute("DELETE FROM dsn_store.reviews")
    assert examined is not None
    assert sorted(people) == sorted(traced)
