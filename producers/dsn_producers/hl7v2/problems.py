"""DG1 and PRB: diagnoses of a visit and problems of a problem list.

The item is the source's own number of the problem (PRB-4, DG1-20), else its code without a date: an
onset or a date of diagnosis is often corrected, and the corrected one is the same problem. The same
diagnosis at two visits is thus one item, as its source last stated it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.concepts import concept, entry_of, key_of
from dsn_producers.hl7v2.datatypes import actor
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.notes import notes_after
from dsn_producers.hl7v2.statements import denies, statement
from dsn_producers.mapping import Item
from dsn_schemas.records import Concept, Problem

_DELETES = frozenset({"D", "DE"})
#: DG1-6: admitting and working diagnoses are not settled.
_DIAGNOSIS = {"A": "provisional", "W": "provisional", "F": "confirmed"}
_CONFIRMATIONS = {
    "C": "confirmed",
    "CONFIRMED": "confirmed",
    "D": "differential",
    "DIFFERENTIAL": "differential",
    "P": "provisional",
    "PROVISIONAL": "provisional",
    "R": "refuted",
    "RO": "refuted",
    "RULED OUT": "refuted",
    "UNCONFIRMED": "unconfirmed",
    "U": "unconfirmed",
}
_LIFE = {
    "": "active",
    "A": "active",
    "ACTIVE": "active",
    "R": "resolved",
    "RESOLVED": "resolved",
    "I": "inactive",
    "INACTIVE": "inactive",
    "REMISSION": "remission",
    "RECURRENCE": "recurrence",
    "RELAPSE": "relapse",
    "ERRONEOUS": "entered-in-error",
    "DELETED": "entered-in-error",
}


def problems(group: Group) -> Iterator[Item]:
    """One item for each DG1 and PRB that names a condition."""
    for index, segment in enumerate(group.segments):
        if segment.name == "DG1":
            yield from _diagnosis(group, segment)
        elif segment.name == "PRB":
            yield from _problem(group, segment, notes_after(group.segments, index))


def _diagnosis(group: Group, segment: Segment) -> Iterator[Item]:
    code = _described(group, segment)
    if code is None:
        return
    entry = entry_of(code)
    item = segment.text(20) or key_of(code)
    if segment.text(21).upper() in _DELETES:
        yield group.item("problems", item, None, entry=entry, op="delete")
        return
    recorded = group.stamp(segment.text(5)) or group.stamp(segment.text(19))
    content = Problem(
        code=code,
        category="encounter-diagnosis",
        verification=_DIAGNOSIS.get(segment.text(6).upper(), ""),
        recorded=recorded.text if recorded else None,
        recorder=actor(segment.value(16), "diagnosing", group.source),
    )
    yield group.item("problems", item, content, entry=entry, status="active")


def _described(group: Group, segment: Segment) -> Concept | None:
    """DG1-3, with the words of DG1-4 (before 2.5) where it has none of its own;"""
    words = segment.words(4)
    code = concept(segment.value(3), group.source.establishment)
    if code is None:
        return Concept(text=words) if words else None
    return code if code.text or not words else Concept(codings=code.codings, text=words)


def _problem(group: Group, segment: Segment, note: str) -> Iterator[Item]:
    code = concept(segment.value(3), group.source.establishment)
    if code is None:
        return
    entry = entry_of(code)
    item = segment.text(4) or key_of(code)
    changed = group.stamp(segment.text(2))
    deleted = segment.text(1).upper() in _DELETES
    if denies("problems", code):
        yield statement(group, "problems", code, "delete" if deleted else "upsert", changed)
        return
    if deleted:
        yield group.item("problems", item, None, entry=entry, op="delete", at=changed)
        return
    content = Problem(
        code=code,
        category="problem-list-item",
        verification=_coded(segment, 13, _CONFIRMATIONS),
        onset=group.when(segment.text(16)),
        abatement=group.when(segment.text(9)),
        recorded=group.when(segment.text(7)) or (changed.text if changed else None),
        note=note,
    )
    status = _coded(segment, 14, _LIFE) or "active"
    if content.abatement and status == "active":
        status = "resolved"
    yield group.item("problems", item, content, entry=entry, status=status, at=changed)


def _coded(segment: Segment, number: int, table: dict[str, str]) -> str:
    value = segment.value(number)
    code, text = value[1].upper(), value[2].upper()
    return table.get(code) or table.get(text) or ""
