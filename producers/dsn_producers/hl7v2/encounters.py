"""PV1 and PV2 of an ADT event: a visit, and what the event did to it."""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.codes import code_system
from dsn_producers.hl7v2.concepts import concept, spoken
from dsn_producers.hl7v2.datatypes import actors, identifier, place
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.mapping import Item
from dsn_schemas.records import Actor, Coding, Encounter, Identifier, Stay

#: What an event makes of the visit. ``None``: it does not say, the visit's own dates do. Events
#: about the person (A28, A31, A40...) are not here: their PV1 is a formality.
STATUS: dict[str, str | None] = {
    "A01": "in-progress",
    "A02": "in-progress",
    "A03": "finished",
    "A04": "in-progress",
    "A05": "planned",
    "A06": "in-progress",
    "A07": "in-progress",
    "A08": None,
    "A09": "in-progress",
    "A10": "in-progress",
    "A11": "cancelled",
    "A12": "in-progress",
    "A13": "in-progress",
    "A14": "planned",
    "A15": "in-progress",
    "A16": "in-progress",
    "A17": None,
    "A21": "onleave",
    "A22": "in-progress",
    "A23": None,
    "A25": "in-progress",
    "A26": "in-progress",
    "A27": "cancelled",
    "A32": "in-progress",
    "A33": "in-progress",
    "A38": "cancelled",
    "A42": None,
    "A44": None,
    "A45": None,
    "A50": None,
    "A52": "in-progress",
    "A53": "onleave",
    "A54": None,
    "A55": None,
}
_BEGINS = frozenset({"A01", "A04"})
_ENDS = frozenset({"A03"})
_REOPENS = frozenset({"A13"})

_ACT_CODES = {"I": "IMP", "E": "EMER", "O": "AMB", "P": "PRENC"}
_ACT_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ROLES = ((7, "attending"), (17, "admitting"), (9, "consulting"), (8, "referring"), (52, "other"))


def encounters(group: Group) -> Iterator[Item]:
    """One item for each PV1 of an event that is about a visit."""
    if group.kind != "ADT" or group.event not in STATUS:
        return
    for index, visit in enumerate(group.segments):
        if visit.name != "PV1":
            continue
        following = group.segments[index + 1 : index + 2]
        more = following[0] if following and following[0].name == "PV2" else None
        item = visit_item(group, visit)
        if group.event == "A23":
            yield group.item("encounters", item, None, op="delete")
        else:
            content = _encounter(group, visit, more)
            yield group.item("encounters", item, content, status=_status(group, visit))


def visit_item(group: Group, visit: Segment) -> str:
    """The visit's name: its number (PV1-19, else PV1-50), else the account's (PID-18), else its
    admission time, else the one name for a visit that has nothing of its own."""
    number = visit.text(19) or visit.text(50) or group.pid.text(18)
    if number:
        return number
    admitted = group.stamp(visit.text(44))
    return f"admitted {admitted.text}" if admitted else "unnumbered"


def _status(group: Group, visit: Segment) -> str:
    said = STATUS[group.event]
    if said is not None:
        return said
    if visit.text(45):
        return "finished"
    return "planned" if visit.text(2) == "P" else "in-progress"


def _encounter(group: Group, visit: Segment, more: Segment | None) -> Encounter:
    local = group.source.establishment
    types = (concept(visit.value(4), local, "0007"), concept(visit.value(18), local, "0018"))
    reason = spoken(more.value(3), local) if more else None
    return Encounter(
        class_code=_class(group, visit),
        types=tuple(kind for kind in types if kind is not None),
        identifiers=_identifiers(group, visit),
        service_type=concept(visit.value(10), local, "0069"),
        start=_start(group, visit, more),
        end=_end(group, visit),
        stays=_stays(group, visit),
        participants=_participants(group, visit),
        reasons=(reason,) if reason else (),
        admit_source=concept(visit.value(14), local, "0023"),
        discharge_disposition=concept(visit.value(36), local, "0112"),
        service_provider=visit.text(39) or visit.value(3).sub(4),
    )


def _class(group: Group, visit: Segment) -> Coding | None:
    said = visit.value(2)
    code = said[1]
    if not code:
        return None
    if code in _ACT_CODES and not said[3]:
        return Coding(system=_ACT_SYSTEM, code=_ACT_CODES[code], display=said[2])
    system = code_system(said[3], group.source.establishment, "0004")
    return Coding(system=system, code=code, display=said[2])


def _identifiers(group: Group, visit: Segment) -> tuple[Identifier, ...]:
    source = group.source
    numbers = ((visit.value(19), "VN"), (visit.value(50), ""), (group.pid.value(18), "AN"))
    found = (identifier(value, source, kind) for value, kind in numbers if value.sub(1))
    return tuple({(said.system, said.value): said for said in found}.values())


def _start(group: Group, visit: Segment, more: Segment | None) -> str | None:
    admitted = group.when(visit.text(44))
    if admitted or group.event not in _BEGINS:
        return admitted or (group.when(more.text(8)) if more else None)
    return _happened(group)


def _end(group: Group, visit: Segment) -> str | None:
    if group.event in _REOPENS:
        return None
    left = group.when(visit.text(45))
    return left or (_happened(group) if group.event in _ENDS else None)


def _happened(group: Group) -> str | None:
    event = group.event_segment
    return group.when(event.text(6) or event.text(2)) if event else None


def _stays(group: Group, visit: Segment) -> tuple[Stay, ...]:
    """Places, the current one first. A12 takes a transfer back: the prior place is current."""
    current, prior = place(visit.value(3)), place(visit.value(6))
    if group.event == "A12" and prior:
        current, prior = prior, ""
    over = group.event in _ENDS or STATUS[group.event] == "cancelled"
    said = (
        (current, "completed" if over else "active"),
        (place(visit.value(11)), "active"),
        (place(visit.value(42)), "planned"),
        (prior, "completed"),
    )
    return tuple(Stay(location=where, status=status) for where, status in said if where)


def _participants(group: Group, visit: Segment) -> tuple[Actor, ...]:
    return tuple(
        who for number, role in _ROLES for who in actors(visit.values(number), role, group.source)
    )
