"""JHN (jurisdictional health number): the health numbers of the other provinces and territories.

In the shape of a ``python-stdnum`` module, one more argument for the province. Check digits are
verified where the rule is public (Ontario: Luhn; British Columbia: weights modulo 11); elsewhere
the shape alone. Quebec's number has a module of its own, `dsn_schemas.nam`.

>>> is_valid("9698 658 215", "BC")
True
>>> format("9698658215", "BC")
'9698 658 215'
"""

from __future__ import annotations

import re

from dsn_schemas.systems import PROVINCES

#: Canonical systems of the health numbers this module knows, Quebec's left out.
SYSTEMS = frozenset(system for code, system in PROVINCES.items() if code != "QC")

_SHAPES = {
    "AB": re.compile(r"[1-9]\d{8}"),
    "BC": re.compile(r"9\d{9}"),
    "MB": re.compile(r"\d{9}"),
    "NB": re.compile(r"\d{9}"),
    "NL": re.compile(r"\d{12}"),
    "NS": re.compile(r"\d{10}"),
    "NT": re.compile(r"[A-Z]\d{7}"),
    "NU": re.compile(r"1\d{8}"),
    "ON": re.compile(r"[1-9]\d{9}(?:[A-Z]{1,2})?"),
    "PE": re.compile(r"\d{8}"),
    "SK": re.compile(r"\d{9}"),
    "YT": re.compile(r"\d{9}"),
}
_BC_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3)


class InvalidJhn(ValueError):
    """Not a health number of that province; the message does not show it."""


def compact(number: str) -> str:
    """Letters and digits in upper case."""
    number = number.upper()
    return number if number.isalnum() else "".join(c for c in number if c.isalnum())


def validate(number: str, province: str) -> str:
    """The compact number, without Ontario's version letters. Raises ``InvalidJhn``."""
    shape = _SHAPES.get(province)
    if shape is None:
        raise InvalidJhn(f"no health number is known for {province!r}")
    number = compact(number)
    if not shape.fullmatch(number):
        raise InvalidJhn(f"not the shape of a health number of {province}")
    if province == "ON":
        number = number[:10]
        if not _luhn(number):
            raise InvalidJhn("the check digit is wrong")
    if province == "BC" and not _modulo_11(number):
        raise InvalidJhn("the check digit is wrong")
    return number


def is_valid(number: str, province: str) -> bool:
    """True when ``validate`` would return."""
    try:
        validate(number, province)
    except InvalidJhn:
        return False
    return True


def format(number: str, province: str) -> str:
    """The number in the groups of its card, where they are known."""
    number = compact(number)
    if province in ("ON", "BC"):
        return " ".join(
            part for part in (number[:4], number[4:7], number[7:10], number[10:]) if part
        )
    return number


def _luhn(number: str) -> bool:
    doubled = (int(c) * (2 if place % 2 == 0 else 1) for place, c in enumerate(number))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _modulo_11(number: str) -> bool:
    total = sum(int(c) * weight for c, weight in zip(number[1:9], _BC_WEIGHTS, strict=True))
    return (11 - total % 11) % 11 == int(number[9])
