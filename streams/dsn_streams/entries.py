"""Which entry of the chart a record item speaks about.

An entry is a function of the winning change alone, never of what was seen before: so a delete that
overtakes its item, or a corrected code, ends in the same place in any order.
"""

from __future__ import annotations

import hashlib

#: Sections whose entries are grouped by meaning when the change says what it means.
GROUPED = frozenset(
    (
        "allergies",
        "medications",
        "problems",
        "immunizations",
        "results",
        "procedures",
        "directives",
        "alerts",
    )
)

#: Entry of a statement about a whole section, such as "none known".
STATEMENT = "statement"

#: Entry of the one merged demographics of a person.
PATIENT = "patient"


def entry_of(section: str, entry: str, source: str, record: str, item: str) -> str:
    """The entry a change speaks about: its meaning, or the item itself.

    The item's own entry is a digest, because an entry names a key and keys may be logged by tools.
    """
    if section == "demographics":
        return PATIENT
    if item == STATEMENT:
        return STATEMENT
    if entry and section in GROUPED:
        return entry
    parts = f"{source}\0{record}\0{section}\0{item}"
    digest = hashlib.sha256(parts.encode()).digest()[:15]
    return "#" + digest.hex()
