"""From what dsn.view, dsn.identity.links and dsn.quarantine hold to rows; nothing is done here.

Of a key written several times in a batch only the last counts, and only that one is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dsn_consumers.copybinary import int8, row, text
from dsn_consumers.errors import BrokenRecord
from dsn_consumers.intake import Read
from dsn_consumers.search import terms
from dsn_consumers.table_rows import (
    barrier_row,
    decision_row,
    entry_digest,
    entry_row,
    gone_row,
    link_row,
    move_row,
    quarantine_end_row,
    quarantine_row,
    review_row,
    terms_row,
)
from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import SEPARATOR, partition_of, person_id, record_key
from dsn_schemas.records import (
    QuarantinedChange,
    QuarantineEnd,
    RecordChange,
    RecordLink,
    RecordSettled,
    ReviewPair,
    ViewBarrier,
)
from dsn_schemas.topics import IDENTITY_LINKS, IDENTITY_REVIEWS, QUARANTINE, changes_topic
from dsn_schemas.wire import Codec, UnreadableRecord, read_content

#: The journal of the stewards.
DECISIONS = changes_topic(STEWARD)
#: Topics whose records do not replace each other.
_KEPT_WHOLE = frozenset((QUARANTINE, DECISIONS))

_BARRIER = b"|barrier|"
_SETTLED = b"|settled|"

Typed = TypeVar("Typed")


@dataclass(slots=True)
class Rows:
    """Rows of binary COPY for each staging table, by its name."""

    staged_entries: list[bytes] = field(default_factory=list)
    staged_terms: list[bytes] = field(default_factory=list)
    staged_record_sources: list[bytes] = field(default_factory=list)
    staged_links: list[bytes] = field(default_factory=list)
    staged_settled: list[bytes] = field(default_factory=list)
    staged_barriers: list[bytes] = field(default_factory=list)
    staged_quarantine: list[bytes] = field(default_factory=list)
    staged_quarantine_ends: list[bytes] = field(default_factory=list)
    staged_moves: list[bytes] = field(default_factory=list)
    staged_reviews: list[bytes] = field(default_factory=list)
    staged_decisions: list[bytes] = field(default_factory=list)
    #: (record id, source) of the staged record sources.
    spoken: set[tuple[str, str]] = field(default_factory=set)
    #: Newest settled marker of each record id.
    settled: dict[str, RecordSettled] = field(default_factory=dict)


class Encoder:
    """Makes rows of records."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        #: Partitions of dsn.view: the guard by offset holds because a key has one partition.
        self.view_partitions = 1
        #: (record id, source) that are known to stand in the table.
        self.written: set[tuple[str, str]] = set()

    def rows(self, records: Sequence[Read]) -> Rows:
        """Rows of a batch, in which every key stands once.

        Raises ``BrokenRecord`` for what no stage of ours can have meant, ``UnknownSchema`` while
        a schema cannot be had.
        """
        rows = Rows()
        last = {id(read) for read in newest(records)}
        for read in records:
            if id(read) not in last and read.topic != IDENTITY_LINKS:
                continue
            try:
                if read.topic == IDENTITY_LINKS:
                    self._link(rows, read, id(read) in last)
                else:
                    self._add(rows, read)
            except (UnreadableRecord, ValueError, struct.error) as error:
                where = f"{read.topic}[{read.partition}] offset {read.offset}"
                why = str(error) if isinstance(error, UnreadableRecord) else type(error).__name__
                raise BrokenRecord(f"{where}: {why}; it was written by a stage of ours") from None
        rows.spoken -= self.written
        rows.staged_record_sources = [row(text(r), text(s)) for r, s in sorted(rows.spoken)]
        rows.staged_settled = [
            row(text(record), int8(settled.version), text(settled.person))
            for record, settled in rows.settled.items()
        ]
        return rows

    def _add(self, rows: Rows, read: Read) -> None:
        key = read.key or b""
        if read.topic == QUARANTINE:
            self._aside(rows, read)
        elif read.topic == IDENTITY_REVIEWS:
            if read.value is not None:
                rows.staged_reviews.append(review_row(self._typed(read, ReviewPair), read))
        elif read.topic == DECISIONS:
            self._decision(rows, read)
        elif key.startswith(_BARRIER):
            rows.staged_barriers.append(barrier_row(self._typed(read, ViewBarrier), read))
        elif key.startswith(_SETTLED):
            self._settle(rows, read)
        else:
            self._entry(rows, read, key.decode())

    def _aside(self, rows: Rows, read: Read) -> None:
        said = None if read.value is None else self._codec.decode(read.value)
        if isinstance(said, QuarantineEnd):
            rows.staged_quarantine_ends.append(quarantine_end_row(said))
        else:
            change = self._typed(read, QuarantinedChange)
            rows.staged_quarantine.append(quarantine_row(change, read))

    def _link(self, rows: Rows, read: Read, last: bool) -> None:
        """A link, and the move that it is: of several moves in a batch none is forgotten."""
        link = None if read.value is None else self._typed(read, RecordLink)
        if link is not None and link.previous:
            rows.staged_moves.append(move_row(link, read))
        if last:
            rows.staged_links.append(link_row(link, (read.key or b"").decode(), read))

    def _decision(self, rows: Rows, read: Read) -> None:
        """A steward's change. What is none is in quarantine already: admit reads the same topic."""
        with suppress(UnreadableRecord, ValueError, struct.error):
            change = self._typed(read, RecordChange)
            if change.source == STEWARD and change.op != "mark":
                rows.staged_decisions.append(decision_row(change, read))

    def _settle(self, rows: Rows, read: Read) -> None:
        if read.value is None:  # compaction making room: what arrived stays arrived
            return
        settled = self._typed(read, RecordSettled)
        record = person_id(record_key(settled.authority, settled.number))
        before = rows.settled.get(record)
        # Markers of one record stand in the partitions of several people: no order but the version.
        if before is None or before.version < settled.version:
            rows.settled[record] = settled

    def _entry(self, rows: Rows, read: Read, key: str) -> None:
        person, section, entry = _split_view_key(key)
        if partition_of(person, self.view_partitions) != read.partition:
            raise UnreadableRecord(f"a person of another partition than {read.partition}")
        digest = entry_digest(section, entry)
        if read.value is None:
            rows.staged_entries.append(gone_row(person, digest, section, entry, read))
            if section == "demographics":
                rows.staged_terms.append(terms_row(person, digest, [], read))
            return
        head = self._codec.head(read.value)
        fields: dict[str, Any] = head.fields
        if head.name != "ViewEntry" or (fields["person"], fields["section"]) != (person, section):
            raise UnreadableRecord(f"a {head.name} that its key does not name")
        content = read_content(head.content)
        records = [person_id(f"{c['authority']}|{c['number']}") for c in fields["contributors"]]
        sources = [c["source"] for c in fields["contributors"]]
        rows.spoken.update(zip(records, sources, strict=True))
        if section == "demographics":
            found = [] if content is None else sorted(terms(content[1]))
            rows.staged_terms.append(terms_row(person, digest, found, read))
        rows.staged_entries.append(
            entry_row(digest, entry, fields, content, tuple(records), tuple(sources), read)
        )

    def _typed(self, read: Read, kind: type[Typed]) -> Typed:
        record = None if read.value is None else self._codec.decode(read.value)
        if not isinstance(record, kind):
            raise UnreadableRecord(f"{type(record).__name__} where a {kind.__name__} belongs")
        return record


def newest(records: Sequence[Read]) -> Iterable[Read]:
    """The last record of each key, and every record of a topic that is not compacted."""
    return {
        (r.topic, r.partition, r.offset if r.topic in _KEPT_WHOLE else r.key): r for r in records
    }.values()


def _split_view_key(key: str) -> tuple[str, str, str]:
    person, _, rest = key.partition(SEPARATOR)
    section, separator, entry = rest.partition(SEPARATOR)
    if not person or not section or not separator:
        raise UnreadableRecord("a key that names no entry")
    return person, section, entry
