"""The rows and postings of one turn: read in few calls, changed in memory, written once.

State rows: ``d<ref>`` what is known of a record, ``k...`` which records share a blocking key
(``postings.py``). Both are a function of the latest words and claims, so they can be thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsn_streams.identity.postings import Postings
from dsn_streams.identity.rows import RecordRow, decode_record, encode, ref_of
from dsn_streams.stage import State


class SameRef(RuntimeError):
    """Two records have one short name: nothing may be decided any more; lengthen the names."""


class Index:
    """What a turn knows."""

    def __init__(self, state: State, block_records_max: int) -> None:
        self._state = state
        #: Rows that were read, by record key: for those who know that they were.
        self.rows: dict[str, RecordRow] = {}
        #: Key of each record that was read, by its short name.
        self._keys: dict[bytes, str] = {}
        self._postings = Postings(state, block_records_max)
        self._changed_rows: dict[str, None] = {}

    def row(self, key: str) -> RecordRow:
        """What is known of a record, to look at. Raises ``SameRef``."""
        row = self.rows.get(key)
        if row is None:
            self.read((key,))
            row = self.rows[key]
        return row

    def change(self, key: str) -> RecordRow:
        """What is known of a record, to change."""
        self._changed_rows[key] = None
        return self.rows.get(key) or self.row(key)

    def read(self, keys: Iterable[str]) -> None:
        """Read the rows of these records in one call, those not read yet. Raises ``SameRef``."""
        missing = {ref_of(key): key for key in keys if key not in self.rows}
        if not missing:
            return
        self._read_refs(missing)
        for ref, key in missing.items():
            if self._keys.setdefault(ref, key) != key:
                raise SameRef(f"two records are both {ref.hex()} in the state of identify")
            if key not in self.rows:
                self.rows[key] = RecordRow(key)

    def read_near(self, seeds: Iterable[str]) -> None:
        """Read everything that hangs together with the seeds, one call for each step away."""
        read: set[str] = set()
        wanted = set(seeds)
        rows = self.rows
        while wanted:
            self.read(wanted)
            read |= wanted
            near: set[str] = set()
            for key in wanted:
                row = rows[key]
                near.update(row.same)
                if row.claims or row.named_by:
                    near |= row.claimed()
            wanted = near - read

    def move(self, key: str, before: set[bytes], now: set[bytes]) -> None:
        """The record has these blocking keys from ``settle`` on, and had those."""
        self._postings.move(ref_of(key), before, now)

    def settle(self) -> list[str]:
        """Move records in the postings; those of blocks that became crowded or stopped being it.

        What a steward is asked about crowded blocks is kept in the rows of their first two records.
        """
        postings = self._postings
        postings.settle()
        self._read_refs((postings.crossed | postings.heads_moved()) - self._keys.keys())
        for before, now in postings.heads:
            self._count(before, -1)
            self._count(now, 1)
        return sorted(self._keys[ref] for ref in postings.crossed)

    def heads(self) -> set[str]:
        """Records that are, or were, the first two of a crowded block that changed."""
        return {self._keys[ref] for ref in self._postings.heads_moved()}

    def sharing(self, blocks: dict[str, set[bytes]]) -> dict[str, set[str]]:
        """The other records that each record shares a key with; their rows are read in one call."""
        self._postings.read({block for found in blocks.values() for block in found})
        refs = {key: self._postings.sharing(found) for key, found in blocks.items()}
        self._read_refs({ref for found in refs.values() for ref in found} - self._keys.keys())
        name = self._keys.__getitem__
        return {key: {*map(name, found)} - {key} for key, found in refs.items()}

    def writes(self) -> dict[bytes, bytes | None]:
        """The state rows that changed."""
        found: dict[bytes, bytes | None] = {}
        for key in self._changed_rows:
            found[b"d" + ref_of(key)] = encode(self.rows[key])
        found.update(self._postings.writes)
        return found

    def _count(self, heads: tuple[bytes, bytes] | None, more: int) -> None:
        """Two records are the first of one more crowded block, or of one less."""
        if heads is None:
            return
        a, b = (self._keys[ref] for ref in heads)
        for one, two in ((a, b), (b, a)):
            crowds = self.change(one).crowds
            crowds[two] = crowds.get(two, 0) + more
            if not crowds[two]:
                del crowds[two]

    def _read_refs(self, refs: Iterable[bytes]) -> None:
        rows, keys = self.rows, self._keys
        found = self._state.get_many([b"d" + ref for ref in refs])
        for name, value in found.items():
            row = decode_record(value)
            key = row.key
            if keys.setdefault(name[1:], key) != key:
                raise SameRef(f"two records are both {name[1:].hex()} in the state of identify")
            rows.setdefault(key, row)
