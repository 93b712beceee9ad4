"""Closing statements, from an outbox over the streams to the books, and back to the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from consumers.books import Centre
from consumers.site import PARTITIONS, Site

from dsn_consumers.statement import NothingKnown, closed, issue, sources_until
from dsn_producers import closing, receipted
from dsn_producers.closing import Outcome
from dsn_schemas import signing
from dsn_schemas.settings import Settings
from dsn_schemas.statement import KIND, NoStatement, Statement, day_of, from_document
from support.world import World

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
#: Noon of 1 March 2026 in UTC, ms.
NOON = 1_772_366_400_000
DAY_MS = 24 * 3600 * 1000
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(
        World(seed=3, partitions=PARTITIONS), Settings(data=tmp_path, partitions=PARTITIONS)
    )
    yield made
    made.file.close()


@pytest.fixture
def centre(connection: psycopg.Connection[Any], site: Site) -> Centre:
    return Centre(connection, site.world)


def two_days(site: Site) -> None:
    """Two changes and a duplicate on the first day, three changes on the second."""
    site.say("a", "Pénicilline", NOON)
    site.say("b", "Arachide", NOON + 1)
    site.say("b", "Arachide", NOON + 2)
    site.send(NOON + 3)
    for number, item in enumerate(("a", "c", "d")):
        site.say(item, "Latex", NOON + DAY_MS + number)


def arrive(site: Site, centre: Centre) -> None:
    site.world.run()
    centre.store()
    centre.audit()


def checked(site: Site, statement: Statement) -> list[tuple[date, Outcome]]:
    return [(one.day, one.outcome) for one in closing.check(site.settings, statement).days]


def test_a_statement_agrees_with_the_outbox(conninfo: str, site: Site, centre: Centre) -> None:
    """Day by day, numbers and digests; also once the outbox has removed the changes."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    arrive(site, centre)
    one = issue(conninfo, "adt", FIRST, FIRST, now=NOW, signer=None).statement
    both = issue(conninfo, "adt", FIRST, SECOND, now=NOW, signer=None).statement

    assert (one.received, one.shown, one.superseded, one.duplicate) == (3, 1, 1, 1)
    assert [day.numbers for day in both.days] == [((1, 2),), ((3, 5),)]
    assert (both.received, both.shown, both.superseded, both.closed) == (6, 4, 1, True)
    assert from_document(json.loads(json.dumps(issue(
        conninfo, "adt", FIRST, SECOND, now=both.issued_at, signer=None, keep=False
    ).document))).digest == both.digest  # fmt: skip
    whole = [(FIRST, Outcome.AGREES), (SECOND, Outcome.AGREES)]
    assert checked(site, both) == whole
    assert closing.check(site.settings, one).counts == closing.Counts(
        received=3, duplicate=1, rejected=0
    )
    for before in (NOON + 1, NOON + DAY_MS + 1, NOON + 2 * DAY_MS):
        site.file.execute("put_receipt", 1, 5, 5, "s", 1, NOON)
        receipted.free(site.file, before, 100)
        assert checked(site, both) == whole
    assert site.file.one("first_held") == (None,)


def test_a_lost_change_is_loud(conninfo: str, site: Site, centre: Centre) -> None:
    """The statement names the number, and the site finds it too."""
    two_days(site)
    site.send(NOON + DAY_MS + 9, but=(4,))
    arrive(site, centre)
    issued = issue(conninfo, "adt", SECOND, SECOND, now=NOW, signer=None)
    found = issued.statement

    assert (found.received, found.unexplained) == (3, 1)
    assert [(m.epoch, m.numbers, m.lost) for m in found.missing] == [(1, ((4, 4),), True)]
    assert not closed([issued])
    (day,) = closing.check(site.settings, found).days
    assert day.outcome is Outcome.DIFFERS
    assert day.detail == "the centre does not state numbers 4"


def test_what_waits_is_in_flight(conninfo: str, site: Site, centre: Centre) -> None:
    """Published and read by nobody yet: nothing is lost, and the statement is not closed."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    centre.audit()
    issued = issue(conninfo, "adt", FIRST, SECOND, now=NOW, signer=None)

    assert issued.statement.in_flight == 4
    assert issued.statement.unexplained == 0
    assert closed([issued])
    assert not issued.statement.closed


def test_other_bytes_and_other_numbers_differ(conninfo: str, site: Site, centre: Centre) -> None:
    """A digest that is not the outbox's, numbers it never gave, an epoch it does not have."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    arrive(site, centre)
    true = issue(conninfo, "adt", FIRST, SECOND, now=NOW, signer=None).statement
    day = true.days[0]
    for made, outcome in (
        (replace(day, digest="0" * 64), Outcome.DIFFERS),
        (replace(day, numbers=((1, 2), (9, 9)), changes=3), Outcome.DIFFERS),
        (replace(day, epoch=7), Outcome.NOT_HELD),
    ):
        found = closing.check(site.settings, replace(true, days=(made, true.days[1]))).days
        assert outcome in [one.outcome for one in found]
        assert not closing.Check(days=found, counts=closing.Counts(
            received=None, duplicate=None, rejected=None
        )).agrees  # fmt: skip


def test_what_was_removed_without_a_trace_is_said(
    conninfo: str, site: Site, centre: Centre
) -> None:
    """Changes an earlier version removed are not known, and that is no agreement."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    arrive(site, centre)
    statement = issue(conninfo, "adt", FIRST, SECOND, now=NOW, signer=None).statement
    site.file.run("DELETE FROM changes WHERE captured_at < 1772400000000")

    assert checked(site, statement) == [(FIRST, Outcome.NOT_HELD), (SECOND, Outcome.AGREES)]


def test_a_statement_is_kept_as_it_was_signed(
    conninfo: str, connection: psycopg.Connection[Any], site: Site, centre: Centre, tmp_path: Path
) -> None:
    """In the database too, where it cannot be changed; any change of it breaks the signature."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    arrive(site, centre)
    signing.make_pair(tmp_path / "key", tmp_path / "key.pub")
    signer = signing.load_signer(tmp_path / "key")
    issued = issue(conninfo, "adt", FIRST, SECOND, now=NOW, signer=signer)
    row = connection.execute("SELECT document, signature FROM dsn.statements").fetchone()
    assert row is not None
    document, signature = row
    verifier = signing.load_verifier(tmp_path / "key.pub")
    verifier.check(KIND, document, signature)

    assert from_document(document) == issued.statement
    with pytest.raises(signing.BadSignature):
        verifier.check(KIND, document | {"unexplained": 1}, signature)
    with pytest.raises(NoStatement, match="digest"):
        from_document(document | {"digest": "0" * 64})
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE dsn_store.statements SET unexplained = 0")


def test_sources_and_periods_nobody_heard_of(conninfo: str, site: Site, centre: Centre) -> None:
    """No empty statement that looks like a good one."""
    two_days(site)
    site.send(NOON + DAY_MS + 9)
    arrive(site, centre)

    assert sources_until(conninfo, FIRST) == ["adt"]
    assert sources_until(conninfo, date(2026, 2, 1)) == []
    with pytest.raises(NothingKnown):
        issue(conninfo, "labo", FIRST, FIRST, now=NOW, signer=None)


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        (datetime(2026, 3, 1, 4, 59, 59, 999_000, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 3, 1, 5, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 7, 1, 3, 59, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 7, 1, 4, tzinfo=UTC), date(2026, 7, 1)),
    ],
)
def test_a_day_is_one_in_quebec(
    utc: datetime, day: date, connection: psycopg.Connection[Any]
) -> None:
    """Summer and winter, and as PostgreSQL has it."""
    ms = int(utc.timestamp() * 1000)
    row = connection.execute(
        "SELECT (to_timestamp(%s / 1000.0) AT TIME ZONE 'America/Toronto')::date", [ms]
    ).fetchone()

    assert row == (day_of(ms),) == (day,)
