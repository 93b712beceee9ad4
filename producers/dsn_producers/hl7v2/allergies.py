"""AL1 and IAM: allergies, and the statement that none is known.

AL1 and IAM about one substance are one item: it is named by the substance, not by the segment or
its position.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.concepts import entry_of, key_of, spoken
from dsn_producers.hl7v2.datatypes import actor
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.statements import denies, statement
from dsn_producers.mapping import Item
from dsn_schemas.records import Allergy, Concept, Op, Reaction

_CATEGORIES = {
    "DA": "medication",
    "DRUG": "medication",
    "FA": "food",
    "FOOD": "food",
    "EA": "environment",
    "AA": "environment",
    "PA": "environment",
    "LA": "environment",
    "ENV": "environment",
}
_SEVERITIES = {"SV": "severe", "MO": "moderate", "MI": "mild"}
_KINDS = {"AL": "allergy", "IN": "intolerance", "AD": "intolerance", "SE": "intolerance"}
#: Table 0438 -> verification, and the status that goes with it.
_VERIFICATIONS = {
    "U": ("unconfirmed", "active"),
    "P": ("unconfirmed", "active"),
    "S": ("unconfirmed", "active"),
    "D": ("unconfirmed", "active"),
    "C": ("confirmed", "active"),
    "I": ("confirmed", "inactive"),
    "E": ("entered-in-error", "entered-in-error"),
}


def allergies(group: Group) -> Iterator[Item]:
    """One item for each AL1 and IAM that names a substance."""
    for segment in group:
        if segment.name not in ("AL1", "IAM"):
            continue
        substance = spoken(segment.value(3), group.source.establishment)
        if substance is None:
            continue
        if denies("allergies", substance):
            recorded = group.stamp(segment.text(13)) if segment.name == "IAM" else None
            op: Op = "delete" if _deletes(segment) else "upsert"
            yield statement(group, "allergies", substance, op, recorded)
        else:
            yield _allergy(group, segment, substance)


def _deletes(segment: Segment) -> bool:
    return segment.name == "IAM" and segment.text(6).upper() == "D"


def _allergy(group: Group, segment: Segment, substance: Concept) -> Item:
    item, entry = key_of(substance), entry_of(substance)
    if _deletes(segment):
        return group.item("allergies", item, None, entry=entry, op="delete")
    verification, status = "", "active"
    if segment.name == "IAM":
        verification, status = _VERIFICATIONS.get(segment.text(17).upper(), ("", "active"))
    content = _content(group, segment, substance, verification)
    at = group.stamp(segment.text(20)) if segment.name == "IAM" else None
    return group.item("allergies", item, content, entry=entry, status=status, at=at)


def _content(group: Group, segment: Segment, substance: Concept, verification: str) -> Allergy:
    iam = segment.name == "IAM"
    onset = segment.text(11) if iam else segment.text(6)
    return Allergy(
        code=substance,
        type=_KINDS.get(segment.text(9).upper(), "") if iam else "",
        category=_CATEGORIES.get(segment.text(2).upper(), ""),
        verification=verification,
        onset=group.when(onset),
        recorded=group.when(segment.text(13)) if iam else None,
        recorder=actor(segment.value(18), "recorder", group.source) if iam else None,
        reactions=_reactions(group, segment),
        note=segment.words(12) if iam and not group.stamp(segment.text(12)) else "",
    )


def _reactions(group: Group, segment: Segment) -> tuple[Reaction, ...]:
    severity = _SEVERITIES.get(segment.text(4).upper(), "")
    signs = (spoken(value, group.source.establishment) for value in segment.values(5))
    manifestations = tuple(sign for sign in signs if sign is not None)
    if not manifestations and not severity:
        return ()
    return (Reaction(manifestations=manifestations, severity=severity),)
