"""Stage 1: take in what establishments publish. Check, number, de-duplicate, route to a person.

Reads one lane of every ``dsn.changes.*`` topic and the same lane of ``dsn.identity.links``, so that
a record has one writer: its contributions and the hand-over that follows a new link leave in one
order. Sends each change to the person its record belongs to; a change of a record without a link
waits for it (``held``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from dsn_schemas import replays
from dsn_schemas.keys import SEPARATOR, partition_of, person_id, record_key
from dsn_schemas.records import (
    QuarantinedChange,
    QuarantineEnd,
    RecordLink,
    RejectedMessage,
    Section,
)
from dsn_schemas.topics import (
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    QUARANTINE,
    REPLAYS,
)
from dsn_schemas.wire import (
    Codec,
    Head,
    UnreadableRecord,
    check_content,
    decode_content,
    encode_content,
)
from dsn_streams import contribution as messages
from dsn_streams.contribution import (
    OP_NUMBERS,
    SECTION_NUMBERS,
    Again,
    Barrier,
    Contribution,
    Handover,
    Settled,
)
from dsn_streams.entries import entry_of
from dsn_streams.held import Held, Place, SourceKey, Waiting
from dsn_streams.held import decode as decode_waiting
from dsn_streams.numbering import SourceProgress
from dsn_streams.stage import Batch, Decision, InputRecord, Output, State

#: A record nobody has said anything about yet, except where it belongs.
_NEVER = (1 << 62) - 1

_ROUTED = frozenset(SECTION_NUMBERS) - {"unknown", "claims", "rejected", "marks"}


class RecordRow(msgspec.Struct, array_like=True):
    """What admit knows of a record; state row ``r<record key>``."""

    person: str
    #: Link version, 0 before the first link.
    version: int
    #: Earliest captured_at of any change of the record, milliseconds.
    first_captured_at: int


_encode = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(RecordRow).decode
_decode_progress = msgspec.msgpack.Decoder(SourceProgress).decode
_decode_source_key = msgspec.msgpack.Decoder(tuple[str, int, str, int]).decode
_NULL_CONTENT = encode_content(None)


class Admit:
    """The stage of one lane."""

    def __init__(self, codec: Codec, partitions: int) -> None:
        self._codec = codec
        self._partitions = partitions
        self._progress: dict[SourceKey, SourceProgress] = {}
        self._held = Held()
        #: Next offset of each partition of a journal, as far as it was ever told.
        self._ends: dict[Place, int] = {}

    def opened(self, state: State) -> None:
        """See ``Stage``."""
        self._progress = {
            _decode_source_key(key[1:]): _decode_progress(value) for key, value in state.scan(b"s")
        }
        self._held = Held.of(state)
        self._ends = {}
        for (topic, partition, _, _), progress in self._progress.items():
            place = (topic, partition)
            self._ends[place] = max(self._ends.get(place, 0), progress.position)

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """See ``Stage``.

        Raises ``UnknownSchema`` when a schema cannot be had yet: the batch is tried again.
        """
        turn = _Turn(self, state, batches)
        turn.take()
        turn.barriers(batches)
        return turn.decision()

    def derived(self, key: bytes, value: bytes) -> Iterable[tuple[bytes, bytes]]:
        """See ``Stage``: nothing follows from its rows."""
        return ()


class _Taken(NamedTuple):
    """A record of the turn, read as far as it can be without the state."""

    batch: Batch
    record: InputRecord
    #: A link, the head of a change or mark, or why it is neither.
    said: RecordLink | Head | UnreadableRecord
    #: Put through again: numbered long ago.
    again: bool = False
    #: Put through again because it is in quarantine.
    retry: bool = False


@dataclass(slots=True)
class _Original:
    """The record of the journal that is put through again."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class _Turn:
    """One call of ``decide``: reads every row once, writes every changed row once."""

    def __init__(self, admit: Admit, state: State, batches: Sequence[Batch]) -> None:
        self._admit = admit
        self._codec = admit._codec
        self._partitions = admit._partitions
        self._outputs: list[Output] = []
        self._dirty: set[str] = set()
        self._moved: set[SourceKey] = set()
        self._held = admit._held
        #: Rows of what waits: written in this turn, and read because its record gets its link.
        self._waiting: dict[bytes, bytes | None] = {}
        #: Partitions of which something waits no more.
        self._freed: set[Place] = set()
        self._progress = {key: _copied(value) for key, value in admit._progress.items()}
        self._taken = [taken for batch in batches for taken in self._read(batch)]
        keys = {_key_of(taken.said) for taken in self._taken}
        rows = [b"r" + key.encode() for key in keys if key]
        links = [taken.said for taken in self._taken if isinstance(taken.said, RecordLink)]
        waited = [
            key
            for link in links
            for key in self._held.keys(record_key(link.authority, link.number))
        ]
        found = state.get_many(rows + waited)
        self._waited = {key: found.pop(key) for key in waited if key in found}
        self._rows = {key[1:].decode(): _decode_record(value) for key, value in found.items()}

    def take(self) -> None:
        """Take every record in, in order."""
        for batch, record, said, again, retry in self._taken:
            match said:
                case Head():
                    if said.fields["op"] != "mark":
                        self._changed(batch, record, said, again=again, retry=retry)
                    elif not again:
                        self._marked(batch, said.fields)
                case RecordLink():
                    self._linked(record_key(said.authority, said.number), said)
                case UnreadableRecord():
                    self._quarantine(batch, record, None, "unreadable-record", str(said))

    def decision(self) -> Decision:
        """The outputs, and the rows that changed."""
        writes = self._waiting
        writes.update((b"r" + key.encode(), _encode(self._rows[key])) for key in self._dirty)
        for source in self._moved:
            writes[b"s" + _encode(source)] = _encode(self._progress[source])
        self._admit._progress = self._progress
        return Decision(outputs=self._outputs, writes=writes)

    def _read(self, batch: Batch) -> Iterator[_Taken]:
        if batch.topic == IDENTITY_LINKS:
            for record in batch.records:
                link = self._codec.decode(record.value or b"")
                if not isinstance(link, RecordLink):
                    kind = type(link).__name__
                    raise TypeError(f"{IDENTITY_LINKS} holds a {kind}, not a RecordLink")
                yield _Taken(batch, record, link)
            return
        if batch.topic == REPLAYS:
            for record in batch.records:
                one = replays.decode(record.value or b"")
                original = _Original(one.offset, one.timestamp, record.key, one.value)
                origin = Batch(one.topic, one.partition, (original,))
                yield _Taken(origin, original, self._head(one.value), again=True, retry=one.retry)
            return
        for record in batch.records:
            yield _Taken(batch, record, self._head(record.value or b""))

    def _head(self, value: bytes) -> Head | UnreadableRecord:
        """The head of a change, or why there is none."""
        try:
            head = self._codec.head(value)
        except UnreadableRecord as error:
            return error
        if head.name != "RecordChange":
            return UnreadableRecord(f"a {head.name} is not a RecordChange")
        return head

    # --- one step each -------------------------------------------------------------------------

    def _marked(self, batch: Batch, fields: Any) -> None:
        key, progress = self._source(batch, fields)
        progress.mark(fields["seq"], fields["previous"], fields["captured_at"])
        self._moved.add(key)

    def _changed(
        self, batch: Batch, record: InputRecord, head: Head, *, again: bool, retry: bool
    ) -> None:
        fields: Any = head.fields
        impossible = _is_impossible(fields)
        if not impossible and not again and not self._numbered(batch, fields):
            return
        if fields["section"] == "rejected" and not impossible:
            self._rejected(batch, record, head)
            return
        wrong = unusable(head)
        if wrong is not None:
            self._quarantine(batch, record, fields, *wrong)
            return
        waits = self._route(batch, record, head, again=again, retry=retry)
        if retry and not waits:
            self._end(_place(batch, record), _number(fields), fields["captured_at"])

    def _numbered(self, batch: Batch, fields: Any) -> bool:
        """Note the number; ``False`` when it was seen before."""
        key, progress = self._source(batch, fields)
        self._moved.add(key)
        return progress.take(fields["seq"], fields["previous"], fields["captured_at"])

    def _route(
        self, batch: Batch, record: InputRecord, head: Head, *, again: bool, retry: bool
    ) -> bool:
        """Send a change to identify, to its person or both; ``True`` when it waits for a link."""
        fields: Any = head.fields
        key = record_key(fields["authority"], fields["number"])
        row = self._rows.get(key)
        earlier = row is None or fields["captured_at"] < row.first_captured_at
        if row is None:
            row = self._rows[key] = RecordRow(person_id(key), 0, fields["captured_at"])
            self._dirty.add(key)
        elif earlier:
            row.first_captured_at = fields["captured_at"]
            self._dirty.add(key)
        section = fields["section"]
        content = head.content if fields["op"] == "upsert" else _NULL_CONTENT
        if section in ("demographics", "claims"):
            self._request(key, row, fields, section, content)
        elif earlier:
            self._request(key, row, fields, "unknown", _NULL_CONTENT)
        if section != "claims":
            item = self._contribution(key, row, fields, content)
            message = Again(item) if again else item
            if not row.version:
                self._hold(key, batch, record, item, message, retry=retry)
                return True
            self._send(row.person, message)
        return False

    def _hold(
        self,
        key: str,
        batch: Batch,
        record: InputRecord,
        item: Contribution,
        message: Contribution | Again,
        *,
        retry: bool,
    ) -> None:
        """Keep a message until its record has a link; what ends its quarantine waits with it."""
        number = 0 if isinstance(message, Again) else item.seq
        where = (batch.topic, batch.partition, record.offset, item.source, item.epoch, number)
        name, value = self._held.add(key, Waiting(*where, messages.encode(message), retry))
        self._waiting[name] = value

    def _release(self, key: str, row: RecordRow) -> None:
        """Send what waited for the first link of a record."""
        waited: list[Waiting] = []
        for name in self._held.keys(key):
            fresh = self._waiting.pop(name, None)
            if fresh is None:
                self._waiting[name] = None
            waiting = decode_waiting(self._waited[name] if fresh is None else fresh)
            waited.append(waiting)
            self._freed.add((waiting.topic, waiting.partition))
            message = messages.decode(waiting.message)
            assert isinstance(message, Contribution | Again)
            again = isinstance(message, Again)
            item = message.item if isinstance(message, Again) else message
            item = msgspec.structs.replace(item, version=row.version)
            self._send(row.person, Again(item) if again else item)
            if waiting.ends_quarantine:
                where = (waiting.topic, waiting.partition, waiting.offset)
                self._end(where, (item.source, item.epoch, item.seq), item.captured_at)
        self._held.release(key, waited)

    def _contribution(self, key: str, row: RecordRow, fields: Any, content: bytes) -> Contribution:
        return Contribution(
            record=key,
            source=fields["source"],
            item=fields["item"],
            epoch=fields["epoch"],
            seq=fields["seq"],
            op=OP_NUMBERS[fields["op"]],
            status=fields["status"],
            occurred_at=fields["occurred_at"],
            captured_at=fields["captured_at"],
            section=SECTION_NUMBERS[fields["section"]],
            entry=entry_of(
                fields["section"], fields["entry"], fields["source"], key, fields["item"]
            ),
            version=row.version,
            content=content,
        )

    def _linked(self, key: str, link: RecordLink) -> None:
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = RecordRow(link.person, link.version, _NEVER)
            self._send(link.person, Settled(key, link.version))
        elif link.version <= row.version:
            return
        elif row.version == 0:
            # Nothing of the record was ever sent to anybody.
            row.person, row.version = link.person, link.version
            self._release(key, row)
            self._send(link.person, Settled(key, link.version))
        else:
            self._send(row.person, Handover(key, row.version, link.version, link.person))
            row.person, row.version = link.person, link.version
        self._dirty.add(key)

    def barriers(self, batches: Sequence[Batch]) -> None:
        """Tell every lane how far each partition has come, once a turn and behind all of it."""
        ends, held = self._admit._ends, self._held
        ends.update({(b.topic, b.partition): b.records[-1].offset + 1 for b in batches})
        told = self._freed | {(b.topic, b.partition) for b in batches}
        for key, progress in self._progress.items():
            topic, partition, source, epoch = key
            place = (topic, partition)
            if place not in told:
                continue
            position, complete = ends[place], held.complete(key, progress.complete)
            if key in self._moved:
                progress.position = position
            position = held.position(place, position)
            barrier = messages.encode(
                Barrier(topic, partition, position, source, epoch, complete, progress.as_of)
            )
            for lane in range(self._partitions):
                self._outputs.append(Output(CONTRIBUTIONS, lane, None, barrier))

    # --- outputs -------------------------------------------------------------------------------

    def _send(self, person: str, message: messages.Message) -> None:
        lane = partition_of(person, self._partitions)
        value = messages.encode(message)
        self._outputs.append(Output(CONTRIBUTIONS, lane, person.encode(), value))

    def _request(
        self, key: str, row: RecordRow, fields: Any, section: Section, content: bytes
    ) -> None:
        request = {
            "authority": fields["authority"],
            "number": fields["number"],
            "source": fields["source"],
            "epoch": fields["epoch"],
            "seq": fields["seq"],
            "first_captured_at": row.first_captured_at,
            "captured_at": fields["captured_at"],
            "section": section,
            "op": fields["op"],
            "item": fields["item"],
        }
        value = self._codec.spliced("IdentityRequest", request, content)
        self._outputs.append(Output(IDENTITY_REQUESTS, 0, key.encode(), value))

    def _rejected(self, batch: Batch, record: InputRecord, head: Head) -> None:
        fields: Any = head.fields
        if fields["op"] == "delete":
            where = _place(batch, record)
            self._end(where, _number(fields), fields["captured_at"], fields["item"])
            return
        wrong = _wrong(head)
        content = None if wrong else decode_content(head.content)
        if isinstance(content, RejectedMessage):
            self._quarantine(
                batch,
                record,
                fields,
                content.reason,
                content.detail,
                stage="edge",
                payload=content.payload,
                item=fields["item"],
            )
        else:
            detail = "section rejected without the rejected message; correct the sender"
            self._quarantine(batch, record, fields, "content-mismatch", detail)

    def _quarantine(
        self,
        batch: Batch,
        record: InputRecord,
        fields: Any,
        reason: str,
        detail: str,
        *,
        stage: str = "admit",
        payload: bytes | None = None,
        item: str = "",
    ) -> None:
        establishment = batch.topic.rpartition(".")[2]
        quarantined = QuarantinedChange(
            source=fields["source"] if fields else establishment,
            stage=stage,
            reason=reason,
            detail=detail,
            topic=batch.topic,
            partition=batch.partition,
            offset=record.offset,
            epoch=fields["epoch"] if fields else 0,
            seq=fields["seq"] if fields else 0,
            captured_at=fields["captured_at"] if fields else record.timestamp,
            payload=(record.value or b"") if payload is None else payload,
            item=item,
        )
        self._aside(quarantined)

    def _end(
        self,
        where: tuple[str, int, int],
        number: tuple[str, int, int],
        captured_at: int,
        item: str = "",
    ) -> None:
        topic, partition, offset = where
        source, epoch, seq = number
        self._aside(
            QuarantineEnd(
                source=source,
                item=item,
                topic=topic,
                partition=partition,
                offset=offset,
                epoch=epoch,
                seq=seq,
                captured_at=captured_at,
            )
        )

    def _aside(self, said: QuarantinedChange | QuarantineEnd) -> None:
        """By source, so that a message's rejections and their end keep their order."""
        lane = partition_of(said.source, self._partitions)
        self._outputs.append(
            Output(QUARANTINE, lane, said.source.encode(), self._codec.encode(said))
        )

    def _source(self, batch: Batch, fields: Any) -> tuple[SourceKey, SourceProgress]:
        key = (batch.topic, batch.partition, fields["source"], fields["epoch"])
        progress = self._progress.get(key)
        if progress is None:
            progress = self._progress[key] = SourceProgress()
        return key, progress


def _key_of(said: RecordLink | Head | UnreadableRecord) -> str:
    """Key of the record it speaks of; empty when there is none."""
    match said:
        case Head():
            return f"{said.fields['authority']}{SEPARATOR}{said.fields['number']}"
        case RecordLink():
            return record_key(said.authority, said.number)
        case _:
            return ""


def _place(batch: Batch, record: InputRecord) -> tuple[str, int, int]:
    """Topic, partition, offset."""
    return batch.topic, batch.partition, record.offset


def _number(fields: Any) -> tuple[str, int, int]:
    """Source, epoch, number of a change."""
    return fields["source"], fields["epoch"], fields["seq"]


def _is_impossible(fields: Any) -> bool:
    return not 0 <= fields["previous"] < fields["seq"]


def unusable(head: Head) -> tuple[str, str] | None:
    """Why a change cannot be routed, as (reason, detail); ``None`` when it can.

    A function of the change and this version alone, so that a retry can be tried beforehand.
    """
    fields: Any = head.fields
    if _is_impossible(fields):
        detail = "a number is at least 1 and above the one before it; correct the sender"
        return "impossible-number", detail
    if fields["section"] not in _ROUTED and fields["section"] != "claims":
        detail = "the section is not known to this version; update the centre, then retry"
        return "unknown-section", detail
    return _wrong(head)


def _wrong(head: Head) -> tuple[str, str] | None:
    """Why a change cannot be used, as (reason, detail); ``None`` when it can."""
    fields: Any = head.fields
    try:
        record_key(fields["authority"], fields["number"])
    except ValueError as error:
        return "no-record-number", str(error)
    if fields["op"] not in ("upsert", "delete"):
        return "unknown-operation", "the operation is not known to this version"
    if fields["op"] == "upsert":
        try:
            check_content(head.content, fields["section"])
        except UnreadableRecord as error:
            return "content-mismatch", str(error)
    return None


def _copied(progress: SourceProgress) -> SourceProgress:
    return SourceProgress(
        progress.last, progress.covered, list(progress.holes), progress.as_of, progress.position
    )
