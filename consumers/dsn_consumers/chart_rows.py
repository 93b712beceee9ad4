"""From what dsn.view, dsn.identity.links and dsn.quarantine hold to rows; nothing is done here.

Of a key written several times in a batch only the last counts, and only that one is decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar, cast

from fastavro import schemaless_reader

from dsn_consumers.copytext import NULL, blob, document, instant, line, numbers, text, texts
from dsn_consumers.errors import BrokenRecord
from dsn_consumers.intake import Read
from dsn_consumers.search import terms
from dsn_schemas.keys import SEPARATOR, partition_of, person_id, record_key, split_record_key
from dsn_schemas.records import QuarantinedChange, RecordLink, RecordSettled, ViewBarrier
from dsn_schemas.topics import IDENTITY_LINKS, QUARANTINE
from dsn_schemas.wire import Codec, UnreadableRecord, content_schema

_BARRIER = b"|barrier|"
_SETTLED = b"|settled|"

Typed = TypeVar("Typed")


@dataclass(slots=True)
class Rows:
    """Lines of COPY text for each staging table, by its name."""

    staged_entries: list[bytes] = field(default_factory=list)
    staged_terms: list[bytes] = field(default_factory=list)
    staged_record_sources: list[bytes] = field(default_factory=list)
    staged_links: list[bytes] = field(default_factory=list)
    staged_settled: list[bytes] = field(default_factory=list)
    staged_barriers: list[bytes] = field(default_factory=list)
    staged_quarantine: list[bytes] = field(default_factory=list)
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
        for read in newest(records):
            try:
                self._add(rows, read)
            except (UnreadableRecord, ValueError) as error:
                where = f"{read.topic}[{read.partition}] offset {read.offset}"
                why = str(error) if isinstance(error, UnreadableRecord) else type(error).__name__
                raise BrokenRecord(f"{where}: {why}; it was written by a stage of ours") from None
        rows.staged_record_sources = [line(text(r), text(s)) for r, s in sorted(rows.spoken)]
        rows.staged_settled = [
            line(text(record), b"%d" % settled.version, text(settled.person))
            for record, settled in rows.settled.items()
        ]
        return rows

    def _add(self, rows: Rows, read: Read) -> None:
        key = read.key or b""
        if read.topic == QUARANTINE:
            rows.staged_quarantine.append(quarantine_line(self._typed(read, QuarantinedChange)))
        elif read.topic == IDENTITY_LINKS:
            link = None if read.value is None else self._typed(read, RecordLink)
            rows.staged_links.append(link_line(link, key.decode(), read))
        elif key.startswith(_BARRIER):
            rows.staged_barriers.append(barrier_line(self._typed(read, ViewBarrier), read))
        elif key.startswith(_SETTLED):
            self._settle(rows, read)
        else:
            self._entry(rows, read, key.decode())

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
            rows.staged_entries.append(_tombstone_line(person, digest, section, entry, read))
            return
        head = self._codec.head(read.value)
        fields: dict[str, Any] = head.fields
        if head.name != "ViewEntry" or (fields["person"], fields["section"]) != (person, section):
            raise UnreadableRecord(f"a {head.name} that its key does not name")
        content_type, content = _content(head.content)
        contributors = cast(list[dict[str, Any]], fields["contributors"])
        records = [person_id(record_key(c["authority"], c["number"])) for c in contributors]
        sources = [c["source"] for c in contributors]
        rows.spoken |= set(zip(records, sources, strict=True)) - self.written
        if section == "demographics" and content is not None:
            rows.staged_terms += [
                line(text(person), digest, b"%d" % read.offset, text(kind), text(term))
                for kind, term in sorted(terms(content))
            ]
        rows.staged_entries.append(
            line(
                text(person),
                digest,
                text(section),
                text(entry),
                text(fields["status"]),
                texts(fields["conflicts"]),
                instant(fields["as_of"]).encode(),
                text(content_type),
                NULL if content is None else document(content),
                document([_contributor(c) for c in contributors]),
                document(fields["provenance"]),
                texts(dict.fromkeys(records)),
                texts(sources),
                numbers([c["epoch"] for c in contributors]),
                numbers([c["seq"] for c in contributors]),
                b"f",
                b"%d" % read.partition,
                b"%d" % read.offset,
            )
        )

    def _typed(self, read: Read, kind: type[Typed]) -> Typed:
        record = None if read.value is None else self._codec.decode(read.value)
        if not isinstance(record, kind):
            raise UnreadableRecord(f"{type(record).__name__} where a {kind.__name__} belongs")
        return record


def newest(records: Sequence[Read]) -> Iterable[Read]:
    """The last record of each key, and every record of a topic that is not compacted."""
    return {
        (r.topic, r.partition, r.offset if r.topic == QUARANTINE else r.key): r for r in records
    }.values()


def entry_digest(section: str, entry: str) -> bytes:
    """Key of an entry within its person, as a UUID in hexadecimal."""
    return hashlib.sha256(f"{section}{SEPARATOR}{entry}".encode()).hexdigest()[:32].encode()


def link_line(link: RecordLink | None, key: str, read: Read) -> bytes:
    """A row of ``links``; a link withdrawn (``None``) leaves the record with nobody."""
    if link is None:
        authority, number = split_record_key(key)
        link = RecordLink(authority=authority, number=number, person="", version=0)
    return line(
        text(person_id(record_key(link.authority, link.number))),
        text(link.authority),
        text(link.number),
        text(link.person),
        b"%d" % link.version,
        text(link.previous),
        texts(link.reasons),
        b"%d" % read.partition,
        b"%d" % read.offset,
    )


def barrier_line(barrier: ViewBarrier, read: Read) -> bytes:
    """A row of ``barriers``."""
    return line(
        b"%d" % read.partition,
        text(barrier.topic),
        b"%d" % barrier.partition,
        text(barrier.source),
        b"%d" % barrier.epoch,
        b"%d" % barrier.position,
        b"%d" % barrier.seq,
        instant(barrier.as_of).encode() if barrier.as_of else NULL,
        b"%d" % read.offset,
    )


def quarantine_line(change: QuarantinedChange) -> bytes:
    """A row of ``quarantine``."""
    return line(
        text(change.topic),
        b"%d" % change.partition,
        b"%d" % change.offset,
        text(change.source),
        b"%d" % change.epoch,
        b"%d" % change.seq,
        text(change.stage),
        text(change.reason),
        text(change.detail),
        instant(change.captured_at).encode(),
        blob(change.payload),
    )


def _tombstone_line(person: str, digest: bytes, section: str, entry: str, read: Read) -> bytes:
    nothing = b"{}"
    return line(
        *(text(person), digest, text(section), text(entry), b"", nothing),
        *(instant(0).encode(), b"", NULL, b"[]", b"[]", nothing, nothing, nothing, nothing),
        *(b"t", b"%d" % read.partition, b"%d" % read.offset),
    )


def _split_view_key(key: str) -> tuple[str, str, str]:
    person, _, rest = key.partition(SEPARATOR)
    section, separator, entry = rest.partition(SEPARATOR)
    if not person or not section or not separator:
        raise UnreadableRecord("a key that names no entry")
    return person, section, entry


def _content(data: bytes) -> tuple[str, dict[str, Any] | None]:
    """Record type and fields of an encoded content; empty and ``None`` when it was deleted."""
    value = schemaless_reader(
        BytesIO(data),
        content_schema(),
        None,
        return_record_name=True,
        return_record_name_override=True,
    )
    if value is None:
        return "", None
    name, fields = cast(tuple[str, dict[str, Any]], value)
    return name.rpartition(".")[2], fields


def _contributor(fields: dict[str, Any]) -> dict[str, Any]:
    fields["occurred_at"] = instant(fields["occurred_at"])
    fields["captured_at"] = instant(fields["captured_at"])
    return fields
