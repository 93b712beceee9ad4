"""What each number of a record is worth: whose number it is, and whether anything vouches for it.

A health number of Quebec is *trusted* when its check digit and the record's own birth date agree;
any other text in its place is only *claimed*. Numbers that one office gives to one person (other
provinces' health numbers, passports, social insurance) are personal; numbers of a hospital's index
are local: alike within one authority they say the same person, different they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from dsn_schemas import jhn, nam, systems
from dsn_schemas.nam import NumberClass
from dsn_streams.matching.person import AnyIdentifier
from dsn_streams.matching.weights import Weights

#: Types of HL7 table 0203 for numbers that one office gives to one person.
_PERSONAL = frozenset(
    [
        "JHN",
        "JPID",
        "HC",
        "PHC",
        "SS",
        "SSN",
        "SIN",
        "NI",
        "NIP",
        "NIDN",
        "PPN",
        "PRC",
        "DL",
        "CZ",
        "TAX",
        "MC",
        "NH",
        "NNCAN",
        "NNxxx",
        "BR",
        "PNT",
    ]
)
#: Fewer different characters than this is a number typed to get past a mandatory field.
_DIFFERENT_MIN = 3
_LOCAL = frozenset(["MR", "MRN", "MRT", "PI", "PT", "LR", "U", "EPI", "PE", "PN", "RI"])


class Numbers(NamedTuple):
    """The numbers of one record, sorted."""

    #: Health numbers of Quebec that the record's own birth date vouches for.
    trusted: tuple[str, ...]
    #: Other text in their place: wrong digit, somebody else's date, old numbers.
    claimed: tuple[str, ...]
    #: ``system=value`` of other personal numbers.
    personal: tuple[str, ...]
    #: ``system=value`` of local numbers.
    local: tuple[str, ...]


def numbers_of(identifiers: Iterable[AnyIdentifier], birth_date: str, weights: Weights) -> Numbers:
    """Sort the numbers of a record by what they are worth."""
    trusted: set[str] = set()
    claimed: set[str] = set()
    personal: set[str] = set()
    local: set[str] = set()
    born = _day(birth_date)
    for one in identifiers:
        system, kind = _kind(one.system, one.type)
        if kind is _Kind.QUEBEC:
            number, found = nam.classify(one.value, born)
            if found is NumberClass.VALID and born and one.use != "old":
                trusted.add(number)
            elif found not in (NumberClass.ABSENT, NumberClass.TEST) and len(number) >= 8:
                claimed.add(number)
        elif kind is not _Kind.NONE:
            value = jhn.compact(one.value)
            if len(set(value)) >= _DIFFERENT_MIN and value not in weights.stop_numbers:
                (personal if kind is _Kind.PERSONAL else local).add(f"{system}={value}")
    return Numbers(
        _in_order(trusted),
        _in_order(claimed - trusted),
        _in_order(personal),
        _in_order(local),
    )


class _Kind(Enum):
    """What the numbers of a system are."""

    QUEBEC = "quebec"
    PERSONAL = "personal"
    LOCAL = "local"
    #: Nothing that tells a person.
    NONE = "none"


@lru_cache(maxsize=1 << 12)
def _kind(system: str, type_code: str) -> tuple[str, _Kind]:
    """The canonical name of a system, and what its numbers are."""
    name = systems.canonical(system, type_code)
    if name == nam.SYSTEM:
        return name, _Kind.QUEBEC
    if type_code in _PERSONAL or name in jhn.SYSTEMS:
        return name, _Kind.PERSONAL
    return name, _Kind.LOCAL if type_code in _LOCAL or (not type_code and name) else _Kind.NONE


def _in_order(values: set[str]) -> tuple[str, ...]:
    return tuple(values) if len(values) < 2 else tuple(sorted(values))


@lru_cache(maxsize=1 << 15)
def _day(text: str) -> date | None:
    """A full date, or ``None``."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
