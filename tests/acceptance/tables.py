"""What the store says, as plain values that two systems can be compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acceptance.system import Rows, System

from dsn_consumers import verify
from dsn_deploy.proof import fold
from dsn_schemas.records import RecordChange

#: Everything a reader may see, without what differs between two runs over the same changes: where
#: in the journal it lay, and when it was stored.
TABLES = {
    "people_records": "SELECT * FROM dsn.people_records ORDER BY person_id, source, authority, number",
    "entries": "SELECT * FROM dsn.entries ORDER BY person_id, section, entry",
    "quarantine": "SELECT source, epoch, seq, stage, reason, detail, captured_at, payload"
    " FROM dsn.quarantine ORDER BY source, epoch, seq",
    "ledger": "SELECT source, shown, superseded, quarantined, in_flight, unexplained"
    " FROM dsn.ledger ORDER BY source",
    "numbers": "SELECT DISTINCT source, epoch, seq, section, op, item_digest, content_digest"
    " FROM dsn.audit ORDER BY source, epoch, seq",
}

_SHOWN = """
    SELECT e.person_id, e.section, e.entry, c.authority || '|' || c.number, c.source, c.item,
        c.epoch, c.seq
    FROM dsn_store.linked_entries AS e
    CROSS JOIN LATERAL jsonb_to_recordset(e.contributors::jsonb)
        AS c (authority text, number text, source text, item text, epoch int, seq bigint)
"""


def tables(system: System) -> dict[str, Rows]:
    """Every table of the reading contract."""
    return {name: system.rows(statement) for name, statement in TABLES.items()}


def assert_whole(
    system: System, changes: list[RecordChange], among: Callable[[str], bool] = lambda _: True
) -> None:
    """The store holds the naive fold of these changes; books balance; the audit chains are whole.

    ``among`` chooses the sources whose books are looked at.
    """
    usable = [c for c in changes if c.section != "rejected"]
    people: dict[str, str] = dict(
        system.rows("SELECT DISTINCT authority || '|' || number, person_id FROM dsn.people_records")
    )
    shown: dict[tuple[str, str, str], set[tuple[str, str, str, int, int]]] = {}
    for person, section, entry, *contributor in system.rows(_SHOWN):
        shown.setdefault((person, section, entry), set()).add(tuple(contributor))

    assert _difference(fold.entries(usable), shown) == []
    spoken = {f"{c.authority}|{c.number}" for c in usable if c.section != "claims"}
    expected = {key: person for key, person in fold.people(usable).items() if key in spoken}
    assert _difference(expected, people) == []
    assert_balanced(system, among)
    assert verify.verify(system.settings.conninfo) == []


def assert_balanced(system: System, among: Callable[[str], bool] = lambda _: True) -> None:
    """Every change of these sources has its one fate."""
    for name, line in system.ledger().items():
        if among(name):
            fates = line.shown + line.superseded + line.duplicate + line.quarantined

            assert (line.in_flight, line.unexplained) == (0, 0), line
            assert line.received == fates, line


def _difference(expected: Mapping[Any, object], found: Mapping[Any, object]) -> list[str]:
    """A few of the differences; whole tables would bury them."""
    keys = sorted(expected.keys() | found.keys())
    differing = [key for key in keys if expected.get(key) != found.get(key)]
    return [f"{key}: expected {expected.get(key)}, found {found.get(key)}" for key in differing[:5]]
