"""Which OBX belongs to which order: OBR, ORC, SPM and NTE around the observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dsn_producers.hl7v2.concepts import concept
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.notes import notes_after
from dsn_producers.hl7v2.observations import STATUS, TEXT_TYPES
from dsn_schemas.records import Concept

#: CVX 998 in RXA-5: no vaccine was given; what follows is about the patient, not about a dose.
NO_VACCINE = frozenset({"998"})
#: Statuses of a row that is no longer to be believed.
RETRACTED = frozenset({"D", "W"})


@dataclass(slots=True, kw_only=True)
class Row:
    """One observation: an OBX, or several that are the lines of one text."""

    segments: list[Segment]
    #: Texts of the NTE behind each of them.
    notes: list[str]
    #: OBX-4, empty when it only counts lines or is the 1 of systems that always fill it.
    sub: str


@dataclass(slots=True, kw_only=True)
class Panel:
    """One OBR with what belongs to it; without OBR for observations outside any order."""

    request: Segment | None = None
    order: Segment | None = None
    specimen: Segment | None = None
    note: str = ""
    rows: list[Row] = field(default_factory=list)

    def field(self, number: int) -> str:
        """First component of a field of OBR; empty without OBR."""
        return self.request.text(number) if self.request else ""

    @property
    def accession(self) -> str:
        """Number of the order: OBR-3, else OBR-2, else the same of its ORC."""
        ordered = (self.order.text(3) or self.order.text(2)) if self.order else ""
        return self.field(3) or self.field(2) or ordered

    def code(self, establishment: str) -> Concept | None:
        """What was ordered (OBR-4)."""
        return concept(self.request.value(4), establishment) if self.request else None


def panels(group: Group) -> Iterator[Panel]:
    """Every panel of a group, in order; the first one has no OBR.

    OBX under a vaccine's RXA describe that dose and belong to it.
    """
    before = group.kind == "OUL"  # there the specimen stands before its orders
    panel = Panel()
    order: Segment | None = None
    specimen: Segment | None = None
    vaccine = False
    for index, segment in enumerate(group.segments):
        if segment.name == "OBR":
            yield panel
            note = notes_after(group.segments, index)
            known = specimen if before else None
            panel = Panel(request=segment, order=order, specimen=known, note=note)
        elif segment.name == "ORC":
            order = segment
        elif segment.name == "SPM":
            specimen = segment
            panel.specimen = panel.specimen or (None if before else segment)
        elif segment.name == "RXA":
            vaccine = group.kind == "VXU" and segment.text(5) not in NO_VACCINE
        elif segment.name == "OBX" and not vaccine:
            _add(panel, segment, notes_after(group.segments, index))
    yield panel


def _add(panel: Panel, segment: Segment, note: str) -> None:
    sub = segment.words(4)
    last = panel.rows[-1] if panel.rows else None
    if last is not None and _continues(last, segment, sub):
        last.sub = sub if last.segments[-1].words(4) == sub else ""
        last.segments.append(segment)
        last.notes.append(note)
    else:
        panel.rows.append(Row(segments=[segment], notes=[note], sub=sub))


def _continues(row: Row, segment: Segment, sub: str) -> bool:
    """True when the OBX is the next line of the text of ``row``: same code, same status, and the
    same sub-id or one that counts on."""
    last = row.segments[-1]
    kind = segment.text(2).upper()
    same = last.raw(3) == segment.raw(3) and last.raw(11) == segment.raw(11)
    if not same or kind not in TEXT_TYPES or kind != last.text(2).upper():
        return False
    if last.words(4) == sub:
        return True
    counted = row.sub if len(row.segments) == 1 else ""
    numbers = (last.words(4), sub)
    follows = all(n.isascii() and n.isdigit() and len(n) < 6 for n in numbers)
    lines_alone = counted != "" or row.sub == ""
    return kind in ("TX", "FT") and lines_alone and follows and int(sub) == int(numbers[0]) + 1


def status_of(row: Row, panel: Panel) -> str:
    """Status of an observation: OBX-11, else the order's (OBR-25), else ``unknown``."""
    said = row.segments[0].text(11).upper() or panel.field(25).upper()
    return STATUS.get(said, "unknown")


def live_rows(panel: Panel) -> Iterator[tuple[str, Row]]:
    """Every row with its name within the order: code, sub-id and, where a code comes again, count.

    A row that retracts what another row of the message states anew is left out: the new one says it.
    """
    seen: dict[str, int] = {}
    parent = panel.request.value(26).sub(2) if panel.request else ""
    named: list[tuple[str, Row]] = []
    for row in panel.rows:
        retracted = row.segments[0].text(11).upper() in RETRACTED
        name = f"{_code_key(row.segments[0])}|{_sub(parent, row)}"
        count = seen[f"{name}|{retracted}"] = seen.get(f"{name}|{retracted}", 0) + 1
        named.append((f"{name}#{count}" if count > 1 else name, row))
    fresh = {name for name, row in named if row.segments[0].text(11).upper() not in RETRACTED}
    for name, row in named:
        if name not in fresh or row.segments[0].text(11).upper() not in RETRACTED:
            yield name, row


def _code_key(segment: Segment) -> str:
    code = segment.value(3)
    return code[1] or code[4] or code[2] or code[5]


def _sub(parent: str, row: Row) -> str:
    """Sub-id, behind that of the parent result (OBR-26) for a susceptibility of an organism."""
    own = "" if row.sub.lstrip("0") in ("", "1") else row.sub
    return f"{parent}.{own}" if parent else own
