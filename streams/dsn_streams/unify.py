"""Stage 3: keep, per person and entry, what every record says, and write the merged entry.

Reads one lane of ``dsn.contributions``. Per record item the greatest change in the order of
``dsn_schemas.standing`` is kept. When a record moves to another person, its contributions are
passed on and forgotten; ``RecordSettled`` on the view says that all of them have arrived.

State rows, all keyed by person first:

* ``e`` and ``i``: entries and where items are in them (``entry_rows.py``),
* ``m<person><record>``: moves of a record away from here that still wait for older contributions,
* ``t<person><record>``: the link version whose contributions have all arrived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dsn_schemas.keys import partition_of
from dsn_schemas.topics import CONTRIBUTIONS
from dsn_schemas.wire import Codec
from dsn_streams import contribution as messages
from dsn_streams.contribution import (
    Again,
    Barrier,
    Contribution,
    Handover,
    Message,
    Settled,
)
from dsn_streams.entry_rows import (
    GROUPED_NUMBERS,
    EntryRow,
    ItemKey,
    entry_key,
    hint_key,
    hints_of,
    in_order,
    item_key,
    items_in,
    row_value,
)
from dsn_streams.merge import merge, standing_key
from dsn_streams.stage import Batch, Decision, Output, State
from dsn_streams.view import ViewWriter


class Move(msgspec.Struct, array_like=True, frozen=True):
    """A record that left for ``target`` before everything of it had arrived here."""

    #: Link version still to settle here before the move is over.
    version_before: int
    version: int
    target: str


#: A contribution with the row of the entry it names.
_Named = tuple[EntryRow, Contribution]
#: Another message: behind how many contributions of the turn, person, message.
_Other = tuple[int, bytes, Message]

_encode = msgspec.msgpack.Encoder().encode
_decode_moves = msgspec.msgpack.Decoder(list[Move]).decode


class Unify:
    """The stage of one lane."""

    def __init__(self, codec: Codec, partitions: int) -> None:
        self._writer = ViewWriter(codec, partitions)
        self._partitions = partitions
        #: Moves under way, by (person, record); few, so they are kept in memory.
        self._moves: dict[bytes, list[Move]] = {}

    def opened(self, state: State) -> None:
        """See ``Stage``."""
        self._moves = {key: _decode_moves(value) for key, value in state.scan(b"m")}

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """See ``Stage``."""
        turn = _Turn(self, state, batches[0].partition)
        turn.take(batches)
        return turn.decision()

    def derived(self, key: bytes, value: bytes) -> Iterable[tuple[bytes, bytes]]:
        """See ``Stage``."""
        return hints_of(key, value) if key[:1] == b"e" else ()


class _Turn:
    """One call of ``decide``: each row is read once and written once."""

    def __init__(self, unify: Unify, state: State, lane: int) -> None:
        self._unify = unify
        self._writer = unify._writer
        self._partitions = unify._partitions
        self._state = state
        self._lane = lane
        self._outputs: list[Output] = []
        self._writes: dict[bytes, bytes | None] = {}
        #: Every entry row of this turn.
        self._rows: dict[bytes, EntryRow] = {}
        #: The same by person, from the first hand-over on.
        self._rows_by_person: dict[bytes, list[EntryRow]] | None = None
        #: What was read row by row, by the beginning of its keys.
        self._scanned: set[bytes] = set()
        #: Rows that are written and shown at the end, in the order in which they changed.
        self._dirty: dict[bytes, EntryRow] = {}
        #: Hints read, and those of this turn; ``None`` where there is none.
        self._hints: dict[bytes, bytes | None] = {}
        self._hinted: dict[bytes, bytes | None] = {}
        self._arrivals: dict[bytes, int] = {}
        self._settled_here: list[Output] = []
        #: The newest barrier of each source and partition of changes.
        self._barriers: dict[tuple[str, int, str, int], Barrier] = {}
        self._moves = {key: list(moves) for key, moves in unify._moves.items()}

    def take(self, batches: Sequence[Batch]) -> None:
        """Take every message in, in order."""
        contributions: list[_Named] = []
        others: list[_Other] = []
        for batch in batches:
            for record in batch.records:
                if record.value is None:
                    continue
                person, message = record.key or b"", messages.decode(record.value)
                if type(message) is Contribution:
                    entry = message.entry.encode()
                    row = self._row(person, message.section, entry)
                    contributions.append((row, message))
                else:
                    # Behind the contributions that came before it.
                    others.append((len(contributions), person, message))
        hints = self._read(contributions, others)
        at = 0
        for behind, person, message in others:
            self._contributions(contributions[at:behind], hints[at:behind])
            self._other(person, message)
            at = behind
        self._contributions(contributions[at:], hints[at:])

    def _other(self, person: bytes, message: Message) -> None:
        match message:
            case Barrier():
                self._barriers[message.topic, message.partition, message.source, message.epoch] = (
                    message
                )
            case Handover():
                self._handover(person, message)
            case Settled():
                self._settled(person, message)
            case Again(item):
                self._again(person, item)

    def decision(self) -> Decision:
        """Everything this turn changed; one record of the view per changed entry.

        Barriers stand behind all of it: a reader that stops in between must not believe more than
        it has read.
        """
        lane, writer, outputs, writes = self._lane, self._writer, self._outputs, self._writes
        for key, row in self._dirty.items():
            kept = in_order(self._items(row))
            name = (lane, row.person, row.section, row.entry)
            writes[key] = row_value(kept) if kept else None
            match kept:
                case [item]:
                    outputs.append(writer.lone(*name, item))
                case []:
                    outputs.append(writer.removal(*name))
                case _:
                    outputs.append(writer.entry(*name, merge(kept)))
        outputs.extend(self._settled_here)
        outputs.extend(writer.barrier(lane, one) for one in self._barriers.values())
        self._unify._moves = self._moves
        return Decision(outputs=outputs, writes=writes, derived=self._hinted)

    # --- reading -------------------------------------------------------------------------------

    def _read(
        self, contributions: Sequence[_Named], others: Sequence[_Other]
    ) -> list[bytes | None]:
        """Fetch the rows this turn speaks of, in three calls; the key of each item's hint, if read.

        1. Entries, and which link versions have arrived.
        2. Where the items are that are not in the entry they name.
        3. The entries that they leave.
        """
        arrivals = [
            arrived_key(person, message.record)
            for _, person, message in others
            if type(message) is Handover
        ]
        found = self._state.get_many([*self._rows, *arrivals])  # 1
        for key, row in self._rows.items():
            row.items = items_in(found.get(key))
        self._arrivals = {key: _arrival_of(found.get(key)) for key in arrivals}
        strangers = [
            hint_key(row.person, item)
            if row.section in GROUPED_NUMBERS and not (row.items and item_key(item) in row.items)
            else None
            for row, item in contributions
        ]
        self._read_hints({key: None for key in strangers if key is not None})  # 2
        left = []
        for (row, _), hint in zip(contributions, strangers, strict=True):
            entry = None if hint is None else self._hints[hint]
            if entry is not None:
                left.append(self._row(row.person, row.section, entry))
        self._fill(left)  # 3
        return strangers

    def _fill(self, rows: Iterable[EntryRow]) -> None:
        """Read what is not read yet."""
        unread = {row.key: row for row in rows if row.items is None}
        found = self._state.get_many(unread)
        for key, row in unread.items():
            row.items = items_in(found.get(key))

    def _row(self, person: bytes, section: int, entry: bytes) -> EntryRow:
        key = entry_key(person, section, entry)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = EntryRow(key, person, section, entry)
            if self._rows_by_person is not None:
                self._rows_by_person.setdefault(person, []).append(row)
        return row

    def _items(self, row: EntryRow) -> dict[ItemKey, Contribution]:
        if row.items is None:
            self._fill((row,))
        assert row.items is not None
        return row.items

    # --- contributions -------------------------------------------------------------------------

    def _contributions(
        self, contributions: Iterable[_Named], hints: Iterable[bytes | None]
    ) -> None:
        """Take contributions in, each with the key of its hint if that was read."""
        dirty = self._dirty
        for (row, item), hint in zip(contributions, hints, strict=True):
            if self._moves:
                move = self._leaving(row.person, item.record, item.version)
                if move is not None:
                    self._forward(item, move)
                    continue
            items, key = row.items, item_key(item)
            assert items is not None  # read for every contribution of the turn
            known = items.get(key)
            if known is not None:
                if standing_key(known) >= standing_key(item):
                    continue
            elif row.section in GROUPED_NUMBERS:
                hint = hint or hint_key(row.person, item)
                if not self._enters(row, item, key, hint):
                    continue
            items[key] = item
            dirty[row.key] = row

    def _enters(self, row: EntryRow, item: Contribution, key: ItemKey, hint: bytes) -> bool:
        """Take the item out of the entry it was in; ``False`` when a later change stands there."""
        before = self._elsewhere(row, key, hint)
        if before is not None:
            items = self._items(before)
            if standing_key(items[key]) >= standing_key(item):
                return False
            del items[key]
            self._dirty[before.key] = before
        self._point(hint, row.entry)
        return True

    def _elsewhere(self, row: EntryRow, key: ItemKey, hint: bytes) -> EntryRow | None:
        """The row that holds the item of a grouped section, when ``row`` does not."""
        if hint not in self._hints:
            self._read_hints((hint,))
        entry = self._hints[hint]
        if entry is None:
            return None
        before = self._row(row.person, row.section, entry)
        return before if key in self._items(before) else None

    def _read_hints(self, keys: Iterable[bytes]) -> None:
        keys = list(keys)
        found = self._state.get_many(keys)
        self._hints.update((key, found.get(key)) for key in keys)

    def _point(self, hint: bytes, entry: bytes | None) -> None:
        """Have a hint name this entry from now on, or none."""
        self._hints[hint] = self._hinted[hint] = entry

    def _again(self, person: bytes, item: Contribution) -> None:
        """Take a replayed contribution in, and write the entry it belongs to whatever it changes.

        The order decides as ever, so an older state never wins; an equal one is the journal's own
        and takes the place of what may have been damaged here. No hint is believed: afterwards the
        item is in one entry, even where a state lost a row and found it again.
        """
        move = self._leaving(person, item.record, item.version)
        if move is not None:
            later = msgspec.structs.replace(item, version=move.version)
            self._send(move.target, Again(later))
            return
        row, key = self._row(person, item.section, item.entry.encode()), item_key(item)
        grouped = row.section in GROUPED_NUMBERS
        for one in self._rows_of(person, row.section) if grouped else (row,):
            known = self._items(one).pop(key, None)
            if known is not None:
                self._dirty[one.key] = one
                item = known if standing_key(known) > standing_key(item) else item
        row = self._row(person, item.section, item.entry.encode())
        self._items(row)[key] = item
        self._dirty[row.key] = row
        if grouped:
            self._point(hint_key(person, item), row.entry)

    # --- records that move ---------------------------------------------------------------------

    def _leaving(self, person: bytes, record: str, version: int) -> Move | None:
        """The move that a contribution of this link version must follow, if any."""
        moves = self._moves.get(move_key(person, record), ())
        return min(
            (move for move in moves if move.version > version),
            key=lambda move: move.version,
            default=None,
        )

    def _forward(self, item: Contribution, move: Move) -> None:
        self._send(move.target, msgspec.structs.replace(item, version=move.version))

    def _send(self, person: str, message: Message) -> None:
        lane = partition_of(person, self._partitions)
        value = messages.encode(message)
        self._outputs.append(Output(CONTRIBUTIONS, lane, person.encode(), value))

    def _handover(self, person: bytes, handover: Handover) -> None:
        """Pass on what is here; what is still on its way follows when it comes."""
        move = Move(handover.version_before, handover.version, handover.target)
        if handover.target.encode() != person:
            self._pass_on(person, handover.record, move)
        if move.version_before == self._arrived(person, handover.record):
            self._over(person, handover.record, move)
        else:
            waiting = move_key(person, handover.record)
            self._keep_moves(waiting, [*self._moves.get(waiting, ()), move])

    def _pass_on(self, person: bytes, record: str, move: Move) -> None:
        """Send every contribution of the record to the move's target and forget it here."""
        for row in self._rows_of(person):
            items = self._items(row)
            for key in sorted(key for key in items if key[0] == record):
                item = items.pop(key)
                self._forward(item, move)
                self._dirty[row.key] = row
                if row.section in GROUPED_NUMBERS:
                    self._point(hint_key(person, item), None)

    def _settled(self, person: bytes, settled: Settled) -> None:
        key = move_key(person, settled.record)
        moves = self._moves.get(key, [])
        for move in moves:
            if move.version_before == settled.version:
                self._keep_moves(key, [other for other in moves if other is not move])
                self._over(person, settled.record, move)
                return
        self._writes[arrived_key(person, settled.record)] = _encode(settled.version)
        self._settled_here.append(self._writer.settled(person.decode(), settled))

    def _over(self, person: bytes, record: str, move: Move) -> None:
        """Nothing of the record will come here any more under the old link."""
        self._writes[arrived_key(person, record)] = None
        self._send(move.target, Settled(record, move.version))

    def _arrived(self, person: bytes, record: str) -> int:
        """The link version whose contributions have all arrived here; 0 before the first link."""
        key = arrived_key(person, record)
        if key in self._writes:
            return _arrival_of(self._writes[key])
        return self._arrivals[key]  # read for every hand-over of the turn

    def _keep_moves(self, key: bytes, moves: list[Move]) -> None:
        if moves:
            self._moves[key] = moves
            self._writes[key] = _encode(moves)
        else:
            self._moves.pop(key, None)
            self._writes[key] = None

    def _rows_of(self, person: bytes, section: int | None = None) -> list[EntryRow]:
        """Every entry row of the person, those of this turn included, in key order."""
        if self._rows_by_person is None:
            self._rows_by_person = {}
            for row in self._rows.values():
                self._rows_by_person.setdefault(row.person, []).append(row)
        prefix, end = b"e" + person, len(person) + 1
        if section is not None:
            prefix = entry_key(person, section, b"")
        if prefix not in self._scanned:
            self._scanned.add(prefix)
            for key, value in self._state.scan(prefix):
                if key not in self._rows:
                    self._row(person, key[end], key[end + 1 :]).items = items_in(value)
        rows = self._rows_by_person.get(person, ())
        return sorted(
            (row for row in rows if section in (None, row.section)), key=lambda row: row.key
        )


def move_key(person: bytes, record: str) -> bytes:
    """State row of the moves of a record away from a person."""
    return b"m" + person + record.encode()


def arrived_key(person: bytes, record: str) -> bytes:
    """State row of the link version that has settled at a person."""
    return b"t" + person + record.encode()


def _arrival_of(value: bytes | None) -> int:
    return 0 if value is None else int(msgspec.msgpack.decode(value))
