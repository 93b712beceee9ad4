"""The store's tables and the named statements that write them, as a model of what PostgreSQL does.

A test runs the same statements over the same rows here and in a real PostgreSQL and compares every
table. Rows of COPY stay the bytes they came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from dsn_consumers.chain import microseconds as _microseconds
from dsn_consumers.copybinary import blob, int4, int8, microseconds, text
from dsn_deploy.simulation.copied import MILLENNIUM_US, Row, number, texts, word
from dsn_schemas.topics import QUARANTINE, VIEW

#: Table -> primary key -> row.
Tables = dict[str, dict[Any, Any]]

#: Guarded staging tables: target, key columns, the column that must grow.
GUARDED: dict[str, tuple[str, tuple[int, ...], int]] = {
    "write_entries": ("entries", (0, 1), 18),
    "write_links": ("links", (0,), 8),
    "write_settled": ("settled", (0,), 1),
    "write_barriers": ("barriers", (0, 1, 2, 3, 4), 8),
    "write_reviews": ("reviews", (0, 1), 14),
    "write_quarantine": ("quarantine", (0, 1, 2), 12),
}
#: Staging tables of which a row that is there already stays.
KEPT: dict[str, tuple[str, tuple[int, ...]]] = {
    "write_record_sources": ("record_sources", (0, 1)),
    "write_quarantine_ends": ("quarantine_ends", (0, 1, 2)),
    "write_moves": ("moves", (0, 1)),
    "write_decisions": ("decisions", (0, 1)),
}
_STAGED = {
    "write_entries": "staged_entries",
    "write_links": "staged_links",
    "write_settled": "staged_settled",
    "write_barriers": "staged_barriers",
    "write_record_sources": "staged_record_sources",
    "write_quarantine": "staged_quarantine",
    "write_quarantine_ends": "staged_quarantine_ends",
    "write_moves": "staged_moves",
    "write_reviews": "staged_reviews",
    "write_decisions": "staged_decisions",
}
#: Tables written by COPY without staging, and their key.
APPENDED: dict[str, tuple[int, ...]] = {"audit": (0, 1, 2)}

NAMES = (
    "topics", "offsets", "entries", "links", "settled", "record_sources", "search_terms",
    "barriers", "quarantine", "quarantine_ends", "audit", "audit_heads", "source_marks", "source_lanes", "gaps",
    "requests", "identity",
    "moves", "reviews", "decisions",
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
        text(""), int8(-1),
    )  # fmt: skip
    bare = tuple(value[4:] for value in row)
    return _kept(tables, [bare], "quarantine", (0, 1, 2)), []


def _holes(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = holes(tables)
    return len(found), sorted(found)


def holes(tables: Overlay) -> set[tuple[Any, ...]]:
    """``dsn_store.holes``."""
    found = set()
    for (topic, partition, source, epoch), row in tables.rows("source_lanes").items():
        runs = sorted(zip(row["runs_before"], row["runs_last"], strict=True))
        for (_, last), (upto, _) in pairwise(runs):
            if upto > last:
                found.add((topic, partition, source, epoch, last, upto))
    return found | _unread_by_streams(tables)


def _unread_by_streams(tables: Overlay) -> set[tuple[Any, ...]]:
    """Numbers that the audit read and the streams did not, though they are past their place."""
    barriers: dict[tuple[str, int, str, int], list[tuple[int, int]]] = {}
    for row in tables.rows("barriers").values():
        key = (word(row[1]), number(row[2]), word(row[3]), number(row[4]))
        barriers.setdefault(key, []).append((number(row[6]), number(row[5])))
    audited: dict[tuple[str, int, str, int], list[tuple[int, int]]] = {}
    for row in tables.rows("audit").values() if barriers else ():
        key = (word(row[0]), number(row[1]), word(row[3]), number(row[4]))
        audited.setdefault(key, []).append((number(row[5]), number(row[2])))
    found = set()
    for key, told in barriers.items():
        lane = tables.get("source_lanes", key)
        seq, position = max(seq for seq, _ in told), min(position for _, position in told)
        behind = sorted(one for one in audited.get(key, ()) if one[0] > seq)
        if key[2] and lane is not None and lane["complete"] > seq and behind:
            following, offset = behind[0]
            if offset < position:
                found.add((*key, seq, following))
    return found


_GAP = ("topic", "partition", "source", "epoch", "after", "upto")
_GAP_SAID = ("since", "asked", "asked_at", "reason", "explained_by", "explained_at")


def _gaps_known(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = [
        tuple(row[name] for name in (*_GAP, *_GAP_SAID))
        for row in tables.rows("gaps").values()
        if row["closed_at"] is None
    ]
    return len(found), found


def _write_gap(tables: Overlay, staged: Staged, values: Values) -> Answer:
    tables.put("gaps", tuple(values[name] for name in _GAP), dict(values))
    return 1, []


def _add_request(tables: Overlay, staged: Staged, values: Values) -> Answer:
    number = len(tables.rows("requests")) + 1
    tables.put("requests", number, {**values, "published": False})
    return 1, []


def _requests_waiting(tables: Overlay, staged: Staged, values: Values) -> Answer:
    names = ("source", "epoch", "after", "upto", "partition", "fill", "reason")
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = [
        (row["topic"], number, *(row[name] for name in names), at, None)
        for number, row in sorted(tables.rows("requests").items())
        if not row["published"]
    ]
    return len(found), found


def _requests_published(tables: Overlay, staged: Staged, values: Values) -> Answer:
    for one in values["numbers"]:
        tables.put("requests", one, tables.get("requests", one) | {"published": True})
    return len(values["numbers"]), []


def _quarantine_offsets(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = [
        (partition, at)
        for (consumer, topic, partition), at in tables.rows("offsets").items()
        if (consumer, topic) == ("store", QUARANTINE)
    ]
    return len(found), found


def _store_identity(tables: Overlay, staged: Staged, values: Values) -> Answer:
    return 1, [tables.get("identity", "one") or ("store:0", 0)]


def _issue(tables: Overlay, staged: Staged, values: Values) -> Answer:
    store, _ = tables.get("identity", "one") or ("store:0", 0)
    tables.put("identity", "one", (store, values["issued"]))
    return 1, []


def _moving(tables: Overlay, staged: Staged, values: Values) -> Answer:
    """``dsn_store.unsettled`` with the topics of the sources that spoke of each record."""
    links, settled = tables.rows("links"), tables.rows("settled")
    topics = {(source, topic) for topic, _, source, _ in tables.rows("source_lanes")}
    found = []
    for record, source in tables.rows("record_sources"):
        key = (record,)
        if key in links and unsettled(links[key], settled.get(key)):
            found += [(word(record), topic, s) for s, topic in topics if s == word(source)]
    return len(found), found


def unsettled(link: Row, settled: Row | None) -> bool:
    """Whether a record is on its way to another person, or linked to nobody."""
    person, version = word(link[3]), number(link[4])
    arrived = settled is not None and (number(settled[1]), word(settled[2])) == (version, person)
    return not person or ((version > 1 or person != word(link[0])) and not arrived)


def _receipt_progress(tables: Overlay, staged: Staged, values: Values) -> Answer:
    found = receipt_progress(tables)
    return len(found), found


def receipt_progress(tables: Overlay) -> list[tuple[str, str, int, int, int]]:
    """``dsn_store.receipt_progress``: topic, source, epoch, complete in store and audit, seen."""
    contained: dict[tuple[str, str, int], list[int]] = {}
    for row in tables.rows("barriers").values():
        key = (word(row[1]), word(row[3]), number(row[4]))
        contained.setdefault(key, []).append(number(row[6]))
    lanes: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for (topic, _, source, epoch), lane in tables.rows("source_lanes").items():
        lanes.setdefault((topic, source, epoch), []).append(lane)
    view = tables.get("topics", VIEW)
    found = []
    for key, read in lanes.items():
        topic = tables.get("topics", key[0])
        if not key[1] or topic is None:
            continue
        seqs = contained.get(key, [])
        whole = view is not None and len(seqs) >= topic[1] * view[1] and len(read) >= topic[1]
        complete = min([*seqs, *(lane["complete"] for lane in read)]) if whole else 0
        found.append((*key, complete, max(lane["read"] for lane in read)))
    return found


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
    "holes": _holes,
    "gaps_known": _gaps_known,
    # Nobody retries in the simulation, so nothing in quarantine is ever over.
    "settle_quarantine": lambda tables, staged, values: (0, []),
    "write_gap": _write_gap,
    "add_request": _add_request,
    "requests_waiting": _requests_waiting,
    "requests_published": _requests_published,
    "quarantine_offsets": _quarantine_offsets,
    "store_identity": _store_identity,
    "issue": _issue,
    "moving": _moving,
    "receipt_progress": _receipt_progress,
}
