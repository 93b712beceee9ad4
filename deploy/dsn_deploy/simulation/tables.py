"""The store's tables and the named statements that write them, as a model of what PostgreSQL does.

A test runs the same statements over the same rows here and in a real PostgreSQL and compares every
table. Rows of COPY stay the bytes they came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsn_consumers.chain import microseconds as _microseconds
from dsn_consumers.copybinary import blob, int4, int8, microseconds, text
from dsn_deploy.simulation.copied import MILLENNIUM_US, Row, number, texts, word

#: Table -> primary key -> row.
Tables = dict[str, dict[Any, Any]]

#: Guarded staging tables: target, key columns, the column that must grow.
GUARDED: dict[str, tuple[str, tuple[int, ...], int]] = {
    "write_entries": ("entries", (0, 1), 18),
    "write_links": ("links", (0,), 8),
    "write_settled": ("settled", (0,), 1),
    "write_barriers": ("barriers", (0, 1, 2, 3, 4), 8),
}
#: Staging tables of which a row that is there already stays.
KEPT: dict[str, tuple[str, tuple[int, ...]]] = {
    "write_record_sources": ("record_sources", (0, 1)),
    "write_quarantine": ("quarantine", (0, 1, 2)),
}
_STAGED = {
    "write_entries": "staged_entries",
    "write_links": "staged_links",
    "write_settled": "staged_settled",
    "write_barriers": "staged_barriers",
    "write_record_sources": "staged_record_sources",
    "write_quarantine": "staged_quarantine",
}
#: Tables written by COPY without staging, and their key.
APPENDED: dict[str, tuple[int, ...]] = {"audit": (0, 1, 2)}

NAMES = (
    "topics", "offsets", "entries", "links", "settled", "record_sources", "search_terms",
    "barriers", "quarantine", "audit", "audit_heads", "source_marks", "source_lanes",
)  # fmt: skip


class UniqueViolation(Exception):
    """A row with that key is there already."""


@dataclass(slots=True)
class Overlay:
    """The tables as one transaction sees them: what it changed, over what is committed."""

    base: Tables
    changed: Tables = field(default_factory=lambda: {name: {} for name in NAMES})

    def get(self, table: str, key: Any) -> Any:
        """A row, or ``None``."""
        changed = self.changed[table]
        return changed[key] if key in changed else self.base[table].get(key)

    def put(self, table: str, key: Any, row: Any) -> None:
        """Insert, replace or, with ``None``, delete."""
        self.changed[table][key] = row

    def rows(self, table: str) -> dict[Any, Any]:
        """Every row there is."""
        merged = {**self.base[table], **self.changed[table]}
        return {key: row for key, row in merged.items() if row is not None}

    def commit(self) -> None:
        """Make the changes everybody's."""
        for name, rows in self.changed.items():
            table = self.base[name]
            for key, row in rows.items():
                if row is None:
                    table.pop(key, None)
                else:
                    table[key] = row


def empty() -> Tables:
    """A migrated database without a row."""
    return {name: {} for name in NAMES}


def copied(tables: Overlay, table: str, rows: Iterable[Row]) -> None:
    """COPY into a table that is not staged. Raises ``UniqueViolation``."""
    columns = APPENDED[table]
    for row in rows:
        key = tuple(row[column] for column in columns)
        if tables.get(table, key) is not None:
            raise UniqueViolation(table)
        tables.put(table, key, row)


def execute(
    tables: Overlay, staged: Mapping[str, Sequence[Row]], name: str, values: Mapping[str, Any]
) -> tuple[int, list[tuple[Any, ...]]]:
    """Run a named statement: how many rows it touched, and what it answers."""
    if name in GUARDED:
        return _guarded(tables, staged[_STAGED[name]], *GUARDED[name]), []
    if name in KEPT:
        return _kept(tables, staged[_STAGED[name]], *KEPT[name]), []
    return _OTHERS[name](tables, staged, values)


def _guarded(
    tables: Overlay, rows: Sequence[Row], table: str, columns: tuple[int, ...], guard: int
) -> int:
    """INSERT … ON CONFLICT DO UPDATE … WHERE the guard grows."""
    touched = 0
    for row in rows:
        key = tuple(row[column] for column in columns)
        before = tables.get(table, key)
        if before is None or number(before[guard]) < number(row[guard]):
            tables.put(table, key, row)
            touched += 1
    return touched


def _kept(tables: Overlay, rows: Sequence[Row], table: str, columns: tuple[int, ...]) -> int:
    """INSERT … ON CONFLICT DO NOTHING."""
    touched = 0
    for row in rows:
        key = tuple(row[column] for column in columns)
        if tables.get(table, key) is None:
            tables.put(table, key, row)
            touched += 1
    return touched


Answer = tuple[int, list[tuple[Any, ...]]]
Staged = Mapping[str, Sequence[Row]]
Values = Mapping[str, Any]


def _add_topic(tables: Overlay, staged: Staged, values: Values) -> Answer:
    known = tables.get("topics", values["topic"])
    same = known is not None and known[0] == values["topic_id"] and known[1] < values["partitions"]
    if known is None or same:
        tables.put("topics", values["topic"], (values["topic_id"], values["partitions"]))
        return 1, []
    return 0, []


def _topic_ids(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = [(topic, row[0]) for topic, row in tables.rows("topics").items()]
    return len(found), found


def _offsets(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = [
        (topic, partition, at)
        for (consumer, topic, partition), at in tables.rows("offsets").items()
        if consumer == values["consumer"]
    ]
    return len(found), found


def _add_offset(tables: Overlay, staged: Staged, values: Values) -> Answer:
    key = (values["consumer"], values["topic"], values["partition"])
    if tables.get("offsets", key) is not None:
        return 0, []
    tables.put("offsets", key, values["next_offset"])
    return 1, []


def _move_offsets(tables: Overlay, staged: Staged, values: Values) -> Answer:
    moved = 0
    lines = zip(
        values["topics"], values["partitions"], values["before"], values["after"], strict=True
    )
    for topic, partition, before, after in lines:
        key = (values["consumer"], topic, partition)
        if tables.get("offsets", key) == before:
            tables.put("offsets", key, after)
            moved += 1
    return moved, []


def _entry_offset(tables: Overlay, row: Row) -> bytes | None:
    entry = tables.get("entries", (row[0], row[1]))
    return None if entry is None else entry[18]


def _forget_terms(tables: Overlay, staged: Staged, values: Values) -> Answer:
    gone = 0
    for row in staged["staged_terms"]:
        if row[2] != _entry_offset(tables, row):
            continue
        stays = set(zip(texts(row[3]), texts(row[4]), strict=True))
        person = word(row[0])
        for key in list(tables.rows("search_terms")):
            if key[2] == person and key[:2] not in stays:
                tables.put("search_terms", key, None)
                gone += 1
    return gone, []


def _write_terms(tables: Overlay, staged: Staged, values: Values) -> Answer:
    written = 0
    for row in staged["staged_terms"]:
        if row[2] != _entry_offset(tables, row):
            continue
        for kind, term in zip(texts(row[3]), texts(row[4]), strict=True):
            key = (kind, term, word(row[0]))
            if tables.get("search_terms", key) is None:
                tables.put("search_terms", key, True)
                written += 1
    return written, []


def _audit_heads(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = [(*key, *row) for key, row in tables.rows("audit_heads").items()]
    return len(found), found


def _write_head(tables: Overlay, staged: Staged, values: Values) -> Answer:
    tables.put(
        "audit_heads", (values["topic"], values["partition"]), (values["rows"], values["hash"])
    )
    return 1, []


def _source_lanes(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = []
    for key, row in tables.rows("source_lanes").items():
        at = row["captured_at"]
        milliseconds = None if at is None else int(at.timestamp() * 1000)
        found.append(
            (*key, row["runs_before"], row["runs_last"], row["read"], row["changes"],
             row["copies"], row["rejected"], milliseconds)
        )  # fmt: skip
    return len(found), found


def _write_lane(tables: Overlay, staged: Staged, values: Values) -> Answer:
    key = (values["topic"], values["partition"], values["source"], values["epoch"])
    tables.put("source_lanes", key, dict(values))
    return 1, []


#: Columns of ``source_marks`` that only grow; the others are the latest mark's.
_GROWING = ("seq", "received", "duplicate", "sent_at")


def _write_mark(tables: Overlay, staged: Staged, values: Values) -> Answer:
    key = (values["source"], values["epoch"])
    before = tables.get("source_marks", key)
    row = dict(values)
    if before is not None:
        row |= {name: max(before[name], row[name]) for name in _GROWING}
    tables.put("source_marks", key, row)
    return 1, []


def _first_of_numbers(tables: Overlay, staged: Staged, values: Values) -> Answer:
    numbers = set(zip(values["sources"], values["epochs"], values["seqs"], strict=True))
    found: dict[Any, tuple[Any, tuple[Any, ...]]] = {}
    for key, row in tables.rows("audit").items():
        asked = (word(row[3]), number(row[4]), number(row[5]))
        if asked not in numbers:
            continue
        place = (word(key[0]), number(key[1]), number(key[2]))
        if asked not in found or place < found[asked][0]:
            schema = None if row[16] is None else number(row[16])
            captured = number(row[12]) + MILLENNIUM_US
            stated = (row[11], schema, row[10], word(row[6]), word(row[7]), captured)
            found[asked] = (place, (*asked, *stated))
    return len(found), [answer for _, answer in found.values()]


def _put_conflict(tables: Overlay, staged: Staged, values: Values) -> Answer:
    row = (
        text(values["topic"]), int4(values["partition"]), int8(values["offset"]),
        text(values["source"]), int4(values["epoch"]), int8(0), text("audit"),
        text("number-conflict"), text(values["detail"]),
        microseconds(_microseconds(values["captured_at"])), blob(values["payload"]),
    )  # fmt: skip
    bare = tuple(value[4:] for value in row)
    return _kept(tables, [bare], "quarantine", (0, 1, 2)), []


_OTHERS: dict[str, Callable[[Overlay, Staged, Values], Answer]] = {
    "add_topic": _add_topic,
    "topic_ids": _topic_ids,
    "offsets": _offsets,
    "add_offset": _add_offset,
    "move_offsets": _move_offsets,
    "forget_terms": _forget_terms,
    "write_terms": _write_terms,
    "audit_heads": _audit_heads,
    "write_head": _write_head,
    "source_lanes": _source_lanes,
    "write_lane": _write_lane,
    "write_mark": _write_mark,
    "first_of_numbers": _first_of_numbers,
    "put_conflict": _put_conflict,
}
