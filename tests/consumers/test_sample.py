"""The sample that pages are developed with is a chart like any other."""

from __future__ import annotations

import psycopg
from consumers.sample import insert_sample


def test_the_sample_shows_what_it_is_meant_to_show(conninfo: str) -> None:
    """A full chart, its former id, and a hidden person who is nowhere."""
    sample = insert_sample(conninfo)

    with psycopg.connect(conninfo) as connection:
        shown = connection.execute("SELECT person_id, count(*) FROM dsn.entries GROUP BY 1")
        counts = dict(shown.fetchall())
        leads = connection.execute(
            "SELECT person_id FROM dsn.people_ids WHERE given_id = %s", [sample.former]
        ).fetchone()
    assert counts == {sample.person: 6, sample.bare: 1}
    assert leads == (sample.person,)
