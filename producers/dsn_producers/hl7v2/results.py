"""OBR and OBX: laboratory results, vital signs, reports, and the documents among them.

The item is ``<order number>|<code>|<sub-id>``: nothing in it changes between a preliminary result,
the final one and its correction. Without an order number, the order's code and observation time
stand for it; outside any order, the observation's own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsn_producers.hl7v2.attachments import attachment
from dsn_producers.hl7v2.concepts import concept, entry_of, reference_range, spoken
from dsn_producers.hl7v2.datatypes import actor
from dsn_producers.hl7v2.directives import directive, is_directive
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.observations import DOCUMENT_TYPES, observed, units
from dsn_producers.hl7v2.panels import Panel, Row, live_rows, panels, status_of
from dsn_producers.hl7v2.stamps import Stamp
from dsn_producers.mapping import Item, Unmappable
from dsn_schemas.records import Actor, Concept, Document, ReferenceRange, Result

#: OBR-24 (table 0074) -> FHIR observation category.
_IMAGING = frozenset({"RAD", "CT", "MRI", "NMR", "NMS", "RUS", "OUS", "VUS", "XRC", "CUS", "RX"})
_LABORATORY = frozenset(
    {"LAB", "CH", "HM", "MB", "BLB", "SR", "SP", "CP", "IMM", "MCB", "TX", "VR", "URN", "BG", "OSL"}
)
#: LOINC codes of vital signs: heart and breath rate, temperature, pressures, saturation, body.
_VITALS = frozenset(
    {
        *("8867-4", "9279-1", "8310-5", "8480-6", "8462-4", "85354-9", "59408-5", "2708-6"),
        *("8302-2", "29463-7", "39156-5", "9843-4", "3141-9", "8287-5"),
    }
)
_VITAL = "vital-signs"
#: Orders that end without any observation say so in OBR-25.
_ENDED = {"X": "cancelled", "F": "final", "C": "corrected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What all results of one panel share."""

    group: Group
    panel: Panel
    ordered: Concept | None
    #: Number of the order, empty when it has none.
    accession: str
    #: When the specimen was taken, for rows that do not say it.
    observed_at: Stamp | None
    #: Observation category of the order; empty when it does not say.
    category: str
    specimen: Concept | None
    issued: Stamp | None


def results(group: Group) -> Iterator[Item]:
    """One item for each observation, document or directive in the group's OBX segments."""
    for panel in panels(group):
        if panel.request is None and not panel.rows:
            continue
        where = _place(group, panel)
        if panel.rows:
            for name, row in live_rows(panel):
                item = _item(where, name, row)
                if item is not None:
                    yield item
        elif panel.field(25).upper() in _ENDED or panel.note:
            yield _bare(where)


def _place(group: Group, panel: Panel) -> _Place:
    local = group.source.establishment
    specimen = concept(panel.specimen.value(4), local, "0487") if panel.specimen else None
    if specimen is None and panel.request is not None:
        specimen = spoken(panel.request.value(15).inner(1), local)
    return _Place(
        group=group,
        panel=panel,
        ordered=panel.code(local),
        accession=panel.accession,
        observed_at=_observed_at(group, panel),
        category=_category(panel),
        specimen=specimen,
        issued=group.stamp(panel.field(22)),
    )


def _item(where: _Place, name: str, row: Row) -> Item | None:
    group, panel, first = where.group, where.panel, row.segments[0]
    said = concept(first.value(3), group.source.establishment) or where.ordered
    if said is None and not first.values(5):
        return None
    code = said or Concept()
    if first.text(11).upper() == "U" and not first.values(5):
        raise Unmappable(
            "result-without-value",
            "OBX-11 is U (final without its value again): send the value with the new status",
        )
    taken = group.stamp(first.text(14)) or where.observed_at
    item = f"{_scope(where, first)}|{name}"
    status, at = status_of(row, panel), where.issued or taken
    if first.text(2).upper() in DOCUMENT_TYPES:
        document = _document(where, row, code, taken)
        return group.item("documents", item, document, status=_document_status(status), at=at)
    if is_directive(code):
        return directive(group, item, code, first, status, taken)
    content = _result(where, row, code, taken)
    entry = _entry(where, code, name)
    return group.item("results", item, content, entry=entry, status=status, at=at)


def _scope(where: _Place, row: Segment) -> str:
    panel = where.panel
    if where.accession:
        return where.accession
    if panel.request is None:
        return f"@{row.text(14)}"
    return f"{panel.field(4)}@{panel.field(7)}"


def _entry(where: _Place, code: Concept, name: str) -> str:
    """Meaning and accession; a sub-id too, else two organisms of one culture would be one entry."""
    if not where.accession:
        return ""
    sub = name.rpartition("|")[2]
    meaning = entry_of(code)
    if not meaning:
        return ""
    return f"{meaning}|{where.accession}" + (f"|{sub}" if sub else "")


def _observed_at(group: Group, panel: Panel) -> Stamp | None:
    collected = panel.specimen.text(17) if panel.specimen else ""
    return group.stamp(panel.field(7)) or group.stamp(collected) or group.stamp(panel.field(14))


def _result(where: _Place, row: Row, code: Concept, taken: Stamp | None) -> Result:
    group, panel, first = where.group, where.panel, row.segments[0]
    local = group.source.establishment
    value = observed(group, row.segments, code)
    flags = (concept(flag, local, "0078") for flag in first.values(8))
    return Result(
        category=_VITAL if _is_vital(code) else where.category,
        code=code,
        panel=where.ordered,
        accession=where.accession,
        placer=panel.field(2),
        effective=taken.text if taken else None,
        issued=where.issued.text if where.issued else None,
        value_quantity=value.quantity,
        value_concept=value.concept,
        value_text=value.text,
        components=value.components,
        interpretation=tuple(flag for flag in flags if flag is not None),
        reference_ranges=_ranges(first),
        specimen=where.specimen,
        body_site=concept(first.value(20), local),
        method=concept(first.value(17), local),
        performer=_performer(group, first),
        note="\n".join(note for note in (*row.notes, panel.note) if note),
    )


def _bare(where: _Place) -> Item:
    """An order that ended without observations, or whose report stands in its notes."""
    group, panel = where.group, where.panel
    code = where.ordered or Concept()
    taken = where.observed_at
    content = Result(
        category=where.category,
        code=code,
        accession=where.accession,
        placer=panel.field(2),
        effective=taken.text if taken else None,
        issued=where.issued.text if where.issued else None,
        specimen=where.specimen,
        value_text=panel.note or None,
    )
    assert panel.request is not None
    name = f"{panel.field(4) or panel.request.value(4)[2]}|"
    item = f"{_scope(where, panel.request)}|{name}"
    status = _ENDED.get(panel.field(25).upper(), "unknown")
    entry = _entry(where, code, name)
    return group.item(
        "results", item, content, entry=entry, status=status, at=where.issued or taken
    )


def _is_vital(code: Concept) -> bool:
    return any(coding.code in _VITALS and "loinc" in coding.system for coding in code.codings)


def _category(panel: Panel) -> str:
    service = panel.field(24).upper()
    if service in _IMAGING:
        return "imaging"
    return "laboratory" if service in _LABORATORY or panel.specimen is not None else ""


def _ranges(row: Segment) -> tuple[ReferenceRange, ...]:
    found = reference_range(row.words(7), units(row))
    return (found,) if found else ()


def _performer(group: Group, row: Segment) -> Actor | None:
    laboratory = row.value(23)
    if laboratory and laboratory[1]:
        return Actor(name=laboratory[1], identifier=laboratory[10], role="performer")
    person = actor(row.value(16), "performer", group.source)
    if person is not None:
        return person
    producer = row.value(15)
    if not producer or not (producer[1] or producer[2]):
        return None
    return Actor(name=producer[2] or producer[1], identifier=producer[1], role="performer")


def _document(where: _Place, row: Row, code: Concept, taken: Stamp | None) -> Document:
    first = row.segments[0]
    carried = attachment(first.text(2).upper(), first.value(5))
    author = actor(first.value(16), "author", where.group.source)
    return Document(
        type=code,
        title=code.text or (where.ordered.text if where.ordered else ""),
        date=taken.text if taken else None,
        authors=(author,) if author else (),
        mime_type=carried.mime_type if carried else "",
        text=carried.text if carried else "",
        size=carried.size if carried else None,
        sha256=carried.sha256 if carried else "",
        url=carried.url if carried else "",
        conclusion="\n".join(note for note in row.notes if note),
    )


def _document_status(status: str) -> str:
    """FHIR DocumentReference.status: a preliminary report is still the current one."""
    return status if status in ("entered-in-error", "preliminary") else "current"
