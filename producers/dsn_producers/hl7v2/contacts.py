"""NK1: the people around the patient; mother and father help to recognise the patient."""

from __future__ import annotations

from dataclasses import replace

from dsn_producers.hl7v2.concepts import concept
from dsn_producers.hl7v2.datatypes import address, human_name, telecom
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_schemas.records import ContactPerson, HumanName

_MOTHER = frozenset({"MTH", "MOTHER", "MERE", "MÈRE"})
_FATHER = frozenset({"FTH", "FATHER", "PERE", "PÈRE"})


def contacts(group: Group) -> tuple[ContactPerson, ...]:
    """One contact for each NK1 that says anything."""
    found = (_contact(group, segment) for segment in group if segment.name == "NK1")
    return tuple(contact for contact in found if contact is not None)


def parents(group: Group) -> tuple[HumanName | None, HumanName | None]:
    """Names of the mother (PID-6, else NK1) and of the father (NK1)."""
    mother = human_name(group.pid.value(6), "maiden")
    told = _relative(group, _MOTHER)
    if mother is not None and not mother.given and told is not None:
        # PID-6 often holds her surname at birth alone; NK1 knows her given name.
        mother = replace(mother, given=told.given)
    return mother or told, _relative(group, _FATHER)


def _relative(group: Group, kinds: frozenset[str]) -> HumanName | None:
    for segment in group:
        if segment.name == "NK1":
            relation = segment.value(3)
            if relation.sub(1).upper() in kinds or relation.sub(2).upper() in kinds:
                return human_name(segment.value(2))
    return None


def _contact(group: Group, segment: Segment) -> ContactPerson | None:
    name = human_name(segment.value(2)) or human_name(segment.value(30))
    if name is None and segment.text(13):
        name = HumanName(text=segment.value(13)[1])
    numbers = [("home", value) for value in segment.values(5)]
    numbers += [("work", value) for value in segment.values(6)]
    telecoms = [telecom(value, use) for use, value in numbers]
    home = address(segment.value(4))
    if name is None and home is None and not any(telecoms):
        return None
    return ContactPerson(
        relationship=concept(segment.value(3), group.source.establishment, "0063"),
        name=name,
        telecoms=tuple(dict.fromkeys(point for point in telecoms if point is not None)),
        address=home,
    )
