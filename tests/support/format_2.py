"""Changelogs as the version before wrote them: format 2."""

from __future__ import annotations

import msgspec

from dsn_streams.entry_rows import GROUPED_NUMBERS, hint_key, items_in
from dsn_streams.merge import standing_key
from dsn_streams.stage import Decision, State


def as_format_2(before: State, decision: Decision) -> dict[bytes, bytes | None]:
    """What format 2 had of a turn: beside each entry, where its items are and which change stands.

    ``before`` is the state that was decided from.
    """
    writes = dict(decision.writes)
    for key, value in decision.writes.items():
        if key[:1] != b"e":
            continue
        known = items_in(before.get_many((key,)).get(key))
        for name, item in items_in(value).items():
            if item.section in GROUPED_NUMBERS and known.get(name) != item:
                person = key[1 : len(key) - len(item.entry.encode()) - 1]
                place = (standing_key(item), item.entry)
                writes[hint_key(person, item)] = msgspec.msgpack.encode(place)
    writes.update((key, None) for key, entry in decision.derived.items() if entry is None)
    return writes
