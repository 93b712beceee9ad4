"""RXO, RXE, RXD and RXA: drugs ordered, dispensed and given. They are different things, and items
of different kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsn_producers.hl7v2.concepts import concept, entry_of, key_of, quantity
from dsn_producers.hl7v2.datatypes import actor, entity
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment, Value
from dsn_producers.hl7v2.orders import Order, order_status, orders, timing
from dsn_producers.mapping import Item
from dsn_schemas.records import Actor, Concept, Medication, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Field numbers of one segment; 0 where the segment has no such field."""

    kind: str
    code: int
    dose: int
    unit: int
    form: int = 0
    quantity: int = 0
    quantity_unit: int = 0
    refills: int = 0
    instructions: tuple[int, ...] = ()
    reason: int = 0
    prescriber: int = 0
    giver: int = 0
    at: int = 0


_LAYOUTS = {
    "RXE": _Layout(
        kind="request",
        code=2,
        dose=3,
        unit=5,
        form=6,
        quantity=10,
        quantity_unit=11,
        refills=12,
        instructions=(21, 7),
        reason=27,
        prescriber=13,
    ),
    "RXO": _Layout(
        kind="request",
        code=1,
        dose=2,
        unit=4,
        form=5,
        quantity=11,
        quantity_unit=12,
        refills=13,
        instructions=(7, 6),
        reason=20,
        prescriber=14,
    ),
    "RXD": _Layout(
        kind="dispense",
        code=2,
        dose=12,
        unit=0,
        form=6,
        quantity=4,
        quantity_unit=5,
        instructions=(9,),
        giver=10,
        at=3,
    ),
    "RXA": _Layout(
        kind="administration",
        code=5,
        dose=6,
        unit=7,
        form=8,
        instructions=(9,),
        reason=19,
        giver=10,
        at=3,
    ),
}
_NOT_GIVEN = frozenset({"RE", "NA"})


def medications(group: Group) -> Iterator[Item]:
    """One item for each drug segment; an RXO is left out where an RXE of its order encodes it."""
    for order in orders(group.segments):
        encoded = any(segment.name == "RXE" for segment in order.drugs)
        for segment in order.drugs:
            if segment.name == "RXO" and encoded:
                continue
            if segment.name == "RXE" and _only_restates(order):
                continue
            item = _item(group, order, segment)
            if item is not None:
                yield item


def _only_restates(order: Order) -> bool:
    """True where RXE stands in a dispense or administration only to recall what was ordered."""
    return any(segment.name in ("RXD", "RXA") for segment in order.drugs)


def _item(group: Group, order: Order, segment: Segment) -> Item | None:
    layout = _LAYOUTS[segment.name]
    code = concept(segment.value(layout.code), group.source.establishment)
    if code is None:
        return None
    # A dispense or a dose stands alone: in one entry with its order, the newest would hide it.
    entry = entry_of(code) if layout.kind == "request" else ""
    item = _name(order, segment, layout, code)
    if segment.name == "RXA" and segment.text(21).upper() == "D":
        return group.item("medications", item, None, entry=entry, op="delete")
    at = group.stamp(segment.text(layout.at)) if layout.at else group.stamp(order.text(9))
    content = _medication(group, order, segment, layout, code)
    status = _status(order, segment, layout)
    return group.item("medications", item, content, entry=entry, status=status, at=at)


def _name(order: Order, segment: Segment, layout: _Layout, code: Concept) -> str:
    """The order's number, else the drug; dispenses and doses count behind it."""
    prescribed = segment.text(15) if segment.name == "RXE" else ""
    number = order.number or prescribed or key_of(code)
    if order.repeated:
        number = f"{number}|{key_of(code)}"
    if layout.kind == "dispense":
        return f"{number}|dispense|{segment.text(1) or segment.text(3)}"
    if layout.kind == "administration":
        return f"{number}|administration|{segment.text(3) or segment.text(1)}"
    return number


def _status(order: Order, segment: Segment, layout: _Layout) -> str:
    if layout.kind == "request":
        return order_status(order)
    if segment.name == "RXA" and segment.text(20).upper() in _NOT_GIVEN:
        return "not-done"
    return "completed"


def _medication(
    group: Group, order: Order, segment: Segment, layout: _Layout, code: Concept
) -> Medication:
    local = group.source.establishment
    when = timing(group, order, segment)
    given = group.when(segment.text(layout.at)) if layout.at else None
    return Medication(
        kind=layout.kind,
        code=code,
        dosage=_instructions(segment, layout),
        dose=_amount(segment, layout.dose, layout.unit),
        route=concept(order.route.value(1), local, "0162") if order.route else None,
        form=concept(segment.value(layout.form), local) if layout.form else None,
        timing=when.pattern,
        as_needed=when.as_needed,
        quantity=_amount(segment, layout.quantity, layout.quantity_unit),
        refills=_count(segment.text(layout.refills)) if layout.refills else None,
        start=given or when.start,
        end=when.end,
        authored=group.when(order.text(9)),
        prescriber=_prescriber(group, order, segment, layout),
        dispenser=actor(segment.value(layout.giver), "performer", group.source)
        if layout.giver
        else None,
        reason=concept(segment.value(layout.reason), local) if layout.reason else None,
        identifiers=tuple(
            entity(value, group.source, kind) for value, kind in order.numbers if value.sub(1)
        ),
        note="\n".join(note for note in order.notes if note),
    )


def _instructions(segment: Segment, layout: _Layout) -> str:
    for number in layout.instructions:
        said = [value[2] or value[1] for value in segment.values(number)]
        if any(said):
            return "\n".join(line for line in said if line)
    return ""


def _amount(segment: Segment, number: int, unit: int) -> Quantity | None:
    if not number:
        return None
    return quantity(segment.text(number), segment.value(unit) if unit else None)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def _prescriber(group: Group, order: Order, segment: Segment, layout: _Layout) -> Actor | None:
    ordering: Value | None = order.control.value(12) if order.control else None
    said = actor(ordering, "ordering", group.source) if ordering else None
    if said is not None or not layout.prescriber:
        return said
    return actor(segment.value(layout.prescriber), "ordering", group.source)
