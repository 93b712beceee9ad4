"""The pages of closing statements: what is lost is said loudly, and the file is what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from page_checks import problems
from psycopg.types.json import Json
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from dsn_schemas import signing
from dsn_schemas.statement import KIND, DayDigest, Missing, Statement, as_document

GOOD = Statement(
    source="chul-adt", first=date(2026, 3, 1), last=date(2026, 3, 2),
    counted_at=datetime(2026, 3, 3, 12, tzinfo=UTC), issued_at=datetime(2026, 3, 3, 13, tzinfo=UTC),
    received=7, shown=3, superseded=2, duplicate=1, quarantined=1, in_flight=0, unexplained=0,
    days=(
        DayDigest(day=date(2026, 3, 1), epoch=1, changes=6, numbers=((1, 6),), digest="ab" * 32),
    ),
    missing=(), schemas=(1,),
)  # fmt: skip
LOST = replace(
    GOOD,
    received=8,
    unexplained=1,
    missing=(Missing(epoch=1, numbers=((7, 7),), lost=True),),
)


@pytest.fixture
def client(app: ASGIApp) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1") as found:
        yield found


def keep(conninfo: str, statement: Statement, signature: dict[str, str] | None) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "INSERT INTO dsn_store.statements (source, first_day, last_day, issued_at, unexplained,"
            " document, signature) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING number",
            [
                statement.source, statement.first, statement.last, statement.issued_at,
                statement.unexplained, Json(as_document(statement)),
                None if signature is None else Json(signature),
            ],
        ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def test_a_closed_statement_is_read_printed_and_checked(
    client: TestClient, charts: str, tmp_path: Path
) -> None:
    """On the list, on its page in both languages, and as the file that was signed."""
    signing.make_pair(tmp_path / "key", tmp_path / "key.pub")
    signature = signing.load_signer(tmp_path / "key").signature(KIND, as_document(GOOD))
    number = keep(charts, GOOD, signature)
    listed = client.get("/releves").text
    shown = client.get(f"/releves/{number}").text
    file = client.get(f"/releves/{number}/fichier").json()

    assert f'href="/releves/{number}"' in listed
    assert "Clos : chaque changement a son sort" in shown
    assert "Closed: every change has its fate" in shown
    assert GOOD.digest in shown
    assert "UNEXPLAINED" not in shown
    signing.load_verifier(tmp_path / "key.pub").check(KIND, file["statement"], file["signature"])
    assert [problems(listed), problems(shown)] == [[], []]


def test_a_loss_and_a_missing_signature_are_loud(client: TestClient, charts: str) -> None:
    """First on the page, with the number that is missing."""
    shown = client.get(f"/releves/{keep(charts, LOST, None)}").text

    assert 'class="verdict bad" role="alert"' in shown
    assert "1 changements INEXPLIQUÉS" in shown
    assert "il ne prouve rien" in shown
    assert "Perdus" in shown
    assert problems(shown) == []


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 30, "x"])
def test_a_statement_that_is_not_there(client: TestClient, number: str) -> None:
    """404, whatever is asked for."""
    assert client.get(f"/releves/{number}").status_code == 404
