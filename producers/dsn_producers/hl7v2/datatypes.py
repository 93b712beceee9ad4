"""HL7 data types that name people and places: CX, XPN, XAD, XTN, XCN and PL."""

from __future__ import annotations

from collections.abc import Iterable

from dsn_producers.hl7v2.codes import ADDRESS_USE, NAME_USE, PHONE_SYSTEM, PHONE_USE
from dsn_producers.hl7v2.message import Value
from dsn_producers.hl7v2.stamps import stamp
from dsn_producers.sources import Source
from dsn_schemas.records import Actor, Address, ContactPoint, HumanName, Identifier

#: Table 0203 types of numbers that name a visit or an account and never a person.
VISIT_TYPES = frozenset({"VN", "AN", "ANON", "ANT", "ANC", "AND", "FI", "PLAC", "FILL"})


def authority_of(value: Value, source: Source, component: int = 4) -> str:
    """Canonical name of an assigning authority (HD): a configured spelling wins, else the
    namespace, else the universal id; empty when the message names none."""
    spellings = [value.sub(component, 1), value.sub(component, 2)]
    spellings = [spelling for spelling in spellings if spelling]
    for spelling in spellings:
        if spelling in source.authorities:
            return source.authorities[spelling]
    if source.authority in spellings:
        return source.authority
    return spellings[0] if spellings else ""


def identifier(value: Value, source: Source, default_type: str = "") -> Identifier:
    """A CX as an identifier; ``default_type`` where the message names none."""
    start, end = stamp(value[7], source.zone), stamp(value[8], source.zone)
    return Identifier(
        system=authority_of(value, source),
        value=value.sub(1),
        type=value.sub(5).upper() or default_type,
        use="old" if value.sub(5).upper() == "OLD" else "",
        assigner=value.sub(6),
        period_start=start.date if start else None,
        period_end=end.date if end else None,
    )


def entity(value: Value, source: Source, kind: str) -> Identifier:
    """An EI (order, document, visit number) as an identifier of a type."""
    return Identifier(system=authority_of(value, source, 2), value=value.sub(1), type=kind)


def human_name(value: Value, default_use: str = "") -> HumanName | None:
    """An XPN; ``None`` when it says no name.

    Given names keep the source's cut: component 2 is one name even with a space in it, the further
    names of component 3 are cut at spaces.
    """
    family = value.sub(1)
    given = tuple(name for name in (value.sub(2), *value.sub(3).split()) if name)
    if not family and not given:
        return None
    kind = value.sub(7).upper()
    return HumanName(
        use=NAME_USE.get(kind, "" if kind else default_use),
        family=family,
        given=given,
        prefix=value.sub(5),
        suffix=" ".join(part for part in (value.sub(4), value.sub(6), value.sub(14)) if part),
    )


def names(values: Iterable[Value], default_use: str = "") -> tuple[HumanName, ...]:
    """Every name said, each once; a name the person is called by (XPN-15) is a usual one."""
    found: list[HumanName] = []
    for value in values:
        name = human_name(value, default_use)
        if name is None:
            continue
        found.append(name)
        called = value.sub(15)
        if called and called not in name.given:
            found.append(HumanName(use="usual", family=name.family, given=(called,)))
    return tuple(dict.fromkeys(found))


def address(value: Value) -> Address | None:
    """An XAD; ``None`` when it says nothing of a place."""
    lines = tuple(line for line in (value.inner(1).words(), value[2], value[19]) if line)
    place = (value[3], value[4], value[5], value[6])
    if not lines and not any(place):
        return None
    return Address(
        use=ADDRESS_USE.get(value.sub(7).upper(), ""),
        lines=lines,
        city=place[0],
        state=place[1].upper() if len(place[1]) == 2 else place[1],
        postal_code=place[2],
        country=place[3],
    )


def telecom(value: Value, default_use: str = "") -> ContactPoint | None:
    """An XTN; ``None`` when it holds no number."""
    use, kind = value.sub(2).upper(), value.sub(3).upper()
    system = "email" if use == "NET" else PHONE_SYSTEM.get(kind, "phone")
    number = value[4] if system == "email" and value[4] else value[1] or value[12]
    if not number:
        number = " ".join(part for part in (value[5], value[6], value[7]) if part)
        number += f" x{value[8]}" if number and value[8] else ""
    number = number or value[4]
    if not number:
        return None
    if "@" in number:
        system = "email"
    mobile = "mobile" if kind == "CP" else ""
    return ContactPoint(
        system=system, value=number, use=mobile or PHONE_USE.get(use, "" if use else default_use)
    )


def actor(value: Value, role: str, source: Source) -> Actor | None:
    """An XCN as somebody who did something; ``None`` when it names nobody."""
    number = value.sub(1)
    family, given, middle = value.sub(2), value.sub(3), value.sub(4)
    name = " ".join(part for part in (value.sub(6), given, middle, family, value.sub(5)) if part)
    if not number and not name:
        return None
    if not name and not number.replace("-", "").isalnum():
        # Older feeds write the whole name into the first component.
        return Actor(name=number, role=role)
    if not name and number.isalpha():
        return Actor(name=number, role=role)
    authority = authority_of(value, source, 9) if number else ""
    return Actor(name=name, identifier=number, authority=authority, role=role)


def actors(values: Iterable[Value], role: str, source: Source) -> tuple[Actor, ...]:
    """Everybody named in the repetitions of one field, each once."""
    found = (actor(value, role, source) for value in values)
    return tuple(dict.fromkeys(who for who in found if who is not None))


def place(value: Value) -> str:
    """A PL (ward, room, bed, facility) in one line."""
    parts = (value.sub(1), value.sub(2), value.sub(3), value.sub(4), value.sub(7), value.sub(8))
    return " ".join(dict.fromkeys(part for part in parts if part)) or value.sub(9)
