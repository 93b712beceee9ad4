"""People by index, millions of them if need be: who each is, without keeping any.

An index stands for one combination of name and birth date, so that every index has a NAM of its
own. Names repeat, as they do; NAMs do not.
"""

from __future__ import annotations

from datetime import date, timedelta

from dsn_deploy.demo import nam
from dsn_deploy.demo.names import AREAS, GIVEN_MEN, GIVEN_WOMEN, SURNAMES
from dsn_schemas.nam import SYSTEM, check_digit
from dsn_schemas.records import (
    Address,
    ContactPoint,
    Demographics,
    HumanName,
    Identifier,
)


def _combinations() -> tuple[tuple[str, str, str, str], ...]:
    """Surname, given name, sex and NAM prefix; each prefix and sex once."""
    found: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for sex, names in (("F", GIVEN_WOMEN), ("M", GIVEN_MEN)):
        for given in names:
            for surname in SURNAMES:
                head = nam.prefix(surname, given)
                found.setdefault((head, sex), (surname, given, sex, head))
    return tuple(found[key] for key in sorted(found))


_NAMES = _combinations()
#: Birth dates in use: a century.
_DAYS = 36_500
_FIRST = date(1924, 1, 1)
#: Coprime with ``_DAYS``: steps through every day once before it comes back.
_STRIDE = 10_007

#: More people than this would share NAMs.
PEOPLE_MAX = len(_NAMES) * _DAYS


#: Those that Canada Post uses.
_LETTERS = "ABCEGHJKLMNPRSTVWXYZ"


def _postal_code(place: int) -> str:
    """One of its own for each place: where all live behind one code, everybody is compared with
    everybody of the same given name."""
    rest, last = divmod(place, 10)
    rest, letter = divmod(rest, len(_LETTERS))
    rest, digit = divmod(rest, 10)
    area = _LETTERS[rest % len(_LETTERS)]
    return f"G1{area} {digit}{_LETTERS[letter]}{last}"


_ADDRESSES = tuple(
    (
        Address(
            use="home",
            lines=(f"{civic}, rue Principale",),
            city="Québec",
            state="QC",
            postal_code=_postal_code(civic),
            country="CAN",
        ),
    )
    for civic in range(1, 5_000)
)
_TELECOMS = tuple(
    (ContactPoint(system="phone", value=f"{area} 555-01{line:02d}", use="home"),)
    for area in AREAS
    for line in range(100)
)


def demographics(person: int, authority: str, number: str, version: int) -> Demographics:
    """Who person ``person`` is; ``version`` moves the address and the telephone, no more."""
    surname, given, sex, head = _NAMES[person % len(_NAMES)]
    born = _born(person)
    digit = check_digit(head, born.year, sex, born.month, born.day, "1")
    month = born.month + (50 if sex == "F" else 0)
    health = f"{head}{born.year % 100:02d}{month:02d}{born.day:02d}1{digit}"
    return Demographics(
        identifiers=(
            Identifier(system=authority, value=number, type="MR"),
            Identifier(system=SYSTEM, value=health, type="JHN"),
        ),
        names=(HumanName(use="official", family=surname, given=(given,)),),
        gender="female" if sex == "F" else "male",
        gender_code=sex,
        birth_date=born.isoformat(),
        addresses=_ADDRESSES[version % len(_ADDRESSES)],
        telecoms=_TELECOMS[version % len(_TELECOMS)],
    )


def _born(person: int) -> date:
    name, turn = person % len(_NAMES), person // len(_NAMES)
    return _FIRST + timedelta(days=(turn * _STRIDE + name * 7_919) % _DAYS)
