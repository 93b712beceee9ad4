"""What each number of a record is worth: whose number it is, and whether anything vouches for it.

A health number of Quebec is *trusted* when its check digit and the record's own birth date agree;
any other text in its place is only *claimed*. Numbers that one office gives to one person (other
provinces' health numbers, passports, social insurance) are personal; numbers of a hospital's index
are local: alike within one authority they say the same person, different they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
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
        system = systems.canonical(one.system, one.type)
        if system == nam.SYSTEM:
            number, kind = nam.classify(one.value, born)
            if kind is NumberClass.VALID and born and one.use != "old":
                trusted.add(number)
            elif kind not in (NumberClass.ABSENT, NumberClass.TEST) and len(number) >= 8:
                claimed.add(number)
            continue
        value = jhn.compact(one.value)
        if len(value) < 3 or len(set(value)) < 3 or value in weights.stop_numbers:
            continue
        if one.type in _PERSONAL or system in jhn.SYSTEMS:
            personal.add(f"{system}={value}")
        elif one.type in _LOCAL or (not one.type and system):
            local.add(f"{system}={value}")
    return Numbers(
        _in_order(trusted),
        _in_order(claimed - trusted),
        _in_order(personal),
        _in_order(local),
    )


def _in_order(values: set[str]) -> tuple[str, ...]:
    return tuple(values) if len(values) < 2 else tuple(sorted(values))


@lru_cache(maxsize=1 << 15)
def _day(text: str) -> date | None:
    """A full date, or ``None``."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
