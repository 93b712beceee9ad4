"""Codes, amounts and values: CE, CWE, CNE, CQ, NM, SN as the contract's concepts and quantities."""

from __future__ import annotations

import re
from functools import lru_cache

from dsn_producers.hl7v2.codes import code_system, is_standard
from dsn_producers.hl7v2.digest import digest
from dsn_producers.hl7v2.message import Encoding, Value
from dsn_schemas.records import Coding, Concept, Quantity, ReferenceRange

#: Characters of a number; the patterns below take time in the square of it.
_NUMBER_MAX = 64
#: Characters of a coded field that is worth keeping: the caches stay below 8 MB.
_KEPT_MAX = 256

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_COMPARED = re.compile(r"(<=|>=|<|>)\s*(\S+)\Z")
_BETWEEN = re.compile(r"([+-]?\d*\.?\d+)\s*[-–]\s*([+-]?\d*\.?\d+)\Z", re.ASCII)


def concept(value: Value, establishment: str, table: str = "") -> Concept | None:
    """A CE, CWE or CNE; ``None`` when it says nothing. ``table``: HL7 table of the field.

    A lone first component with a space in it is words that somebody put in the place of a code.
    """
    if not value:
        return None
    read = _concept if len(value.raw) <= _KEPT_MAX else _concept.__wrapped__
    return read(value.raw, value.encoding, establishment, table)


@lru_cache(maxsize=1 << 13)
def _concept(raw: str, encoding: Encoding, establishment: str, table: str) -> Concept | None:
    """Kept, because a feed says the same codes all day: a third of the time of a laboratory message
    went into reading them again."""
    value = Value(raw, encoding)
    if " " in value[1] and not any(value[number] for number in range(2, 7)):
        return Concept(text=value[1])
    codings = []
    for first in (1, 4, 10):
        code = value[first]
        if code:
            system = code_system(value[first + 2], establishment, table if first == 1 else "")
            codings.append(Coding(system=system, code=code, display=value[first + 1]))
    text = value[9] or value[2] or value[5]
    if not codings and not text:
        return None
    return Concept(codings=tuple(codings), text=text)


def spoken(value: Value, establishment: str, table: str = "") -> Concept | None:
    """Like ``concept`` for a field of words: a single component is text, not a code."""
    only = value[1]
    if only and not any(value[number] for number in range(2, 7)):
        return Concept(text=only)
    return concept(value, establishment, table)


def entry_of(said: Concept) -> str:
    """What a concept means, as the entry of an item: ``system|code`` of its best coding.

    A system that means the same everywhere goes before a local one, wherever it stands, so that two
    establishments agree. Empty for words alone: what they mean is for a reader to say.
    """
    if not said.codings:
        return ""
    best = next((c for c in said.codings if is_standard(c.system)), said.codings[0])
    return f"{best.system}|{best.code}"


def key_of(said: Concept) -> str:
    """Names an item by what it is about: as ``entry_of``, or by a digest of the words alone, read
    without case and doubled spaces."""
    return entry_of(said) or digest(" ".join(said.text.casefold().split()))


def dated_entry(said: Concept, date: str) -> str:
    """The same thing on the same day; empty, it stands alone, when either is not known."""
    meaning = entry_of(said)
    return f"{meaning}|{date}" if meaning and date else ""


def quantity(number: str, unit: Value | None = None, comparator: str = "") -> Quantity | None:
    """A number with its unit, digits as sent; ``None`` when it is no plain decimal number."""
    if len(number) > _NUMBER_MAX or not _NUMBER.match(number):
        return None
    if unit is None or not unit:
        return Quantity(value=number, comparator=comparator)
    read = _unit if len(unit.raw) <= _KEPT_MAX else _unit.__wrapped__
    shown, system, code = read(unit.raw, unit.encoding)
    return Quantity(value=number, comparator=comparator, unit=shown, system=system, code=code)


@lru_cache(maxsize=1 << 10)
def _unit(raw: str, encoding: Encoding) -> tuple[str, str, str]:
    """Unit for display, its system and its code; the last two only where it says UCUM."""
    value = Value(raw, encoding)
    code, system = value[1], value[3].upper()
    ucum = system in ("UCUM", "2.16.840.1.113883.6.8")
    return value[2] or code, "http://unitsofmeasure.org" if ucum else "", code if ucum else ""


def compared(text: str, unit: Value | None = None) -> Quantity | None:
    """A number that may stand behind a comparator: ``12.5``, ``<0.01``."""
    match = _COMPARED.match(text)
    return quantity(match[2], unit, match[1]) if match else quantity(text, unit)


def structured(value: Value, unit: Value | None) -> Quantity | None:
    """An SN that is one number: ``>^100``, ``^182``; ``None`` for ranges and ratios."""
    comparator = value[1]
    if value[3] or value[4] or comparator not in ("", "=", "<", "<=", ">", ">="):
        return None
    return quantity(value[2], unit, "" if comparator == "=" else comparator)


def reference_range(text: str, unit: Value | None) -> ReferenceRange | None:
    """OBX-7 as bounds where it has some, always as the laboratory wrote it."""
    if not text:
        return None
    if len(text) > 2 * _NUMBER_MAX:
        return ReferenceRange(text=text)
    if between := _BETWEEN.match(text):
        low, high = quantity(between[1], unit), quantity(between[2], unit)
        return ReferenceRange(low=low, high=high, text=text)
    bound = compared(text, unit)
    if bound is None or not bound.comparator:
        return ReferenceRange(text=text)
    bare = quantity(bound.value, unit)
    low = bare if bound.comparator.startswith(">") else None
    return ReferenceRange(low=low, high=None if low else bare, text=text)
