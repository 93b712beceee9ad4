"""Signed ends of the audit chains: a chain rewritten as a whole, ends included, is found."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from consumers.books import Centre, Edge

from dsn_consumers import checkpoint
from dsn_consumers.chain import GENESIS, AuditRow, chained, microseconds, row_bytes
from dsn_consumers.checkpoint import Checkpoint, NoCheckpoint
from dsn_consumers.database import statement
from dsn_consumers.verify import verify
from dsn_schemas import signing
from dsn_schemas.records import Allergy, Concept
from support.world import World

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
Connection = psycopg.Connection[Any]


@pytest.fixture
def world() -> World:
    return World(seed=3, partitions=1)


@pytest.fixture
def signed(conninfo: str, world: World, centre: Centre) -> Checkpoint:
    """Of five rows, behind which two more were written."""
    edge = Edge(world, "adt")
    for item in "abcde":
        edge.send("allergies", item, Allergy(code=Concept(text="Arachide")))
    centre.audit()
    taken = checkpoint.take(conninfo, NOW)
    for item in "fg":
        edge.send("allergies", item, Allergy(code=Concept(text="Arachide")))
    centre.audit()
    return checkpoint.from_document(json.loads(json.dumps(checkpoint.document(taken))))


def rewrite(connection: Connection, *, drop: int | None = None, change: int | None = None) -> None:
    """What the owner of the database can do: rows, every hash behind them, and the end."""
    for trigger in ("audit", "access_log"):
        connection.execute(f"ALTER TABLE dsn_store.{trigger} DISABLE TRIGGER USER")
    if drop is not None:
        connection.execute('DELETE FROM dsn_store.audit WHERE "offset" >= %s', [drop])
    if change is not None:
        connection.execute(
            "UPDATE dsn_store.audit SET op = 'delete' WHERE \"offset\" = %s", [change]
        )
    last, count = GENESIS, 0
    for *columns, captured_at, stored_at, _, _ in connection.execute(
        statement("audit_rows")
    ).fetchall():
        row = AuditRow._make([*columns, microseconds(captured_at), microseconds(stored_at)])
        previous, last, count = last, chained(last, row_bytes(row)), count + 1
        connection.execute(
            'UPDATE dsn_store.audit SET previous_hash = %s, hash = %s WHERE "offset" = %s',
            [previous, last, row.offset],
        )
    connection.execute("UPDATE dsn_store.audit_heads SET rows = %s, hash = %s", [count, last])


def test_a_log_that_went_on_agrees_with_its_checkpoint(conninfo: str, signed: Checkpoint) -> None:
    """Also with one taken later."""
    assert signed.audit[("dsn.changes.a", 0)][0] == 5
    assert verify(conninfo, [signed, checkpoint.take(conninfo, NOW)]) == []


@pytest.mark.parametrize("row", [0, 2, 4])
def test_a_rewritten_chain_is_found(
    connection: Connection, conninfo: str, signed: Checkpoint, row: int
) -> None:
    """Its hashes all follow: only the signature tells, at the last row it covers."""
    rewrite(connection, change=row)

    assert verify(conninfo) == []
    found = verify(conninfo, [signed])
    assert [(one.log, one.row) for one in found] == [("dsn.changes.a[0]", 4)]
    assert "2026-09-01T12:00:00" in found[0].what


def test_a_cut_chain_is_found(connection: Connection, conninfo: str, signed: Checkpoint) -> None:
    """Though its end was set back."""
    rewrite(connection, drop=3)

    assert verify(conninfo) == []
    assert [(one.row, one.what[:20]) for one in verify(conninfo, [signed])] == [
        (-1, "the chain has 3 rows")
    ]


def test_what_came_after_a_checkpoint_is_not_in_it(
    connection: Connection, conninfo: str, signed: Checkpoint
) -> None:
    """So the next one must not be far."""
    rewrite(connection, change=5)

    assert verify(conninfo, [signed]) == []


def test_only_the_holder_of_the_key_makes_one(tmp_path: Path, signed: Checkpoint) -> None:
    """A changed one, one of another key and a signature of another kind are refused."""
    ours, theirs = (tmp_path / "a", tmp_path / "b"), (tmp_path / "c", tmp_path / "d")
    for pair in (ours, theirs):
        signing.make_pair(*pair)
    said = checkpoint.document(signed)
    signature = signing.load_signer(ours[0]).signature(checkpoint.KIND, said)
    check = signing.load_verifier(ours[1]).check

    check(checkpoint.KIND, said, signature)
    for kind, document, key in (
        (checkpoint.KIND, said | {"at": "2026-09-02T12:00:00+00:00"}, ours),
        (checkpoint.KIND, said, theirs),
        ("dsn-statement-1", said, ours),
    ):
        with pytest.raises(signing.BadSignature):
            signing.load_verifier(key[1]).check(kind, document, signature)


@pytest.mark.parametrize("said", [None, [], {}, {"at": "x"}, {"at": "2026-09-01", "audit": [{}]}])
def test_nonsense_is_no_checkpoint(said: object) -> None:
    """It is refused with its reason, not half read."""
    with pytest.raises(NoCheckpoint):
        checkpoint.from_document(said)
