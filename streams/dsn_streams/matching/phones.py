"""Telephone numbers as they are compared: ten digits in North America, else international form."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_EXTENSION = re.compile(r"(?:ext|poste|x|#).*$")
_NO_DIGITS = re.compile(r"\D+")
#: Area code and exchange begin with 2-9 (North American Numbering Plan).
_NANP = re.compile(r"1?([2-9]\d\d[2-9]\d{6})")
#: As most are written.
_PLAIN = re.compile(r"\(?([2-9]\d\d)\)?[ .-]?([2-9]\d\d)[ .-]?(\d{4})")
#: Fewer different digits than this is a number typed to get past a mandatory field.
_DIFFERENT_MIN = 3


@lru_cache(maxsize=1 << 12)
def normalised(value: str) -> str:
    """The number; empty when it cannot be one.

    >>> normalised("(514) 555-1234 poste 22"), normalised("+33 1 42 68 53 00"), normalised("999")
    ('5145551234', '+33142685300', '')
    """
    plain = _PLAIN.fullmatch(value)
    if plain:
        found = "".join(plain.groups())
        return found if len(set(found)) >= _DIFFERENT_MIN else ""
    text = value.lower()
    if "x" in text or "#" in text or "poste" in text:
        text = _EXTENSION.sub("", text)
    found = _NO_DIGITS.sub("", text)
    if len(set(found)) < _DIFFERENT_MIN:
        return ""
    north_american = _NANP.fullmatch(found)
    if north_american and not text.lstrip().startswith("+") or text.startswith("+1"):
        return north_american[1] if north_american else ""
    return _elsewhere(value, found)


def _elsewhere(value: str, found: str) -> str:
    """A number of another country, or a local one that only repeats can make useful."""
    try:
        number = phonenumbers.parse(value, "CA")
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return found if len(found) >= 7 else ""
