"""What the store knows of the sources, from a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from consumers.books import Centre, Edge

from dsn_consumers.alarms import asking
from dsn_consumers.alarms.facts import SourceFacts
from dsn_schemas.records import Alert, Concept
from support.world import World


@pytest.fixture
def told(connection: psycopg.Connection[Any], world: World) -> Edge:
    """A source that said something, was refused once, and lost a number."""
    centre, edge = Centre(connection, world), Edge(world, "adt")
    edge.send("alerts", "a", Alert(code=Concept(text="x")))
    edge.reject()
    edge.send("alerts", "lost", Alert(code=Concept(text="y")), publish=False)
    edge.send("alerts", "b", Alert(code=Concept(text="z")))
    edge.mark()
    world.run()
    centre.store()
    centre.audit()
    return edge


def asked(connection: psycopg.Connection[Any], *, behind: bool = False) -> SourceFacts:
    (found,) = asking.ask_sources(connection, audit_behind=behind)
    return found


def test_a_source_is_known_by_what_was_read_of_it(
    connection: psycopg.Connection[Any], told: Edge
) -> None:
    """When its edge was heard is the centre's clock; how far apart the two are is the skew."""
    found = asked(connection)

    assert found.source == "adt"
    assert found.last_change_at is not None and found.heard_at is not None
    assert abs((datetime.now(UTC) - found.heard_at).total_seconds()) < 300
    assert found.skew_s is not None and found.skew_s < 0, "the sample is of the past"
    assert (found.quarantined, found.gaps) == (1, 1)
    assert found.quarantined_since is not None and found.gap_since is not None
    assert (found.volume, found.volumes_before) == (None, ())


def test_while_the_audit_is_behind_a_late_mark_says_nothing_of_a_clock(
    connection: psycopg.Connection[Any], told: Edge
) -> None:
    """A clock that is ahead is ahead all the same."""
    assert asked(connection, behind=True).skew_s is None
    connection.execute("UPDATE dsn_store.source_marks SET sent_at = now() + interval '1 hour'")

    skew_s = asked(connection, behind=True).skew_s
    assert skew_s is not None and 3500 < skew_s < 3700


def test_what_is_usual_is_the_same_hour_of_days_before(
    connection: psycopg.Connection[Any], told: Edge
) -> None:
    """Kept as totals, so that no log is read; an hour nobody watched is left out."""
    connection.execute("DELETE FROM dsn_store.source_hours")
    row = connection.execute("SELECT date_trunc('hour', now())").fetchone()
    assert row is not None
    last = row[0] - timedelta(hours=1)
    total = 0
    for day in range(6, -1, -1):
        for hour, changes in (
            (last - timedelta(days=day, hours=1), 5),
            (last - timedelta(days=day), 100 + day),
        ):
            total += changes
            if (day, hour) == (3, last - timedelta(days=3, hours=1)):
                continue  # not watched: the difference over two hours is no hour's
            connection.execute(
                "INSERT INTO dsn_store.source_hours VALUES ('adt', %s, %s)", [hour, total]
            )
    asking.note_volumes(connection)
    found = asked(connection)

    assert found.volume == 100
    assert found.volumes_before == (106, 105, 104, 102, 101)
