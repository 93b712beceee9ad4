"""The rows and postings of one turn: read in few calls, changed in memory, written once.

State rows: ``d<ref>`` what is known of a record, ``k<8 bytes>`` the refs of the records that share a
blocking key, one after the other. Both are a function of the latest words and claims, so they can
be thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsn_streams.identity.rows import REF_BYTES, RecordRow, decode_record, encode, ref_of
from dsn_streams.stage import State


class SameRef(RuntimeError):
    """Two records have one short name: nothing may be decided any more; lengthen the names."""


class Index:
    """What a turn knows."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rows: dict[str, RecordRow] = {}
        #: Key of each record that was read, by its short name.
        self._keys: dict[bytes, str] = {}
        self._postings: dict[bytes, set[bytes]] = {}
        self._changed_rows: dict[str, None] = {}
        self._changed_postings: dict[bytes, None] = {}

    def row(self, key: str) -> RecordRow:
        """What is known of a record, to look at. Raises ``SameRef``."""
        row = self._rows.get(key)
        if row is None:
            self.read((key,))
            row = self._rows[key]
        return row

    def change(self, key: str) -> RecordRow:
        """What is known of a record, to change."""
        self._changed_rows[key] = None
        return self.row(key)

    def read(self, keys: Iterable[str]) -> None:
        """Read the rows of these records in one call, those not read yet. Raises ``SameRef``."""
        missing = {ref_of(key): key for key in keys if key not in self._rows}
        if not missing:
            return
        self._read_refs(missing)
        for ref, key in missing.items():
            if self._keys.setdefault(ref, key) != key:
                raise SameRef(f"two records are both {ref.hex()} in the state of identify")
            if key not in self._rows:
                self._rows[key] = RecordRow(key)

    def read_sharing(self, postings: Iterable[bytes]) -> None:
        """Read the rows of all records that have one of these blocking keys, in one call."""
        refs = {ref for posting in postings for ref in self._postings[posting]}
        self._read_refs(refs - self._keys.keys())

    def read_near(self, seeds: Iterable[str]) -> None:
        """Read everything that hangs together with the seeds, one call for each step away."""
        read: set[str] = set()
        wanted = set(seeds)
        while wanted:
            self.read(wanted)
            read |= wanted
            near = [self._rows[key] for key in wanted]
            wanted = {other for row in near for other in (*row.same, *row.claimed())} - read

    def read_postings(self, keys: Iterable[bytes]) -> None:
        """Read these postings in one call, those not read yet."""
        missing = [key for key in keys if key not in self._postings]
        if not missing:
            return
        found = self._state.get_many([b"k" + key for key in missing])
        for key in missing:
            value = found.get(b"k" + key, b"")
            self._postings[key] = {
                value[at : at + REF_BYTES] for at in range(0, len(value), REF_BYTES)
            }

    def sharing(self, posting: bytes) -> Iterable[str]:
        """Records that share a blocking key, whose rows were read before."""
        return [self._keys[ref] for ref in self._postings[posting]]

    def post(self, posting: bytes, key: str) -> None:
        """The record has this blocking key from now on."""
        self._postings[posting].add(ref_of(key))
        self._changed_postings[posting] = None

    def unpost(self, posting: bytes, key: str) -> None:
        """The record has this blocking key no more."""
        self._postings[posting].discard(ref_of(key))
        self._changed_postings[posting] = None

    def writes(self) -> dict[bytes, bytes | None]:
        """The state rows that changed."""
        found: dict[bytes, bytes | None] = {}
        for key in self._changed_rows:
            found[b"d" + ref_of(key)] = encode(self._rows[key])
        for posting in self._changed_postings:
            found[b"k" + posting] = b"".join(sorted(self._postings[posting])) or None
        return found

    def _read_refs(self, refs: Iterable[bytes]) -> None:
        found = self._state.get_many([b"d" + ref for ref in refs])
        for name, value in found.items():
            row = decode_record(value)
            ref = name[1:]
            if self._keys.setdefault(ref, row.key) != row.key:
                raise SameRef(f"two records are both {ref.hex()} in the state of identify")
            self._rows.setdefault(row.key, row)
