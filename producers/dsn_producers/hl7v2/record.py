"""Which number in PID-3 is the record's, and which is a health number.

The rule, in this order:

1. a repetition whose authority is the source's own (after ``authorities`` of its settings);
2. a repetition without an authority that says it is a record number (MR, PI, PT...): a number that
   names no authority is the sender's own;
3. the first repetition without an authority and without a type, provided that no other repetition
   could be the record of somebody else's system;
4. PID-2 or PID-4 under the source's own authority (messages before 2.3).

Health numbers, visit and account numbers, licences and social insurance numbers are no record
numbers, unless rule 1 says so for a type that names no visit.
"""

from __future__ import annotations

import re

from dsn_producers.hl7v2.datatypes import VISIT_TYPES, authority_of
from dsn_producers.hl7v2.message import Segment, Value
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source
from dsn_schemas.keys import SEPARATOR

NO_RECORD = "no-record-number"

#: Canonical system of the Quebec health number.
NAM_SYSTEM = "https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id"

#: Characters of a record number: CX.1 has 15 to 250 in the standard's versions.
_NUMBER_MAX = 250

_RECORD_TYPES = ("MR", "MRN", "PI", "PT", "PN", "LR", "U", "EPI", "MRT")
#: Types of numbers that others gave a person, or that name no person at all.
_OTHER_TYPES = VISIT_TYPES | {
    *("JHN", "NAM", "HC", "SS", "SSN", "SIN", "DL", "PPN", "PRC", "CZ", "NI", "NH", "NNCAN"),
    *("MA", "MC", "MI", "BR", "BC", "SB", "TAX", "WC", "EN", "NPI", "MD", "RRI"),
}
_NAM_TYPES = ("", "JHN", "NAM", "HC", "JHC", "PHN", "RAMQ")
_NAM_SHAPE = re.compile(r"[A-Za-z]{3,4}[\s-]?\d")


def is_nam(value: Value, source: Source, field: str) -> bool:
    """True for a health number of Quebec: by its authority, by type JHN without one, or because
    the source's settings say that the field holds it."""
    kind = value.sub(5).upper()
    spellings = (value.sub(4, 1), value.sub(4, 2))
    if any(spelling in source.nam_authorities for spelling in spellings if spelling):
        return kind in _NAM_TYPES
    if any(spellings):
        return False
    if kind in ("JHN", "NAM", "RAMQ"):
        return True
    # A number that does not begin as one is a social insurance number, or a local one.
    return not kind and field in source.nam_fields and bool(_NAM_SHAPE.match(value.sub(1)))


def record_number(pid: Segment, source: Source) -> tuple[str, str]:
    """Authority and number of the record. Raises ``Unmappable`` (no-record-number)."""
    values = [value for value in pid.values(3) if value.sub(1)]
    number = _own(values, source) or _undeclared(values, source)
    number = number or _own([pid.value(2), pid.value(4)], source)
    if len(number) > _NUMBER_MAX:
        raise Unmappable(NO_RECORD, f"PID-3 holds a number of {len(number)} characters")
    if not number and not values:
        raise Unmappable(NO_RECORD, "PID-3 is empty: whose record it is cannot be known")
    if not number:
        raise Unmappable(
            NO_RECORD,
            f"PID-3: none of {len(values)} is of authority {source.authority!r}, or a record "
            "number without an authority: name its authority in authorities of the source",
        )
    return source.authority, number


def prior_numbers(values: list[Value], source: Source) -> list[tuple[str, str]]:
    """The records that MRG-1 names: those of the source's own authority, or without one; only
    where there is none, those of other authorities."""
    own: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for value in values:
        number, kind = value.sub(1), value.sub(5).upper()
        authority = authority_of(value, source)
        foreign = kind in _OTHER_TYPES and authority != source.authority
        if not number or foreign or kind in VISIT_TYPES or is_nam(value, source, "MRG-1"):
            continue
        if SEPARATOR in authority:
            raise Unmappable(NO_RECORD, f"an authority in MRG-1 holds {SEPARATOR!r}: map its name")
        mine = authority in ("", source.authority)
        (own if mine else others).append((authority or source.authority, number))
    return list(dict.fromkeys(own or others))


def _own(values: list[Value], source: Source) -> str:
    found = [
        value
        for value in values
        if value.sub(1)
        and authority_of(value, source) == source.authority
        and value.sub(5).upper() not in VISIT_TYPES
    ]
    return min(found, key=_rank).sub(1) if found else ""


def _rank(value: Value) -> int:
    """Record numbers first, then untyped, then types nobody knows, then other people's numbers."""
    kind = value.sub(5).upper()
    if kind in _RECORD_TYPES:
        return 0
    if not kind:
        return 1
    return 3 if kind in _OTHER_TYPES else 2


def _undeclared(values: list[Value], source: Source) -> str:
    candidates = [
        value
        for value in values
        if value.sub(5).upper() not in _OTHER_TYPES and not is_nam(value, source, "PID-3")
    ]
    bare = [value for value in candidates if not authority_of(value, source)]
    typed = [value for value in bare if value.sub(5).upper() in _RECORD_TYPES]
    if typed:
        return typed[0].sub(1)
    return bare[0].sub(1) if bare and len(bare) == len(candidates) else ""
