"""PID, PD1, NK1 and MRG: who the person of the record is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsn_producers.hl7v2.codes import GENDER, LANGUAGE
from dsn_producers.hl7v2.concepts import concept
from dsn_producers.hl7v2.contacts import contacts, parents
from dsn_producers.hl7v2.datatypes import actors, address, human_name, identifier, names, telecom
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment, Value
from dsn_producers.hl7v2.record import NAM_SYSTEM, is_nam
from dsn_producers.mapping import Item
from dsn_schemas.records import (
    Actor,
    Address,
    ContactPoint,
    Demographics,
    HumanName,
    Identifier,
    Language,
)

#: Events that say the person's record is closed.
_CLOSING = frozenset({"A29"})


def demographics(group: Group) -> Item:
    """The one demographics item of the record."""
    pid = group.pid
    born = group.stamp(pid.text(7))
    dead = group.stamp(pid.text(29))
    sex = pid.text(8)
    mother, father = parents(group)
    content = Demographics(
        identifiers=identifiers(group),
        names=_names(group),
        gender=GENDER.get(sex.upper(), "unknown") if sex else "",
        gender_code=sex,
        birth_date=born.date if born else "",
        birth_date_estimated="UD" in [value[1] for value in pid.values(32)],
        birth_time=born.text if born and born.has_time else None,
        birth_place=pid.words(23),
        multiple_birth=_yes_no(pid.text(24)),
        birth_order=_order(pid.text(25)),
        deceased=True if dead else _yes_no(pid.text(30)),
        deceased_at=dead.text if dead else None,
        addresses=_addresses(pid),
        telecoms=_telecoms(pid),
        mother=mother,
        father=father,
        mother_identifiers=tuple(_person_number(v, group, "PID-21") for v in pid.values(21)),
        marital_status=concept(pid.value(16), group.source.establishment, "0002"),
        languages=_languages(pid),
        contacts=contacts(group),
        general_practitioners=_practitioners(group),
        active=group.event not in _CLOSING,
    )
    return group.item("demographics", "patient", content)


def identifiers(group: Group) -> tuple[Identifier, ...]:
    """Every number of the patient, each once, the ones of PID-3 first."""
    found: dict[tuple[str, str], Identifier] = {}
    for said in _numbers(group):
        if said.value:
            found.setdefault((said.system, said.value), said)
    bare = {said.value for said in found.values() if said.system}
    return tuple(said for said in found.values() if said.system or said.value not in bare)


def _numbers(group: Group) -> Iterator[Identifier]:
    pid, merged = group.pid, group.first("MRG")
    for number, kind in ((3, ""), (2, ""), (4, ""), (18, "AN"), (19, "SS")):
        for value in pid.values(number):
            yield _person_number(value, group, f"PID-{number}", kind)
    yield from _elsewhere(group)
    licence = pid.value(20)
    if licence:
        yield Identifier(system=licence.sub(2), value=licence.sub(1), type="DL")
    if merged is not None:
        for value in merged.values(1):
            yield replace(_person_number(value, group, "MRG-1"), use="old")


def _elsewhere(group: Group) -> Iterator[Identifier]:
    """The patient's own numbers in insurance and disability segments. Those of the insured (IN2-6,
    IN1-36...) are left alone: on a child's file they are a parent's."""
    for segment in group:
        if segment.name == "IN2" and segment.text(61):
            yield _person_number(segment.value(61), group, "IN2-61", "MB")
        elif segment.name == "DB1" and segment.text(2).upper() == "PT" and segment.text(3):
            yield _person_number(segment.value(3), group, "DB1-3")


def _person_number(value: Value, group: Group, field: str, kind: str = "") -> Identifier:
    source = group.source
    said = identifier(value, source, kind)
    if is_nam(value, source, field):
        return replace(said, system=NAM_SYSTEM, type="JHN", use=said.use or "official")
    if field in ("PID-3", "MRG-1") and not said.system:
        # A record number that names no authority is the sender's own.
        own = said.value == group.number or field == "MRG-1"
        return replace(said, system=source.authority if own else "", type=said.type or "MR")
    return said


def _names(group: Group) -> tuple[HumanName, ...]:
    merged = group.first("MRG")
    known = names(group.pid.values(5)[:1], "official") + names(group.pid.values(5)[1:])
    known += names(group.pid.values(9))
    if merged is not None:
        known += names(merged.values(7), "old")
    return tuple(dict.fromkeys(known))


def _addresses(pid: Segment) -> tuple[Address, ...]:
    found = (address(value) for value in pid.values(11))
    return tuple(dict.fromkeys(place for place in found if place is not None))


def _telecoms(pid: Segment) -> tuple[ContactPoint, ...]:
    fields = ((13, "home"), (14, "work"), (40, ""))
    found = (telecom(value, use) for number, use in fields for value in pid.values(number))
    return tuple(dict.fromkeys(point for point in found if point is not None))


def _languages(pid: Segment) -> tuple[Language, ...]:
    said = pid.value(15)
    spelled = said.sub(1) or said.sub(2)
    if not spelled:
        return ()
    known = LANGUAGE.get(spelled.upper()) or LANGUAGE.get(said.sub(2).upper())
    return (Language(code=known or spelled, preferred=True),)


def _practitioners(group: Group) -> tuple[Actor, ...]:
    doctor = group.first("PD1")
    if doctor is None:
        return ()
    clinic = tuple(
        Actor(name=value[1], identifier=value.sub(3) or value.sub(10), role="clinic")
        for value in doctor.values(3)
        if value[1]
    )
    return actors(doctor.values(4), "general-practitioner", group.source) + clinic


def _yes_no(text: str) -> bool | None:
    return {"Y": True, "O": True, "1": True, "N": False, "0": False}.get(text[:1].upper())


def _order(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 3 else None


def says_who(pid: Segment) -> bool:
    """True when PID says more of the person than a number: a name or a birth date."""
    return any(human_name(value) for value in pid.values(5)) or bool(pid.text(7))
