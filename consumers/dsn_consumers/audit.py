"""The audit consumer: one row for every record of every establishment's journal, chained.

Copies and unreadable records get a row too; marks, which have no number, move counters instead.
No row holds patient data. Rows, counters and offsets are one transaction.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from dsn_consumers import copybinary
from dsn_consumers.chain import GENESIS, AuditRow, chained, digest, row_bytes
from dsn_consumers.copybinary import blob, int2, int4, int8, microseconds, text, within_calendar
from dsn_consumers.database import statement
from dsn_consumers.intake import Place, Read, Topic
from dsn_consumers.lanes import Lane
from dsn_consumers.pump import Pump
from dsn_consumers.stopping import Stop
from dsn_consumers.store import statement_copy
from dsn_schemas.keys import person_id, record_key
from dsn_schemas.records import SourceMark
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.standing import standing
from dsn_schemas.topics import CHANGES_PREFIX
from dsn_schemas.wire import Codec, Head, UnreadableRecord, decode_content

#: Topic, partition, source, epoch.
LaneKey = tuple[str, int, str, int]

#: A source's name is some 20 characters; one that no index could hold is no name of a source.
SOURCE_CHARS_MAX = 200
#: What the columns hold: a number beyond them is no number of a source.
_EPOCHS, _SEQS = range(-(2**31), 2**31), range(-(2**63), 2**63)

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
    Pump(settings, AuditSink(Codec(RegistryIds(settings))), stop).run()


@dataclass(slots=True)
class Page:
    """What one batch adds to the log, and where it leaves the chains and the counters."""

    lines: list[bytes] = field(default_factory=list)
    #: Rows and last hash of each chain that grew.
    heads: dict[Place, tuple[int, bytes]] = field(default_factory=dict)
    lanes: dict[LaneKey, Lane] = field(default_factory=dict)
    #: Latest mark of each source and epoch: its number and what it says.
    marks: dict[tuple[str, int], tuple[int, SourceMark]] = field(default_factory=dict)


class AuditSink:
    """What the audit does with a batch."""

    name = "audit"
    #: Each batch is chained behind the one before it.
    prepares_ahead = False

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._heads: dict[Place, tuple[int, bytes]] = {}
        self._lanes: dict[LaneKey, Lane] = {}

    def wanted(self, topics: Sequence[str]) -> list[str]:
        """The journal of every establishment."""
        return sorted(topic for topic in topics if topic.startswith(CHANGES_PREFIX))

    def complete(self, topics: Sequence[Topic]) -> bool:
        """One establishment is enough to begin; others are found as they appear."""
        return bool(topics)

    def opened(self, connection: psycopg.Connection[Any], topics: Sequence[Topic]) -> None:
        """Load the ends of the chains and the counters."""
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
        for read in records:
            head = self._head(read)
            if head is not None and head.fields["op"] == "mark":
                self._mark(page, read, head)
            else:
                self._row(page, read, head, stored_us)
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

    def _row(self, page: Page, read: Read, head: Head | None, stored_us: int) -> None:
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
            seq=fields["seq"],
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
        page.lines.append(_line(row, previous, last))
        if row.seq > 0:
            lane = self._lane(page, (read.topic, read.partition, source, row.epoch))
            rejected = row.section == "rejected"
            lane.change(row.seq, fields["previous"], rejected=rejected, captured_at=captured_ms)

    def _mark(self, page: Page, read: Read, head: Head) -> None:
        fields: dict[str, Any] = head.fields
        source, epoch = _plain(fields["source"]), fields["epoch"]
        lane = self._lane(page, (read.topic, read.partition, source, epoch))
        lane.mark(fields["seq"], fields["previous"])
        try:
            said = decode_content(head.content)
        except UnreadableRecord:
            return  # a mark without its counts still says how far the source is
        known = page.marks.get((source, epoch))
        if isinstance(said, SourceMark) and (known is None or known[0] <= fields["seq"]):
            page.marks[source, epoch] = (fields["seq"], said)

    def _lane(self, page: Page, key: LaneKey) -> Lane:
        lane = page.lanes.get(key)
        if lane is None:
            known = self._lanes.get(key)
            lane = page.lanes[key] = Lane() if known is None else known.copy()
        return lane


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


def _line(row: AuditRow, previous: bytes, last: bytes) -> bytes:
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
        }
        for (source, epoch), (seq, said) in page.marks.items()
    ]
