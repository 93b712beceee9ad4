"""The rows and postings of one turn: read in few calls, changed in memory, written once.

State rows: ``d<record key>`` what is known of a record, ``k<8 bytes>`` the keys of the records that
share a blocking key. Both are a function of the latest words and claims, so they can be thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsn_streams.identity.rows import RecordRow, decode_keys, decode_record, encode
from dsn_streams.stage import State


class Index:
    """What a turn knows."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rows: dict[str, RecordRow] = {}
        self._postings: dict[bytes, set[str]] = {}
        self._changed_rows: dict[str, None] = {}
        self._changed_postings: dict[bytes, None] = {}

    def row(self, key: str) -> RecordRow:
        """What is known of a record, to look at."""
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
        """Read the rows of these records in one call, those not read yet."""
        missing = [key for key in keys if key not in self._rows]
        if not missing:
            return
        found = self._state.get_many([b"d" + key.encode() for key in missing])
        for key in missing:
            value = found.get(b"d" + key.encode())
            self._rows[key] = decode_record(value) if value else RecordRow()

    def read_near(self, seeds: Iterable[str]) -> None:
        """Read everything that hangs together with the seeds, one call for each step away."""
        read: set[str] = set()
        wanted = set(seeds)
        while wanted:
            self.read(wanted)
            read |= wanted
            near = (self._rows[key] for key in wanted)
            wanted = {other for row in near for other in (*row.same, *row.claimed())} - read

    def read_postings(self, keys: Iterable[bytes]) -> None:
        """Read these postings in one call, those not read yet."""
        missing = [key for key in keys if key not in self._postings]
        if not missing:
            return
        found = self._state.get_many([b"k" + key for key in missing])
        for key in missing:
            value = found.get(b"k" + key)
            self._postings[key] = set(decode_keys(value)) if value else set()

    def sharing(self, key: bytes) -> set[str]:
        """Records that share a blocking key, which was read before."""
        return self._postings[key]

    def post(self, key: bytes, record: str) -> None:
        """The record has this blocking key from now on."""
        self._postings[key].add(record)
        self._changed_postings[key] = None

    def unpost(self, key: bytes, record: str) -> None:
        """The record has this blocking key no more."""
        self._postings[key].discard(record)
        self._changed_postings[key] = None

    def writes(self) -> dict[bytes, bytes | None]:
        """The state rows that changed."""
        found: dict[bytes, bytes | None] = {}
        for key in self._changed_rows:
            found[b"d" + key.encode()] = encode(self._rows[key])
        for posting in self._changed_postings:
            records = self._postings[posting]
            found[b"k" + posting] = encode(sorted(records)) if records else None
        return found
