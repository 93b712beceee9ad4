"""ORC and TQ1: the number, the status and the timing of a drug order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment, Value

_DRUGS = frozenset({"RXO", "RXE", "RXD", "RXA"})

#: ORC-1 (table 0119) -> FHIR status of a request.
_CONTROL = {
    "CA": "cancelled",
    "CR": "cancelled",
    "OC": "cancelled",
    "UA": "cancelled",
    "DC": "stopped",
    "DR": "stopped",
    "OD": "stopped",
    "RP": "stopped",
    "RQ": "stopped",
    "HD": "on-hold",
    "HR": "on-hold",
    "OH": "on-hold",
    "DE": "entered-in-error",
}
#: ORC-5 (table 0038).
_STATUS = {
    "A": "active",
    "IP": "active",
    "SC": "active",
    "CM": "completed",
    "CA": "cancelled",
    "DC": "stopped",
    "RP": "stopped",
    "HD": "on-hold",
    "ER": "entered-in-error",
}


@dataclass(slots=True, kw_only=True)
class Order:
    """One ORC with the segments that belong to it."""

    control: Segment | None = None
    #: True where an earlier drug of the message has the same ORC: its number names two drugs.
    repeated: bool = False
    drugs: list[Segment] = field(default_factory=list)
    timing: Segment | None = None
    route: Segment | None = None
    notes: list[str] = field(default_factory=list)

    def text(self, number: int) -> str:
        """First component of a field of ORC; empty without ORC."""
        return self.control.text(number) if self.control else ""

    @property
    def number(self) -> str:
        """Placer number, else filler number."""
        return self.text(2) or self.text(3)

    @property
    def numbers(self) -> tuple[tuple[Value, str], ...]:
        """Both numbers with their types of table 0203."""
        if self.control is None:
            return ()
        return ((self.control.value(2), "PLAC"), (self.control.value(3), "FILL"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a drug is to be taken."""

    pattern: str
    as_needed: bool | None
    start: str | None
    end: str | None


def orders(segments: Sequence[Segment]) -> Iterator[Order]:
    """Every order that has a drug, in order."""
    order = Order()
    for segment in segments:
        if segment.name == "ORC":
            if order.drugs:
                yield order
            order = Order(control=segment)
        elif segment.name in _DRUGS:
            if any(known.name == segment.name for known in order.drugs):
                # A second drug of the kind without an ORC of its own is an order of its own.
                yield order
                order = Order(control=order.control, repeated=True)
            order.drugs.append(segment)
        elif segment.name == "TQ1":
            order.timing = order.timing or segment
        elif segment.name == "RXR":
            order.route = order.route or segment
        elif segment.name == "NTE" and order.drugs:
            order.notes.append(segment.words(3))
    if order.drugs:
        yield order


def order_status(order: Order) -> str:
    """FHIR status of a request: what ORC-1 does to it, else what ORC-5 says, else active."""
    control, said = order.text(1).upper(), order.text(5).upper()
    return _CONTROL.get(control) or _STATUS.get(said) or "active"


def timing(group: Group, order: Order, segment: Segment) -> Timing:
    """TQ1, else the TQ in RXE-1 or ORC-7 (before 2.5)."""
    if order.timing is not None:
        row = order.timing
        pattern = " ".join(value.sub(1) for value in row.values(3))
        start, end, priority = row.text(7), row.text(8), row.text(9)
    else:
        old = segment.value(1)
        if (segment.name != "RXE" or not old) and order.control is not None:
            old = order.control.value(7)
        pattern, start, end, priority = old.sub(2), old.sub(4), old.sub(5), old.sub(6)
    needed = "PRN" in pattern.upper() or priority.upper().startswith("PRN")
    return Timing(
        pattern=pattern,
        as_needed=True if needed else None,
        start=group.when(start),
        end=group.when(end),
    )
