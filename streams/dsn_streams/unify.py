"""Stage 3: keep, per person and entry, what every record says, and write the merged entry.

Reads one lane of ``dsn.contributions``. Per record item the greatest change in the order of
``dsn_schemas.standing`` is kept. When a record moves to another person, its contributions are
passed on and forgotten; ``RecordSettled`` on the view says that all of them have arrived.

State rows, all keyed by person first:

* ``e<person><section><entry>``: the contributions of an entry,
* ``i<person><section><source, record, item>``: where the standing change of an item is, in the
  sections whose entries are grouped by meaning (elsewhere an item lives where its name says),
* ``m<person><record>``: moves of a record away from here that still wait for older contributions,
* ``t<person><record>``: the link version whose contributions have all arrived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsn_schemas.keys import partition_of
from dsn_schemas.topics import CONTRIBUTIONS
from dsn_schemas.wire import Codec
from dsn_streams import contribution as messages
from dsn_streams.contribution import (
    SECTIONS,
    Again,
    Barrier,
    Contribution,
    Handover,
    Message,
    Settled,
)
from dsn_streams.entries import GROUPED
from dsn_streams.merge import merge, standing_key
from dsn_streams.stage import Batch, Decision, Output, State
from dsn_streams.view import ViewWriter


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where the standing change of an item is."""

    order: tuple[int, int, int]
    entry: str


class Move(msgspec.Struct, array_like=True, frozen=True):
    """A record that left for ``target`` before everything of it had arrived here."""

    #: Link version still to settle here before the move is over.
    version_before: int
    version: int
    target: str


_encode = msgspec.msgpack.Encoder().encode
_decode_entry = msgspec.msgpack.Decoder(list[Contribution]).decode
_decode_place = msgspec.msgpack.Decoder(Place).decode
_decode_moves = msgspec.msgpack.Decoder(list[Move]).decode

#: Sections whose items may be grouped by meaning, and so may change their entry.
_GROUPED_NUMBERS = frozenset(SECTIONS.index(section) for section in GROUPED)


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
        received = list(_received(batches))
        turn = _Turn(self, state, received)
        for person, message in received:
            turn.take(person, message)
        return turn.decision(batches[0].partition)


def _received(batches: Sequence[Batch]) -> Iterator[tuple[str, Message]]:
    for batch in batches:
        for record in batch.records:
            if record.value is not None:
                person = record.key.decode() if record.key else ""
                yield person, messages.decode(record.value)


class _Turn:
    """One call of ``decide``: each row is read once and written once."""

    def __init__(self, unify: Unify, state: State, received: list[tuple[str, Message]]) -> None:
        self._unify = unify
        self._writer = unify._writer
        self._partitions = unify._partitions
        self._state = state
        self._outputs: list[Output] = []
        self._writes: dict[bytes, bytes | None] = {}
        #: Entry rows as (contributions by item key); a dirty one is written and shown at the end.
        self._entries: dict[bytes, dict[tuple[str, str, str], Contribution]] = {}
        self._names: dict[bytes, tuple[str, int, str]] = {}
        #: The rows of this turn by person, kept when a hand-over will ask for all of one.
        self._named: dict[str, set[bytes]] | None = None
        self._dirty: dict[bytes, None] = {}
        self._places: dict[bytes, Place | None] = {}
        self._arrivals: dict[bytes, int] = {}
        self._settled_here: list[Output] = []
        #: The newest barrier of each source and partition of changes.
        self._barriers: dict[tuple[str, int, str, int], Barrier] = {}
        self._moves = {key: list(moves) for key, moves in unify._moves.items()}
        self._read(received)

    def take(self, person: str, message: Message) -> None:
        """Take one message in."""
        match message:
            case Contribution():
                self._contribution(person, message)
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

    def decision(self, lane: int) -> Decision:
        """Everything this turn changed; one record of the view per changed entry.

        Barriers stand behind all of it: a reader that stops in between must not believe more than
        it has read.
        """
        for row in self._dirty:
            person, section, entry = self._names[row]
            contributions = self._entries[row]
            if contributions:
                kept = [contributions[key] for key in sorted(contributions)]
                self._writes[row] = _encode(kept)
                self._outputs.append(self._writer.entry(person, section, entry, merge(kept)))
            else:
                self._writes[row] = None
                self._outputs.append(self._writer.removal(person, section, entry))
        self._outputs.extend(self._settled_here)
        self._outputs.extend(self._writer.barrier(lane, one) for one in self._barriers.values())
        self._unify._moves = self._moves
        return Decision(outputs=self._outputs, writes=self._writes)

    # --- reading -------------------------------------------------------------------------------

    def _read(self, received: list[tuple[str, Message]]) -> None:
        """Fetch the rows this turn speaks of, in two calls.

        1. Entries, places, and which link versions have arrived.
        2. The entries that items may leave for another one.
        """
        entries: dict[bytes, None] = {}
        places: dict[bytes, tuple[str, Contribution]] = {}
        arrivals: dict[bytes, None] = {}
        if any(isinstance(message, Handover) for _, message in received):
            self._named = {}
        for person, message in received:
            if isinstance(message, Contribution):
                entries[self._name(person, message.section, message.entry)] = None
                if message.section in _GROUPED_NUMBERS:
                    places[_place_key(person, message)] = (person, message)
            elif isinstance(message, Handover):
                arrivals[arrived_key(person, message.record)] = None
        found = self._state.get_many([*entries, *places, *arrivals])  # 1
        self._keep_entries(entries, found)
        left: dict[bytes, None] = {}
        for key, (person, item) in places.items():
            place = self._places[key] = _place_of(found.get(key))
            if place is not None and place.entry != item.entry:
                left[self._name(person, item.section, place.entry)] = None
        for key in arrivals:
            self._arrivals[key] = _arrival_of(found.get(key))
        rest = [row for row in left if row not in self._entries]
        self._keep_entries(rest, self._state.get_many(rest))  # 2

    def _keep_entries(self, rows: Iterable[bytes], found: dict[bytes, bytes]) -> None:
        for row in rows:
            self._entries[row] = _by_item(found.get(row))

    def _name(self, person: str, section: int, entry: str) -> bytes:
        row = entry_key(person, section, entry)
        if row not in self._names:
            self._names[row] = (person, section, entry)
            if self._named is not None:
                self._named.setdefault(person, set()).add(row)
        return row

    def _entry(self, row: bytes) -> dict[tuple[str, str, str], Contribution]:
        known = self._entries.get(row)
        if known is None:
            value = self._state.get_many((row,)).get(row)
            known = self._entries[row] = _by_item(value)
        return known

    # --- contributions -------------------------------------------------------------------------

    def _contribution(self, person: str, item: Contribution) -> None:
        move = self._leaving(person, item.record, item.version)
        if move is not None:
            self._forward(item, move)
            return
        row = self._name(person, item.section, item.entry)
        if item.section in _GROUPED_NUMBERS and not self._placed(person, item, row):
            return
        contributions = self._entry(row)
        key = _item_key(item)
        known = contributions.get(key)
        if known is not None and standing_key(known) >= standing_key(item):
            return
        contributions[key] = item
        self._dirty[row] = None

    def _placed(self, person: str, item: Contribution, row: bytes) -> bool:
        """Note where the item is now; ``False`` when a later change already stands."""
        key, order = _place_key(person, item), standing_key(item)
        place = self._place(key)
        if place is not None:
            if place.order >= order:
                return False
            if place.entry != item.entry:
                before = self._name(person, item.section, place.entry)
                del self._entry(before)[_item_key(item)]
                self._dirty[before] = None
        place = self._places[key] = Place(order, item.entry)
        self._writes[key] = _encode(place)
        return True

    def _again(self, person: str, item: Contribution) -> None:
        """Take a replayed contribution in, and write the entry it belongs to whatever it changes.

        The order decides as ever, so an older state never wins; an equal one is the journal's own
        and takes the place of what may have been damaged here.
        """
        move = self._leaving(person, item.record, item.version)
        if move is not None:
            later = msgspec.structs.replace(item, version=move.version)
            self._send(move.target, Again(later))
            return
        row, key = self._name(person, item.section, item.entry), _item_key(item)
        grouped = item.section in _GROUPED_NUMBERS
        place = self._place(_place_key(person, item)) if grouped else None
        stands = row if place is None else self._name(person, item.section, place.entry)
        known = self._entry(stands).get(key)
        self._dirty[stands] = None
        if known is not None and standing_key(known) > standing_key(item):
            return
        self._entry(stands).pop(key, None)
        self._entry(row)[key] = item
        self._dirty[row] = None
        if grouped:
            place = self._places[_place_key(person, item)] = Place(standing_key(item), item.entry)
            self._writes[_place_key(person, item)] = _encode(place)

    def _place(self, key: bytes) -> Place | None:
        if key not in self._places:
            self._read_places((key,))
        return self._places[key]

    def _read_places(self, keys: Iterable[bytes]) -> None:
        wanted = [key for key in keys if key not in self._places]
        found = self._state.get_many(wanted)
        for key in wanted:
            self._places[key] = _place_of(found.get(key))

    # --- records that move ---------------------------------------------------------------------

    def _leaving(self, person: str, record: str, version: int) -> Move | None:
        """The move that a contribution of this link version must follow, if any."""
        if not self._moves:
            return None
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

    def _handover(self, person: str, handover: Handover) -> None:
        """Pass on what is here; what is still on its way follows when it comes."""
        move = Move(handover.version_before, handover.version, handover.target)
        if handover.target != person:
            self._pass_on(person, handover.record, move)
        if move.version_before == self._arrived(person, handover.record):
            self._over(person, handover.record, move)
        else:
            waiting = move_key(person, handover.record)
            self._keep_moves(waiting, [*self._moves.get(waiting, ()), move])

    def _pass_on(self, person: str, record: str, move: Move) -> None:
        """Send every contribution of the record to the move's target and forget it here."""
        gone: list[bytes] = []
        for row in self._rows_of(person):
            contributions = self._entry(row)
            for key in sorted(key for key in contributions if key[0] == record):
                item = contributions.pop(key)
                self._forward(item, move)
                self._dirty[row] = None
                if item.section in _GROUPED_NUMBERS:
                    gone.append(_place_key(person, item))
        self._read_places(gone)
        for place in gone:
            if self._places[place] is not None:
                self._places[place] = None
                self._writes[place] = None

    def _settled(self, person: str, settled: Settled) -> None:
        key = move_key(person, settled.record)
        moves = self._moves.get(key, [])
        for move in moves:
            if move.version_before == settled.version:
                self._keep_moves(key, [other for other in moves if other is not move])
                self._over(person, settled.record, move)
                return
        self._writes[arrived_key(person, settled.record)] = _encode(settled.version)
        self._settled_here.append(self._writer.settled(person, settled))

    def _over(self, person: str, record: str, move: Move) -> None:
        """Nothing of the record will come here any more under the old link."""
        self._writes[arrived_key(person, record)] = None
        self._send(move.target, Settled(record, move.version))

    def _arrived(self, person: str, record: str) -> int:
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

    def _rows_of(self, person: str) -> list[bytes]:
        """Every entry row of the person, those of this turn included, in key order."""
        prefix = b"e" + person.encode()
        for row, value in self._state.scan(prefix):
            if row not in self._entries:
                self._name(person, row[len(prefix)], row[len(prefix) + 1 :].decode())
                self._entries[row] = _by_item(value)
        # A row that was named and is in neither does not exist.
        named = (self._named or {}).get(person, ())
        return sorted(row for row in named if row in self._entries)


def entry_key(person: str, section: int, entry: str) -> bytes:
    """State row of an entry."""
    return b"e" + person.encode() + bytes((section,)) + entry.encode()


def move_key(person: str, record: str) -> bytes:
    """State row of the moves of a record away from a person."""
    return b"m" + person.encode() + record.encode()


def arrived_key(person: str, record: str) -> bytes:
    """State row of the link version that has settled at a person."""
    return b"t" + person.encode() + record.encode()


def _place_key(person: str, item: Contribution) -> bytes:
    name = f"{item.source}\0{item.record}\0{item.item}"
    return b"i" + person.encode() + bytes((item.section,)) + name.encode()


def _item_key(item: Contribution) -> tuple[str, str, str]:
    return (item.record, item.source, item.item)


def _place_of(value: bytes | None) -> Place | None:
    return None if value is None else _decode_place(value)


def _arrival_of(value: bytes | None) -> int:
    return 0 if value is None else int(msgspec.msgpack.decode(value))


def _by_item(value: bytes | None) -> dict[tuple[str, str, str], Contribution]:
    if value is None:
        return {}
    return {_item_key(item): item for item in _decode_entry(value)}
