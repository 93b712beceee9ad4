"""How a steward's decision is written: as changes of a source of its own.

A steward (the person at the centre who settles who is who) decides about two records, or about one
field of one record. Each decision is a numbered change on ``dsn.changes.steward``, kept for ever like
any other: what a steward decided survives every rebuild, and its history is the journal's.

* About two records: a claim on the one with the smaller key, one item for each pair, so that the
  last word of the stewards on a pair is the one that stands.
* About a field: demographics that say this field only, one item for each field; and beside it a claim
  of kind ``override`` that says who decided and why.

Taking a decision back is a decision too (kind ``undo``): nobody can tell afterwards who took it back
if the item were merely deleted.
"""

from __future__ import annotations

from dsn_schemas.keys import SEPARATOR, record_key

#: Source and establishment of the decisions; no hospital system may bear this name.
STEWARD = "steward"

#: Kinds of claims that hold two records for one person, and those that hold them apart.
JOINING = frozenset(("merge", "link"))
PARTING = frozenset(("unlink", "not-same"))
#: Kind of a merge that names a record which is not the source's to merge: it asks a steward.
PROPOSAL = "proposal"
#: Kinds that a steward may write about two records.
PAIR_KINDS = ("link", "unlink", "not-same", "undo")

_PAIR = "decision"
_FIELD = "override"


def pair_item(other_authority: str, other_number: str) -> str:
    """Item of a decision about a record and the other one."""
    return f"{_PAIR}{SEPARATOR}{record_key(other_authority, other_number)}"


def field_item(field: str) -> str:
    """Item of an override of a demographic field, and of the claim beside it."""
    return f"{_FIELD}{SEPARATOR}{field}"


def overridden_field(item: str) -> str:
    """The field of an override's item; empty for any other item."""
    prefix, _, field = item.partition(SEPARATOR)
    return field if prefix == _FIELD else ""
