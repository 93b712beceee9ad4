"""RXA in a vaccination message: vaccines given, refused or taken back."""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.concepts import concept, dated_entry, key_of, quantity
from dsn_producers.hl7v2.datatypes import actor
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.notes import notes_after
from dsn_producers.hl7v2.observations import observed
from dsn_producers.hl7v2.panels import NO_VACCINE
from dsn_producers.hl7v2.stamps import Stamp
from dsn_producers.mapping import Item
from dsn_schemas.records import Concept, Immunization

#: RXA-20 (table 0322): refused and not administered; partially administered counts as given.
_NOT_DONE = frozenset({"RE", "NA"})
#: Order numbers that registries write where there is no order (refusals, histories).
_NO_NUMBER = frozenset({"9999", "0", "99999"})
_UNKNOWN_AMOUNT = frozenset({"999", "0"})
#: LOINC of OBX under RXA: dose number, name of the series.
_DOSE_NUMBER = "30973-2"
_SERIES = frozenset({"59780-7", "59779-9"})


def immunizations(group: Group) -> Iterator[Item]:
    """One item for each RXA that names a vaccine."""
    order: Segment | None = None
    first = True
    for index, segment in enumerate(group.segments):
        if segment.name == "ORC":
            order, first = segment, True
        elif segment.name == "RXA":
            following = _following(group, index)
            code = concept(segment.value(5), group.source.establishment)
            if code is not None and segment.text(5) not in NO_VACCINE:
                note = notes_after(group.segments, index)
                # A number names one dose: a second RXA under it is named by vaccine and day.
                known = order if first else None
                first = False
                yield _immunization(group, segment, known, following, code, note)


def _following(group: Group, index: int) -> list[Segment]:
    end = index + 1
    while end < len(group.segments) and group.segments[end].name not in ("RXA", "ORC"):
        end += 1
    return list(group.segments[index + 1 : end])


def _immunization(
    group: Group,
    segment: Segment,
    order: Segment | None,
    following: list[Segment],
    code: Concept,
    note: str,
) -> Item:
    given = group.stamp(segment.text(3))
    day = given.date if given else ""
    entry = dated_entry(code, day)
    numbers = (order.text(3), order.text(2)) if order else ()
    item = next((n for n in numbers if n and n not in _NO_NUMBER), f"{key_of(code)}|{day}")
    if segment.text(21).upper() == "D":
        return group.item("immunizations", item, None, entry=entry, op="delete")
    content = _content(group, segment, following, code, given, note)
    not_done = segment.text(20).upper() in _NOT_DONE
    status = "not-done" if not_done else "completed"
    return group.item("immunizations", item, content, entry=entry, status=status, at=given)


def _content(
    group: Group,
    segment: Segment,
    following: list[Segment],
    code: Concept,
    given: Stamp | None,
    note: str,
) -> Immunization:
    source = group.source
    local = source.establishment
    route = next((s for s in following if s.name == "RXR"), None)
    told = _observations(group, following)
    amount = segment.text(6)
    expires = group.stamp(segment.text(16))
    lines = [note, *(f"{name}: {text}" for name, text in told.items() if name[:1] != "|")]
    return Immunization(
        code=code,
        occurrence=given.text if given else None,
        dose=None if amount in _UNKNOWN_AMOUNT else quantity(amount, segment.value(7)),
        dose_number=told.get("|dose", ""),
        series=told.get("|series", ""),
        lot=segment.words(15),
        expiration=expires.date if expires else None,
        manufacturer=segment.value(17)[2] or segment.text(17),
        site=concept(route.value(2), local, "0163") if route else None,
        route=concept(route.value(1), local, "0162") if route else None,
        performer=actor(segment.value(10), "performer", source),
        location=segment.value(11).sub(4) or segment.value(11).sub(1) or segment.value(27).sub(4),
        primary_source=_primary(segment),
        reason_not_done=concept(segment.value(18), local),
        note="\n".join(line for line in lines if line),
    )


def _primary(segment: Segment) -> bool | None:
    """RXA-9: 00 is a new administration, 01 to 08 are histories from elsewhere."""
    code = segment.text(9)
    return code == "00" if len(code) == 2 and code.isdigit() else None


def _observations(group: Group, following: list[Segment]) -> dict[str, str]:
    """What OBX say of the vaccine, by name; dose number and series under names of their own."""
    told: dict[str, str] = {}
    for segment in following:
        code = concept(segment.value(3), group.source.establishment) if _is_obx(segment) else None
        if code is None:
            continue
        value = observed(group, [segment], code)
        coded = value.concept
        text = value.text or (coded.text or coded.codings[0].code if coded else "")
        text = text or (value.quantity.value if value.quantity else "")
        name = code.text or code.codings[0].code
        if text:
            told[_special(segment.text(3)) or name] = text
    return told


def _is_obx(segment: Segment) -> bool:
    return segment.name == "OBX"


def _special(code: str) -> str:
    if code == _DOSE_NUMBER:
        return "|dose"
    return "|series" if code in _SERIES else ""
