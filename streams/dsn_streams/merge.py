"""What an entry says, from every contribution to it. Pure, and the same in any order.

A contribution is the change that stands for one record item. The entry shows the content of the
leading one, lists all of them, and names what the living ones disagree on; nothing is resolved
silently. Demographics are merged field by field instead (``demographics.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dsn_schemas.records import Disagreement, FieldOrigin
from dsn_schemas.standing import order
from dsn_schemas.wire import encode_content, read_content
from dsn_streams.contribution import DELETE, OPS, SECTION_NUMBERS, SECTIONS, Contribution
from dsn_streams.demographics import merge_demographics
from dsn_streams.disagree import disagreements

_NULL_CONTENT = encode_content(None)

#: Statuses that say it is over; beside one that does not, the entry is contradictory.
_ENDED = frozenset(
    ("inactive", "resolved", "remission", "stopped", "completed", "cancelled", "refuted", "ended",
     "revoked", "not-done")
)  # fmt: skip

#: Sections in which "active" at one place and "ended" at another is a contradiction.
_STATUS_MATTERS = frozenset(("allergies", "medications", "problems", "alerts", "directives"))

#: Fields whose disagreement a clinician must see.
_CONFLICT_FIELDS: dict[str, tuple[str, ...]] = {
    "allergies": ("type", "criticality", "verification"),
    "medications": ("dosage", "dose"),
    "problems": ("verification",),
    "immunizations": ("lot",),
    "results": ("value_quantity", "value_concept", "value_text"),
    "directives": ("value", "text"),
}

#: Laboratory statuses, the weightiest first; others weigh least.
_RESULT_RANK = {
    status: rank
    for rank, status in enumerate(
        ("registered", "preliminary", "appended", "final", "amended", "corrected"), start=1
    )
}

#: The one section whose order asks for more than the number.
_RESULTS = SECTION_NUMBERS["results"]


class Merged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry, before it is written."""

    status: str
    conflicts: tuple[str, ...]
    #: Milliseconds since 1970 UTC.
    as_of: int
    #: The leading one first.
    contributions: Sequence[Contribution]
    provenance: tuple[FieldOrigin, ...]
    #: What each side says of each disputed field, except the status.
    disagreements: tuple[Disagreement, ...]
    #: The content union, encoded.
    content: bytes


def standing_key(item: Contribution) -> tuple[int, int, int]:
    """What is compared between changes of one record item: the greatest stands."""
    if item.section != _RESULTS:
        return 0, item.epoch, item.seq
    return order("results", OPS[item.op], item.status, item.epoch, item.seq)


def merge(contributions: Iterable[Contribution]) -> Merged:
    """The entry these contributions make; at least one, all of one entry."""
    ordered = list(contributions)
    if len(ordered) == 1:
        return _alone(ordered[0])
    ordered.sort(key=_leading_key, reverse=True)
    leader = ordered[0]
    section = SECTIONS[leader.section]
    living = [item for item in ordered if _lives(item)]
    as_of = max(_when(item) for item in ordered)
    if section == "demographics" and living:
        merged = merge_demographics(ordered, living)
        return Merged(
            status=leader.status,
            conflicts=merged.conflicts,
            as_of=as_of,
            contributions=ordered,
            provenance=merged.provenance,
            disagreements=merged.disagreements,
            content=merged.content,
        )
    found = _disagreements(section, ordered, living) if len(living) > 1 else ()
    fields = tuple(dict.fromkeys(one.field for one in found))
    return Merged(
        status=leader.status,
        conflicts=(*_status_conflict(section, living), *fields),
        as_of=as_of,
        contributions=ordered,
        provenance=(),
        disagreements=found,
        content=content_of(leader),
    )


def _alone(item: Contribution) -> Merged:
    """What one record item says, which is most entries; the same as the long way gives."""
    return Merged(
        status=item.status,
        conflicts=(),
        as_of=_when(item),
        contributions=(item,),
        provenance=(),
        disagreements=(),
        content=content_of(item),
    )


def content_of(item: Contribution) -> bytes:
    """The content union of an entry that this contribution leads."""
    return _NULL_CONTENT if item.op == DELETE else item.content


def _lives(item: Contribution) -> bool:
    return item.op != DELETE and item.status != "entered-in-error"


def _when(item: Contribution) -> int:
    """When it happened, but never after we had it: a wrong clock may not win."""
    return min(item.occurred_at, item.captured_at)


def _leading_key(item: Contribution) -> tuple[int, int, int, str, str, str]:
    life = 2 if _lives(item) else (1 if item.op != DELETE else 0)
    rank = _RESULT_RANK.get(item.status, 0) if SECTIONS[item.section] == "results" else 0
    return (life, rank, _when(item), item.record, item.source, item.item)


def _status_conflict(section: str, living: Sequence[Contribution]) -> tuple[str, ...]:
    matters = section in _STATUS_MATTERS and len({item.status in _ENDED for item in living}) > 1
    return ("status",) if matters else ()


def _disagreements(
    section: str, ordered: Sequence[Contribution], living: Sequence[Contribution]
) -> tuple[Disagreement, ...]:
    fields = _CONFLICT_FIELDS.get(section, ())
    if not fields or len({item.content for item in living}) == 1:
        return ()
    contents = [(ordered.index(item), _fields(item.content)) for item in living]
    return tuple(one for name in fields for one in disagreements(name, contents))


def _fields(content: bytes) -> Mapping[str, object]:
    found = read_content(content)
    return {} if found is None else found[1]
