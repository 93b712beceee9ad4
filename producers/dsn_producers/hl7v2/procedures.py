"""PR1: procedures. The item is PR1-19 where the source numbers them, else code and day."""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.concepts import concept, dated_entry, key_of
from dsn_producers.hl7v2.datatypes import actors
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.mapping import Item
from dsn_schemas.records import Concept, Procedure

#: Surgeon, anaesthetist, procedure practitioner.
_PERFORMERS = ((11, "surgeon"), (8, "anesthesiologist"), (12, "performer"))


def procedures(group: Group) -> Iterator[Item]:
    """One item for each PR1 that names a procedure."""
    for segment in group:
        if segment.name != "PR1":
            continue
        code = concept(segment.value(3), group.source.establishment)
        words = segment.words(4)
        if code is None and not words:
            continue
        yield _procedure(group, segment, code or Concept(text=words))


def _procedure(group: Group, segment: Segment, code: Concept) -> Item:
    at = group.stamp(segment.text(5))
    day = at.date if at else ""
    entry = dated_entry(code, day)
    item = segment.text(19) or f"{key_of(code)}|{day}"
    if segment.text(20).upper() == "D":
        return group.item("procedures", item, None, entry=entry, op="delete")
    local = group.source.establishment
    content = Procedure(
        code=code,
        category=concept(segment.value(6), local, "0230"),
        start=at.text if at else None,
        performers=tuple(
            who
            for number, role in _PERFORMERS
            for who in actors(segment.values(number), role, group.source)
        ),
        reason=concept(segment.value(15), local),
        note=segment.words(4) if code.codings and segment.words(4) != code.text else "",
    )
    return group.item("procedures", item, content, entry=entry, status="completed", at=at)
