"""`dsn ledger` and `dsn audit verify` on a real database: what they say, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from dsn_consumers.database import migrate
from dsn_deploy.errors import FAILED, OK, UNREACHABLE
from dsn_deploy.stack import EmbeddedStack

#: A source whose two changes said nothing new.
QUIET = """
INSERT INTO dsn_store.source_marks VALUES ('chul-adt', 1, 0, 2, 2, now());
"""
#: A source that published number 1, which every reader passed and nobody has.
LOST = """
INSERT INTO dsn_store.topics VALUES ('dsn.changes.chul', 'id', 1);
INSERT INTO dsn_store.source_marks VALUES ('chul-labo', 1, 1, 1, 0, now());
INSERT INTO dsn_store.source_lanes
VALUES ('dsn.changes.chul', 0, 'chul-labo', 1, 1, 1, 0, 0, 0, now(), '{0}', '{1}');
"""
READ = """
INSERT INTO dsn.access (actor, role, establishment, action, person_id, sections, purpose, outcome)
VALUES ('a', 'r', 'e', 'read', 'p', '{allergies}', 'care', 'shown')
"""


@pytest.fixture
def superuser(stack: EmbeddedStack) -> Iterator[psycopg.Connection]:
    """A migrated database of its own, for somebody who may do anything."""
    server = stack.postgres.conninfo("postgres", "postgres")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS books WITH (FORCE)")
        admin.execute("CREATE DATABASE books OWNER dsn")
    migrate(make_conninfo(stack.settings.conninfo, dbname="books"))
    with psycopg.connect(make_conninfo(server, dbname="books"), autocommit=True) as connection:
        yield connection


def dsn(stack: EmbeddedStack, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    conninfo = make_conninfo(stack.settings.conninfo, dbname="books")
    environment = {**os.environ, "DSN_CONNINFO": conninfo, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "dsn_deploy", *arguments],
        env=environment | more, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_balanced_books_are_0(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """Where every change has its fate, scripts learn it from the exit code."""
    superuser.execute(QUIET)
    table, lines = dsn(stack, "ledger"), dsn(stack, "ledger", "--json")

    assert (table.returncode, lines.returncode) == (OK, OK)
    assert "chul-adt" in table.stdout
    assert "Every change is accounted for." in table.stdout
    assert json.loads(lines.stdout) == {
        "balanced": True,
        "sources": [
            {
                "source": "chul-adt", "received": 2, "shown": 0, "superseded": 0, "duplicate": 2,
                "quarantined": 0, "in_flight": 0, "unexplained": 0,
            }
        ],
    }  # fmt: skip


def test_a_lost_change_is_1(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """A number that everybody passed and nobody has is said, and fails."""
    superuser.execute(QUIET + LOST)
    table, lines = dsn(stack, "ledger"), dsn(stack, "ledger", "--json")

    assert (table.returncode, lines.returncode) == (FAILED, FAILED)
    assert "1 changes are unexplained" in table.stdout
    assert json.loads(lines.stdout)["balanced"] is False


def test_books_by_day_and_from_nothing(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """A line per day; counting everything again finds no difference, and says so."""
    superuser.execute(QUIET)
    table = dsn(stack, "ledger", "--by-day", "--recount")
    lines = dsn(stack, "ledger", "--by-day", "--recount", "--json", "--source", "chul-adt")
    found = json.loads(lines.stdout.splitlines()[-1])

    assert (table.returncode, lines.returncode) == (OK, OK)
    assert "chul-adt 20" in table.stdout
    assert [(day["duplicate"], day["received"]) for day in found["days"]] == [(2, 2)]
    assert found["differing"] == []


def test_whole_chains_are_0(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """A log nobody touched has no findings."""
    superuser.execute(READ)

    assert dsn(stack, "audit", "verify").returncode == OK
    ended = dsn(stack, "audit", "verify", "--json")
    assert json.loads(ended.stdout) == {"whole": True, "checkpoints": 0, "findings": []}


def test_a_changed_line_is_1(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """Somebody who rewrites who read a chart is found out."""
    superuser.execute(READ)
    superuser.execute("ALTER TABLE dsn_store.access_log DISABLE TRIGGER ALL")
    superuser.execute("UPDATE dsn_store.access_log SET actor = 'b'")
    lines, said = dsn(stack, "audit", "verify", "--json"), dsn(stack, "audit", "verify")

    assert (lines.returncode, said.returncode) == (FAILED, FAILED)
    assert [(f["log"], f["row"]) for f in json.loads(lines.stdout)["findings"]] == [("access", 1)]
    assert "access 1: its values" in said.stdout


def test_a_log_rewritten_with_its_end_is_found_by_a_checkpoint(
    stack: EmbeddedStack, superuser: psycopg.Connection, tmp_path: Path
) -> None:
    """Signed before, checked after; without a key, or by another one, nothing is believed."""
    private, public, kept = (str(tmp_path / name) for name in ("private", "public", "kept"))
    dsn(stack, "key", "make", private, public)
    superuser.execute(READ)
    written = dsn(stack, "audit", "checkpoint", kept, "--key", private, "--json")
    checking = ("audit", "verify", "--checkpoint", kept)

    whole = dsn(stack, *checking, "--key", public, "--json")
    superuser.execute("ALTER TABLE dsn_store.access_log DISABLE TRIGGER USER")
    superuser.execute("DELETE FROM dsn_store.access_log")
    cut = dsn(stack, *checking, DSN_VERIFY_KEY=public)

    assert json.loads(written.stdout)["lines"] == 1
    assert json.loads(whole.stdout) == {"whole": True, "checkpoints": 1, "findings": []}
    assert dsn(stack, "audit", "verify").returncode == OK
    assert cut.returncode == FAILED
    assert "access -1: the chain has 0 rows; the checkpoint of" in cut.stdout
    for refused in (dsn(stack, *checking), dsn(stack, "audit", "checkpoint", kept)):
        assert refused.returncode == FAILED
        assert "no key to" in refused.stderr


@pytest.mark.parametrize("command", [["ledger"], ["audit", "verify"]])
def test_a_store_that_is_away_is_3(command: list[str], stack: EmbeddedStack) -> None:
    """Try again later, and what to start."""
    away = make_conninfo(stack.settings.conninfo, port=1)
    ended = dsn(stack, *command, DSN_CONNINFO=away)

    assert ended.returncode == UNREACHABLE
    assert "dsn up" in ended.stderr


def test_a_store_without_tables_says_what_makes_them(stack: EmbeddedStack) -> None:
    """An empty database is no crash."""
    empty = make_conninfo(stack.settings.conninfo, dbname="postgres")
    ended = dsn(stack, "ledger", DSN_CONNINFO=empty)

    assert ended.returncode == FAILED
    assert "dsn topics ensure" in ended.stderr


def test_a_statement_is_issued_signed_and_verified(
    stack: EmbeddedStack, superuser: psycopg.Connection, tmp_path: Path
) -> None:
    """A pair of keys, a file a source, and what each end of it says to a script."""
    superuser.execute(QUIET)
    keys = (str(tmp_path / "key"), str(tmp_path / "key.pub"))
    made = dsn(stack, "key", "make", *keys, "--json")
    again = dsn(stack, "key", "make", *keys)
    shown = dsn(stack, "key", "show", keys[1])
    today = superuser.execute(
        "SELECT (now() AT TIME ZONE 'America/Toronto')::date::text"
    ).fetchone()
    assert today is not None
    issued = dsn(
        stack, "statement", "issue", "--from", today[0], "--out", str(tmp_path), "--key", keys[0],
        "--json",
    )  # fmt: skip
    file = tmp_path / f"chul-adt-{today[0]}-{today[0]}.json"
    checked = dsn(stack, "statement", "verify", str(file), "--key", keys[1], "--signature-only")
    file.write_text(file.read_text().replace('"received": 2', '"received": 3'))
    forged = dsn(
        stack, "statement", "verify", str(file), "--key", keys[1], "--signature-only", "--json"
    )

    assert (made.returncode, again.returncode) == (OK, FAILED)
    assert json.loads(made.stdout)["key"] == shown.stdout.strip()
    assert os.stat(keys[0]).st_mode & 0o077 == 0
    assert issued.returncode == OK, issued.stderr
    said = json.loads(issued.stdout.splitlines()[-1])["statements"][0]
    assert (said["statement"]["received"], said["statement"]["duplicate"]) == (2, 2)
    assert (checked.returncode, forged.returncode) == (OK, FAILED), checked.stdout + checked.stderr
    assert "signature: it is not what was signed" in json.loads(forged.stdout)["problems"]


def test_a_statement_of_a_loss_is_1(stack: EmbeddedStack, superuser: psycopg.Connection) -> None:
    """Said loudly, with the exit code."""
    superuser.execute(LOST)
    issued = dsn(stack, "statement", "issue", "--source", "chul-labo", "--from", "2020-01-01",
                 "--to", "2100-01-01")  # fmt: skip
    unknown = dsn(stack, "statement", "issue", "--source", "nobody")

    assert issued.returncode == FAILED
    assert "1 changes are UNEXPLAINED" in issued.stdout
    assert "NOT SIGNED" in issued.stdout
    assert unknown.returncode == FAILED
    assert "nothing is known of nobody" in unknown.stderr
