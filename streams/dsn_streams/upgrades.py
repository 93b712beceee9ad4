"""How a version reads the rows that an older one wrote to a changelog: one step from each format to
the next. Pure.

A changelog is compacted and never rewritten. Behind an upgrade, rows of the old format stay on it until
somebody writes their keys again, and which format a row has is not said beside it. So *every*
restore takes every row through every step, not only the first one, and that decides what a step is:

* it sees by the row alone whether it is of the old format,
* a row of the new format it leaves as it is, so that taken twice is taken once,
* a key that an old kind of row had means nothing else later on, in no stage: the lanes of all of
  them share the number of the format, and these steps.

The number says what may be on a changelog: ``reads`` compares it with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: Key and value of a row; without a value it was removed.
Row = tuple[bytes, bytes | None]
#: From a row of one format to the row of the next; ``None`` where that has no such row.
Step = Callable[[bytes, bytes | None], Row | None]


def without_places(key: bytes, value: bytes | None) -> Row | None:
    """2 to 3: where an item is follows from the rows of entries (``entry_rows.py``).

    What format 2 said of it, ``i<person><section><source, record, item>`` with the standing order and
    the entry, is passed over; so is its removal.
    """
    return None if key[:1] == b"i" else (key, value)


#: Steps by the format they begin at. From format 1 there is none: it sent what waits for a link today
#: to people it may not belong to, which no row tells.
STEPS: Mapping[int, Step] = {2: without_places}
_IN_ORDER = tuple(STEPS[number] for number in sorted(STEPS))


def reads(ours: int, theirs: int) -> bool:
    """Whether a version that writes format ``ours`` can read a changelog of format ``theirs``."""
    return all(number in STEPS for number in range(theirs, ours)) and theirs <= ours


def upgraded(key: bytes, value: bytes | None) -> Row | None:
    """A row of any format that has steps, as the newest one has it; ``None`` where that has none."""
    row: Row | None = (key, value)
    for step in _IN_ORDER:
        if row is None:
            return None
        row = step(*row)
    return row
