"""Which records share a blocking key, for one turn: read in few calls, moved, written once.

A block is the records of one key. One with more than ``records_max`` is *crowded*: it says a test
patient registered again and again, or a number that stands for none, and nobody is compared because
of it. Whether it is crowded depends on the records it has now and on nothing else, so no order of
arrival matters; when it becomes crowded or stops being it, each of its records is looked at anew.

State rows: ``k<5 bytes>`` the short names of the records, one after the other; of a crowded block
how many there are and the first two names, and the names themselves in ``k<5 bytes><first byte of
the name>``, so that one more record of a hundred thousand writes a few hundred bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain

from dsn_streams.identity.rows import REF_BYTES
from dsn_streams.stage import State

#: A crowded block: records, the first two names. No list of names has this length.
_CROWDED = struct.Struct(f">I{REF_BYTES}s{REF_BYTES}s")
_SHARDS = [bytes((first,)) for first in range(256)]

#: The first two names of a crowded block.
Heads = tuple[bytes, bytes]


class Postings:
    """The blocks a turn looks at; names of blocks are state keys, of records 8 bytes."""

    def __init__(self, state: State, records_max: int) -> None:
        self._state = state
        self._records_max = records_max
        #: Row of each block that was read; absent blocks are not in it.
        self._rows: dict[bytes, bytes] = {}
        self._read: set[bytes] = set()
        #: Records that moved, by block: whether each came or went.
        self._moves: dict[bytes, dict[bytes, bool]] = {}
        #: State rows that changed.
        self.writes: dict[bytes, bytes | None] = {}
        #: Records of blocks that became crowded, or stopped being it.
        self.crossed: set[bytes] = set()
        #: The first two names of crowded blocks before and now, where they changed.
        self.heads: list[tuple[Heads | None, Heads | None]] = []

    def move(self, ref: bytes, before: set[bytes], now: set[bytes]) -> None:
        """The record is in these blocks from now on, and was in those."""
        moves = self._moves
        for block in now - before if before else now:
            if block in moves:
                moves[block][ref] = True
            else:
                moves[block] = {ref: True}
        for block in before - now:
            moves.setdefault(block, {})[ref] = False

    def settle(self) -> None:
        """Make the moves, all at once: a block is what it is at the end of the turn.

        1. Read the blocks. 2. Of crowded ones read the shards that change. 3. Write anew.
        """
        self.read(self._moves)  # 1
        rows = self._rows
        crowded = {block for block, row in rows.items() if _is_crowded(row)} & self._moves.keys()
        shards = self._read_shards(  # 2
            block + ref[:1] for block in crowded for ref in self._moves[block]
        )
        writes = self.writes
        for block, moves in self._moves.items():  # 3
            row = rows.get(block)
            if row is None and len(moves) == 1:
                (ref,) = moves  # most blocks are of one record: it came
                rows[block] = writes[block] = ref
            elif block in crowded:
                self._settle_crowded(block, moves, shards)
            else:
                self._settle_listed(block, _listed(row or b""), moves)

    def heads_moved(self) -> set[bytes]:
        """Records that are, or were, the first two of a crowded block where these changed."""
        return {ref for pair in self.heads for heads in pair if heads for ref in heads}

    def read(self, blocks: Iterable[bytes]) -> None:
        """Read these blocks in one call, those not read yet."""
        missing = [block for block in blocks if block not in self._read]
        if missing:
            self._read.update(missing)
            self._rows.update(self._state.get_many(missing))

    def sharing(self, blocks: Iterable[bytes]) -> set[bytes]:
        """Records of these blocks, which were read, where there are several; crowded ones are passed
        over. The blocks of a person mostly hold the same records: each list is looked at once."""
        found: set[bytes] = set()
        for row in {*map(self._rows.get, blocks)}:
            if row is not None and len(row) > REF_BYTES and not _is_crowded(row):
                found.update(_listed(row))
        return found

    def _settle_listed(
        self, block: bytes, known: tuple[bytes, ...], moves: dict[bytes, bool]
    ) -> None:
        refs = set(known)
        for ref, came in moves.items():
            if came:
                refs.add(ref)
            else:
                refs.discard(ref)
        if len(refs) <= self._records_max:
            self._put(block, b"".join(sorted(refs)))
            return
        self.crossed |= refs
        shards: dict[bytes, set[bytes]] = {}
        for ref in refs:
            shards.setdefault(block + ref[:1], set()).add(ref)
        self._put_crowded(block, None, len(refs), _first_two(refs))
        self._put_shards(shards)

    def _settle_crowded(
        self, block: bytes, moves: dict[bytes, bool], shards: dict[bytes, set[bytes]]
    ) -> None:
        count, *heads = _CROWDED.unpack(self._rows[block])
        before: Heads = (heads[0], heads[1])
        ours: dict[bytes, set[bytes]] = {}
        for ref, came in moves.items():
            name = block + ref[:1]
            known = ours.setdefault(name, shards[name])
            count -= len(known)
            (known.add if came else known.discard)(ref)
            count += len(known)
        came_first = {*before, *(ref for ref, came in moves.items() if came)}
        if count > self._records_max and all(moves.get(ref, True) for ref in before):
            self._put_crowded(block, before, count, _first_two(came_first))
            self._put_shards(ours)
            return
        every = self._read_shards(block + shard for shard in _SHARDS) | ours
        refs = set(chain.from_iterable(every.values()))
        if count > self._records_max:
            self._put_crowded(block, before, count, _first_two(refs))
            self._put_shards(ours)
            return
        self.crossed |= refs
        self.heads.append((before, None))
        self._put_shards({name: set() for name in every})
        self._put(block, b"".join(sorted(refs)))

    def _read_shards(self, names: Iterable[bytes]) -> dict[bytes, set[bytes]]:
        wanted = set(names)
        found = self._state.get_many(wanted) if wanted else {}
        return {name: set(_listed(found.get(name, b""))) for name in wanted}

    def _put_shards(self, shards: dict[bytes, set[bytes]]) -> None:
        for name, refs in shards.items():
            self.writes[name] = b"".join(sorted(refs)) or None

    def _put_crowded(self, block: bytes, before: Heads | None, count: int, heads: Heads) -> None:
        if before != heads:
            self.heads.append((before, heads))
        self._put(block, _CROWDED.pack(count, *heads))

    def _put(self, block: bytes, row: bytes) -> None:
        self._rows[block] = row
        self.writes[block] = row or None


def _first_two(refs: set[bytes]) -> Heads:
    """The two smallest names."""
    first, second = sorted(refs)[:2]
    return first, second


def _is_crowded(row: bytes) -> bool:
    return len(row) == _CROWDED.size


def _listed(row: bytes) -> tuple[bytes, ...]:
    return _splitter(len(row))(row)


@cache
def _splitter(size: int) -> Callable[[bytes], tuple[bytes, ...]]:
    """Takes a list of that many bytes apart."""
    return struct.Struct(f"{REF_BYTES}s" * (size // REF_BYTES)).unpack
