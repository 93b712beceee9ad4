"""NAM (numéro d'assurance maladie), the health insurance number of Quebec.

In the shape of a ``python-stdnum`` module. Twelve characters, ``LLLF YYMM DDSC``: three letters of
the surname at birth, the first of the usual given name, birth year, month (plus 50 for a woman) and
day, a sequence character that tells equal prefixes apart, and a check digit.

The check digit is the sum of the EBCDIC (code page 037) codes of the fourteen characters
``LLLF YYYY S MM DD Q`` (four-digit year, ``M`` or ``F``, true month) times the weights below, modulo
10. No document of the Régie publishes it; it was found alike in independent public code and holds
for the published samples, among them ``MAYM21561219`` and ``TEST54122816``. The century is not
printed but enters the sum, so that a correct number fits one century (or none).

>>> compact('maym 2156-1219')
'MAYM21561219'
>>> is_valid('MAYM 2156 1219')
True
>>> info('MAYM21561219').birth_date
datetime.date(2021, 6, 12)
>>> format('MAYM21561219')
'MAYM 2156 1219'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from operator import mul

from dsn_schemas import jhn
from dsn_schemas.records import Demographics
from dsn_schemas.systems import QUEBEC

#: FHIR system of the NAM (CA Baseline).
SYSTEM = QUEBEC

_SHAPE = re.compile(
    r"([A-Z]{4})(\d{2})(0[1-9]|1[0-2]|5[1-9]|6[0-2])(0[1-9]|[12]\d|3[01])([1-9A-HJ-NP-Z])(\d)"
)
_SEPARATORS = re.compile(r"[\s.\-]")
#: EBCDIC by ASCII; the codec of Python is ten times as slow as a table.
_EBCDIC = bytes(range(128)).decode("ascii").encode("cp037") + bytes(128)
_WEIGHTS = (1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1)
#: Nobody has lived longer; without a birth date this rules a century out.
AGE_YEARS_MAX = 125
_CENTURIES = (2000, 1900, 1800)


class InvalidNam(ValueError):
    """A number that is not a NAM; the message says which part is wrong, without the number."""


@dataclass(frozen=True, slots=True)
class Nam:
    """What a valid NAM says."""

    number: str
    birth_date: date
    #: Sex the month was coded with: M or F. Not a gender, and not decided from here.
    coded_sex: str
    sequence: str


def compact(number: str) -> str:
    """The number in upper case without spaces, hyphens and dots."""
    return (number if number.isalnum() else _SEPARATORS.sub("", number)).upper()


def check_digit(prefix: str, year: int, sex: str, month: int, day: int, sequence: str) -> int:
    """The check digit for four letters, a four-digit year, M or F, the true month and the rest."""
    return _digit_of(f"{prefix}{year:04d}{sex}{month:02d}{day:02d}{sequence}")


def _digit_of(text: str) -> int:
    total: int = sum(map(mul, text.encode("ascii").translate(_EBCDIC), _WEIGHTS))
    return total % 10


@lru_cache(maxsize=1 << 16)
def info(number: str, birth_date: date | None = None) -> Nam:
    """What the number says; ``birth_date`` settles the century where it is known.

    Without it two or three centuries are tried and a wrong digit passes 20-30 % of the time; with
    it, 10 %. Raises ``InvalidNam``.
    """
    found = _SHAPE.fullmatch(compact(number))
    if found is None:
        raise InvalidNam("not four letters, a date, a sequence character and a digit")
    if birth_date is not None and not _says(found, birth_date):
        raise InvalidNam("the date in the number is not the birth date")
    born = _born(found, birth_date)
    if born is None:
        raise InvalidNam("the check digit or the date is wrong")
    return Nam(found.group(), born, "F" if found[3] > "50" else "M", found[5])


def _says(found: re.Match[str], day: date) -> bool:
    """The date in the number is this one, in some century."""
    month = int(found[3])
    if day.month != (month - 50 if month > 50 else month) or day.day != int(found[4]):
        return False
    return day.year - int(found[2]) in _CENTURIES


def _born(found: re.Match[str], birth_date: date | None) -> date | None:
    """The birth date of the first century that the check digit fits; ``birth_date`` is one that the
    number says."""
    prefix, yy, mm, dd, sequence, digit = found.groups()
    coded = f"M{mm}" if mm < "50" else f"F{int(mm) - 50:02d}"
    day = f"{int(dd):02d}"  # in ASCII, whatever digits were typed
    if birth_date is not None:
        right = _digit_of(f"{prefix}{birth_date.year}{coded}{day}{sequence}") == int(digit)
        return birth_date if right else None
    for year in (century + int(yy) for century in _CENTURIES):
        if _digit_of(f"{prefix}{year}{coded}{day}{sequence}") != int(digit):
            continue
        try:
            born = date(year, int(coded[1:]), int(dd))
        except ValueError:
            continue
        if 0 <= date.today().year - year <= AGE_YEARS_MAX:
            return born  # later or earlier nobody alive was born; a birth date asks no clock
    return None


def validate(number: str, birth_date: date | None = None) -> str:
    """The compact number when it is a NAM. Raises ``InvalidNam``."""
    return info(number, birth_date).number


def is_valid(number: str, birth_date: date | None = None) -> bool:
    """True when ``validate`` would return."""
    try:
        validate(number, birth_date)
    except InvalidNam:
        return False
    return True


class NumberClass(Enum):
    """What a text in the place of a NAM is."""

    VALID = "valid"
    #: Twelve characters in the right places; the check digit, the date or the century is wrong.
    FORMAT_ONLY = "format-only"
    MALFORMED = "malformed"
    #: A health number of another province.
    FOREIGN = "foreign"
    ABSENT = "absent"
    #: A number of a training patient: TEST 5412 2816.
    TEST = "test"


#: First four letters of training patients.
_TRAINING = ("TEST", "XXXX", "ZZZZ")
_WORDS_FOR_NONE = frozenset(
    ("AUCUN", "NONE", "NA", "N/A", "INCONNU", "UNKNOWN", "UNK", "NIL", "NULL", "NAN", "NON", "0")
)


@lru_cache(maxsize=1 << 16)
def classify(number: str, birth_date: date | None = None) -> tuple[str, NumberClass]:
    """The compact text, and what it is. ``birth_date`` settles the century and must agree.

    A clinical event is never refused for its class: it only says how far the number can be relied
    on.
    """
    text = compact(number)
    if not text or text in _WORDS_FOR_NONE or text == text[0] * len(text):
        return text, NumberClass.ABSENT
    if text.startswith(_TRAINING):
        return text, NumberClass.TEST
    found = _SHAPE.fullmatch(text)
    if found is not None:
        says = birth_date is None or _says(found, birth_date)
        valid = says and _born(found, birth_date) is not None
        return text, NumberClass.VALID if valid else NumberClass.FORMAT_ONLY
    if any(jhn.is_valid(text, province) for province in ("ON", "BC")):
        return text, NumberClass.FOREIGN
    return text, NumberClass.MALFORMED


def format(number: str) -> str:
    """The number in three groups of four, as on the card."""
    number = compact(number)
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def verified(demographics: Demographics) -> str | None:
    """The NAM of a record when it is valid and agrees with the record's own birth date.

    The smallest one, if there are several. ``None`` without a full birth date: then nothing
    vouches for the number.
    """
    return verified_among(
        [(one.value, one.use) for one in demographics.identifiers if one.system == SYSTEM],
        demographics.birth_date,
    )


def verified_among(numbers: Iterable[tuple[str, str]], birth_date: str) -> str | None:
    """As ``verified``, of (NAM, use) pairs and a birth date of any precision."""
    if len(birth_date) != len("YYYY-MM-DD"):
        return None
    try:
        born = date.fromisoformat(birth_date)
    except ValueError:
        return None
    found = [compact(number) for number, use in numbers if use != "old" and is_valid(number, born)]
    return min(found, default=None)
