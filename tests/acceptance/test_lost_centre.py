"""The centre loses every disk it has; the outboxes have theirs, and everything comes back."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from acceptance.feeds import table
from acceptance.hospital import history
from acceptance.system import System, eventually
from acceptance.tables import assert_whole, tables

from dsn_consumers.ledger import LedgerRow
from dsn_producers.status import SourceStatus, status

SOURCES = (table("lost-a", "losta", "LOSTA"), table("lost-b", "lostb", "LOSTB"))
MESSAGES = 150
#: What the centre keeps on disk, in the data folder.
CENTRE = ("kafka", "postgres", "registry", "streams-0")


@dataclass(frozen=True)
class Loss:
    """Before and after."""

    before: dict[str, Any]
    books: dict[str, LedgerRow]
    after: System


def outboxes(system: System) -> dict[str, SourceStatus]:
    return {one.source: one for one in status(system.settings)}


def confirmed(system: System) -> bool:
    return all(one.unconfirmed == 0 and one.queued == 0 for one in outboxes(system).values())


@pytest.fixture(scope="module")
def loss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loss]:
    """Two hospitals are fed and confirmed; every disk of the centre is lost; it starts again."""
    folder = tmp_path_factory.mktemp("lost")
    with System(folder / "system", SOURCES) as system:
        for name in ("a", "b"):
            file = folder / f"{name}.hl7"
            file.write_bytes(
                b"\n".join(history(random.Random(7), f"LOST{name.upper()}", 40, MESSAGES))
            )
            system.feed(file, f"lost-{name}")
        system.await_arrival()
        eventually(lambda: confirmed(system), "receipts cover everything", 60)
        before, books = tables(system), system.ledger()
    for part in CENTRE:
        shutil.rmtree(folder / "system" / "data" / part)
    with System(folder / "system", SOURCES) as system:
        system.await_arrival()
        eventually(lambda: confirmed(system), "the new store's receipts cover everything", 60)
        yield Loss(before, books, system)


def test_the_same_tables_come_back_by_themselves(loss: Loss) -> None:
    """Nobody is asked: the edge sees another journal and sends what it holds."""
    after = tables(loss.after)

    for name, rows in loss.before.items():
        assert len(rows) > 0, name
        assert rows == after[name], name


def test_nothing_is_lost_or_doubled(loss: Loss) -> None:
    """Charts are the fold of what was acknowledged, the books balance and are the same books."""
    assert_whole(loss.after, loss.after.changes())

    assert loss.after.ledger() == loss.books


def test_it_was_really_gone(loss: Loss) -> None:
    """The journal, the store and the receipts are of another centre; the edge says what it did."""
    ((stores, issued),) = loss.after.rows("SELECT count(*), max(issued) FROM dsn_store.identity")

    assert (stores, issued > 0) == (1, True)
    assert "was made anew" in loss.after.log("edge")
    assert loss.after.rows("SELECT * FROM dsn.gaps") == []
