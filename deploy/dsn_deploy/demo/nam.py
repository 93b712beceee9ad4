"""How a health insurance number of Quebec (NAM) is composed: the generator's side.

What a NAM says is read by ``dsn_schemas.nam``; here one is made from a person. Three letters of the
surname at birth, the first of the usual given name, birth date with 50 added to a woman's month, a
sequence character and a check digit.
"""

from __future__ import annotations

import unicodedata
from datetime import date

from dsn_schemas.nam import check_digit

#: Characters that tell apart people whose first ten are equal: neither 0, I nor O.
SEQUENCES = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_SAINTS = ("SAINTES", "SAINTS", "SAINTE", "SAINT", "STE")
_LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE", "Đ": "D", "Ø": "O"})


def compose(surname: str, given: str, born: date, sex: str, sequence: str = "1") -> str:
    """The NAM of a person with this surname at birth, usual given name, birth date and coded sex.

    Raises ``ValueError`` when the sex is neither "M" nor "F", the sequence character is not one of
    ``SEQUENCES`` or the given name has no letter.
    """
    if sex not in ("M", "F") or sequence not in SEQUENCES or len(sequence) != 1:
        raise ValueError(f"sex {sex!r} or sequence {sequence!r} cannot stand in a NAM")
    head = prefix(surname, given)
    digit = check_digit(head, born.year, sex, born.month, born.day, sequence)
    month = born.month + (50 if sex == "F" else 0)
    return f"{head}{born.year % 100:02d}{month:02d}{born.day:02d}{sequence}{digit}"


def prefix(surname: str, given: str) -> str:
    """The four letters. Raises ``ValueError`` when the given name has no letter."""
    name = _plain(surname)
    for saint in _SAINTS:
        if name.startswith((f"{saint}-", f"{saint} ")):
            name = "ST" + name[len(saint) :]
            break
    first = _letters(_plain(given))[:1]
    if not first:
        raise ValueError("the given name has no letter that a NAM could start with")
    return _letters(name)[:3].ljust(3, "X") + first


def _plain(name: str) -> str:
    """Upper case, without accents."""
    upper = name.upper().translate(_LIGATURES)
    return "".join(c for c in unicodedata.normalize("NFD", upper) if not unicodedata.combining(c))


def _letters(name: str) -> str:
    return "".join(c for c in name if "A" <= c <= "Z")
