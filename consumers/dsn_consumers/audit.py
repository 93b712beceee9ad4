"""The audit consumer: one row for every record of every establishment's journal, chained.

Copies and unreadable records get a row too; marks, which have no number, move counters instead.
No row holds patient data. Rows, counters and offsets are one transaction.

Other bytes under a number that was taken are no copy: admit dropped them as one, so they go into
quarantine here, and their row carries no number.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from dsn_consumers import copybinary
from dsn_consumers.chain import GENESIS, AuditRow, chained, digest, row_bytes
from dsn_consumers.conflict import Number, Stated, is_repeat
from dsn_consumers.copybinary import (
    NULL,
    blob,
    int2,
    int4,
    int8,
    microseconds,
    text,
    within_calendar,
)
from dsn_consumers.database import statement
from dsn_consumers.intake import Place, Read, Topic
from dsn_consumers.lanes import Lane
from dsn_consumers.ledger_count import Keeper
from dsn_consumers.pump import Pump
from dsn_consumers.stopping import Stop
from dsn_consumers.store import statement_copy
from dsn_schemas.keys import person_id, record_key
from dsn_schemas.records import SourceMark
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.standing import standing
from dsn_schemas.statement import day_of
from dsn_schemas.topics import CHANGES_PREFIX
from dsn_schemas.wire import Codec, Head, UnreadableRecord, decode_content

#: Topic, partition, source, epoch.
LaneKey = tuple[str, int, str, int]

#: A source's name is some 20 characters; one that no index could hold is no name of a source.
SOURCE_CHARS_MAX = 200
#: An outbox gives numbers below 2^40. What is far beyond is no number of a source, and the order
#: of numbers in the ledger, one integer for epoch and number, could not hold it.
_EPOCHS, _SEQS = range(-(2**17), 2**17), range(-(2**44), 2**44)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNREADABLE: dict[str, Any] = {
    "source": "",
    "epoch": 0,
    "seq": 0,
    "section": "unknown",
    "op": "unknown",
    "status": "",
    "item": "",
}


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises ``ConsumerError`` for what a person has to decide."""
    stop = Stop()
    stop.on_signals()
    Keeper(settings.conninfo, stop).start()
    Pump(settings, AuditSink(Codec(RegistryIds(settings))), stop).run()


@dataclass(slots=True)
class Page:
    """What one batch adds to the log, and where it leaves the chains and the counters."""

    lines: list[bytes] = field(default_factory=list)
    #: Rows and last hash of each chain that grew.
    heads: dict[Place, tuple[int, bytes]] = field(default_factory=dict)
    lanes: dict[LaneKey, Lane] = field(default_factory=dict)
    #: Latest mark of each source, epoch and day: its number and what it says.
    marks: dict[tuple[str, int, date], tuple[int, SourceMark]] = field(default_factory=dict)
    #: What was first read under the numbers of this batch.
    first: dict[Number, Stated] = field(default_factory=dict)
    #: Changes that came under a number which other bytes have.
    conflicts: list[tuple[Read, Number, int]] = field(default_factory=list)


class AuditSink:
    """What the audit does with a batch."""

    name = "audit"
    #: Each batch is chained behind the one before it.
    prepares_ahead = False
    said_again = True

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._heads: dict[Place, tuple[int, bytes]] = {}
        self._lanes: dict[LaneKey, Lane] = {}
        self._connection: psycopg.Connection[Any] | None = None

    def wanted(self, topics: Sequence[str]) -> list[str]:
        """The journal of every establishment."""
        return sorted(topic for topic in topics if topic.startswith(CHANGES_PREFIX))

    def complete(self, topics: Sequence[Topic]) -> bool:
        """One establishment is enough to begin; others are found as they appear."""
        return bool(topics)

    def opened(self, connection: psycopg.Connection[Any], topics: Sequence[Topic]) -> None:
        """Load the ends of the chains and the counters."""
        self._connection = connection
        heads = connection.execute(statement("audit_heads"))
        self._heads = {(topic, p): (rows, last) for topic, p, rows, last in heads}
        self._lanes = {}
        for *key, before, last, read, changes, copies, rejected, captured_at in connection.execute(
            statement("source_lanes")
        ):
            topic, partition, source, epoch = key
            self._lanes[topic, partition, source, epoch] = Lane(
                runs=dict(zip(before, last, strict=True)),
                read=read,
                changes=changes,
                copies=copies,
                rejected=rejected,
                captured_at=captured_at or 0,
            )

    def prepare(self, records: Sequence[Read]) -> Page:
        """Rows of the batch, chained behind what is stored; changes nothing of our own."""
        page = Page()
        stored_us = time.time_ns() // 1_000
        numbered: list[tuple[Read, Head | None, bool]] = []
        for read in records:
            head = self._head(read)
            if head is not None and head.fields["op"] == "mark":
                self._mark(page, read, head)
            else:
                numbered.append((read, head, head is not None and self._is_copy(page, read, head)))
        repeated = {_number(head) for _, head, copy in numbered if head is not None and copy}
        page.first = self._first(list(repeated))
        for read, head, copy in numbered:
            conflict = (
                head is not None
                and _number(head) in repeated
                and _conflicts(page, read, head, copy)
            )
            if conflict and head is not None:
                self._lane(page, _lane_key(read, head)).copies -= 1
            self._row(page, read, head, stored_us, conflict=conflict)
        return page

    def write(self, connection: psycopg.Connection[Any], prepared: Page) -> None:
        """Append the rows, and put chains, counters and marks where the batch leaves them."""
        with connection.cursor() as cursor:
            if prepared.lines:
                with cursor.copy(statement_copy("dsn_store.audit")) as copy:
                    copy.write(copybinary.stream(prepared.lines))
            if prepared.heads:
                cursor.executemany(statement("write_head"), _heads(prepared))
            if prepared.lanes:
                cursor.executemany(statement("write_lane"), _lanes(prepared))
            if prepared.marks:
                cursor.executemany(statement("write_mark"), _marks(prepared))
            if prepared.conflicts:
                cursor.executemany(statement("put_conflict"), _conflict_rows(prepared))

    def committed(self, prepared: Page) -> None:
        """Go on from there."""
        self._heads |= prepared.heads
        self._lanes |= prepared.lanes

    def _head(self, read: Read) -> Head | None:
        """The head of a change; ``None`` when it cannot be read. Raises ``UnknownSchema``."""
        try:
            head = self._codec.head(read.value or b"")
        except UnreadableRecord:
            return None
        return head if head.name == "RecordChange" and _storable(head.fields) else None

    def _is_copy(self, page: Page, read: Read, head: Head) -> bool:
        """Note a change in its lane; whether the lane had its number before."""
        fields: dict[str, Any] = head.fields
        if fields["seq"] <= 0:
            return False
        return not self._lane(page, _lane_key(read, head)).change(
            fields["seq"],
            fields["previous"],
            rejected=fields["section"] == "rejected" and fields["op"] == "upsert",
            captured_at=within_calendar(fields["captured_at"]),
        )

    def _first(self, numbers: Sequence[Number]) -> dict[Number, Stated]:
        """What the log has under these numbers."""
        if not numbers or self._connection is None:
            return {}
        values = {
            "sources": [number.source for number in numbers],
            "epochs": [number.epoch for number in numbers],
            "seqs": [number.seq for number in numbers],
        }
        rows = self._connection.execute(statement("first_of_numbers"), values)
        return {Number(*row[:3]): Stated(*row[3:]) for row in rows}

    def _row(
        self, page: Page, read: Read, head: Head | None, stored_us: int, *, conflict: bool
    ) -> None:
        fields: dict[str, Any] = _UNREADABLE if head is None else head.fields
        source = _plain(fields["source"])
        record = "" if head is None else _record_id(fields)
        captured_ms = within_calendar(read.at if head is None else fields["captured_at"])
        row = AuditRow(
            topic=read.topic,
            partition=read.partition,
            offset=read.offset,
            source=source,
            epoch=fields["epoch"],
            seq=0 if conflict else fields["seq"],
            section=fields["section"],
            op=fields["op"],
            standing=standing(fields["section"], fields["op"], fields["status"]),
            record_id=record,
            item_digest=digest(source, record, fields["section"], fields["item"]),
            content_digest=hashlib.sha256(read.value or b"").digest(),
            captured_us=captured_ms * 1_000,
            stored_us=stored_us,
        )
        place = (read.topic, read.partition)
        rows, previous = page.heads.get(place) or self._heads.get(place) or (0, GENESIS)
        last = chained(previous, row_bytes(row))
        page.heads[place] = (rows + 1, last)
        page.lines.append(_line(row, previous, last, None if head is None else head.schema_id))

    def _mark(self, page: Page, read: Read, head: Head) -> None:
        fields: dict[str, Any] = head.fields
        source, epoch = _plain(fields["source"]), fields["epoch"]
        lane = self._lane(page, (read.topic, read.partition, source, epoch))
        lane.mark(fields["seq"], fields["previous"])
        try:
            said = decode_content(head.content)
        except UnreadableRecord:
            return  # a mark without its counts still says how far the source is
        if not isinstance(said, SourceMark):
            return
        key = source, epoch, day_of(within_calendar(said.sent_at))
        known = page.marks.get(key)
        if known is None or known[0] <= fields["seq"]:
            page.marks[key] = (fields["seq"], said)

    def _lane(self, page: Page, key: LaneKey) -> Lane:
        lane = page.lanes.get(key)
        if lane is None:
            known = self._lanes.get(key)
            lane = page.lanes[key] = Lane() if known is None else known.copy()
        return lane


def _number(head: Head) -> Number:
    fields: dict[str, Any] = head.fields
    return Number(_plain(fields["source"]), fields["epoch"], fields["seq"])


def _lane_key(read: Read, head: Head) -> LaneKey:
    number = _number(head)
    return read.topic, read.partition, number.source, number.epoch


def _conflicts(page: Page, read: Read, head: Head, copy: bool) -> bool:
    """Whether a change came under a number that other bytes have; the first keeps it."""
    fields: dict[str, Any] = head.fields
    number, record = _number(head), _record_id(fields)
    stated = Stated(
        hashlib.sha256(read.value or b"").digest(),
        head.schema_id,
        digest(number.source, record, fields["section"], fields["item"]),
        fields["section"],
        fields["op"],
        within_calendar(fields["captured_at"]) * 1_000,
    )
    # What is impossible by itself is set aside by admit, whatever it repeats.
    if not copy or not 0 <= fields["previous"] < fields["seq"]:
        page.first.setdefault(number, stated)
        return False
    first = page.first.get(number)
    if first is not None and is_repeat(stated, first):
        return False
    page.conflicts.append((read, number, fields["captured_at"]))
    return True


def _conflict_rows(page: Page) -> list[dict[str, object]]:
    return [
        {
            "topic": read.topic,
            "partition": read.partition,
            "offset": read.offset,
            "source": number.source,
            "epoch": number.epoch,
            "detail": f"number {number.seq} of epoch {number.epoch} was taken by other bytes: the"
            " outbox was restored, or numbers are forged; find out, then take the message in again",
            "captured_at": _at(within_calendar(captured_at) * 1_000),
            "payload": read.value or b"",
        }
        for read, number, captured_at in page.conflicts
    ]


def _storable(fields: dict[str, Any]) -> bool:
    """Do source and numbers fit the columns? What does not is a row like any unreadable one."""
    numbered = fields["epoch"] in _EPOCHS and fields["seq"] in _SEQS and fields["previous"] in _SEQS
    return numbered and len(fields["source"]) <= SOURCE_CHARS_MAX


def _record_id(fields: dict[str, Any]) -> str:
    try:
        return person_id(record_key(fields["authority"], fields["number"]))
    except ValueError:  # admit sets it aside; here it is a row like any other
        return ""


def _plain(name: str) -> str:
    return name.replace("\x00", "\ufffd")


def _at(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _line(row: AuditRow, previous: bytes, last: bytes, schema_id: int | None) -> bytes:
    return copybinary.row(
        text(row.topic),
        int4(row.partition),
        int8(row.offset),
        text(row.source),
        int4(row.epoch),
        int8(row.seq),
        text(row.section),
        text(row.op),
        int2(row.standing),
        text(row.record_id),
        blob(row.item_digest),
        blob(row.content_digest),
        microseconds(row.captured_us),
        microseconds(row.stored_us),
        blob(previous),
        blob(last),
        NULL if schema_id is None else int4(schema_id),
    )


def _heads(page: Page) -> list[dict[str, object]]:
    return [
        {"topic": topic, "partition": partition, "rows": rows, "hash": last}
        for (topic, partition), (rows, last) in page.heads.items()
    ]


def _lanes(page: Page) -> list[dict[str, object]]:
    return [
        {
            "topic": topic,
            "partition": partition,
            "source": source,
            "epoch": epoch,
            "complete": lane.complete,
            "read": lane.read,
            "changes": lane.changes,
            "copies": lane.copies,
            "rejected": lane.rejected,
            "captured_at": _at(lane.captured_at * 1_000) if lane.captured_at else None,
            "runs_before": list(lane.runs),
            "runs_last": list(lane.runs.values()),
        }
        for (topic, partition, source, epoch), lane in page.lanes.items()
    ]


def _marks(page: Page) -> list[dict[str, object]]:
    return [
        {
            "source": source,
            "epoch": epoch,
            "seq": seq,
            "received": said.received,
            "duplicate": said.duplicate,
            "sent_at": _at(within_calendar(said.sent_at) * 1_000),
            "unconfirmed": said.unconfirmed,
            "unconfirmed_since": _at(within_calendar(said.unconfirmed_since) * 1_000)
            if said.unconfirmed_since
            else None,
            "outbox_bytes": said.outbox_bytes,
            "outbox_bytes_max": said.outbox_bytes_max,
            "disk_free_bytes": said.disk_free_bytes,
            "disk_free_bytes_min": said.disk_free_bytes_min,
        }
        for (source, epoch, _), (seq, said) in sorted(
            page.marks.items(), key=lambda mark: mark[1][0]
        )
    ]
