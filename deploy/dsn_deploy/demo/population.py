"""Who lives in the demonstration: the hand-written cast and about a hundred neighbours.

Everything is drawn from generators seeded by words, one for each person, so that a change to one
person leaves all others as they were. No clock is read.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from dsn_deploy.demo import nam
from dsn_deploy.demo.cast import CAST, Role
from dsn_deploy.demo.names import AREAS, CITIES, GIVEN_MEN, GIVEN_WOMEN, STREETS, SURNAMES

#: People beside the cast.
NEIGHBOURS = 94

#: First and last birth date of the neighbours.
_BORN_FIRST = date(1932, 1, 1)
_BORN_LAST = date(2024, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a person lives."""

    street: str
    city: str
    #: ``ANA NAN``, with its space.
    postal_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist."""

    #: Names the person within the generator; never sent.
    key: str
    #: Surname at birth, as its bearer writes it.
    family: str
    #: Given names as registered.
    given: tuple[str, ...]
    #: The given name in use, which the NAM is made of.
    usual: str
    #: M or F: the sex that the NAM codes.
    sex: str
    born: date
    #: Empty for somebody who has none.
    nam: str
    #: M, F or X: the marker on the card.
    marker: str
    #: Surname and given name.
    mother: tuple[str, str]
    father: tuple[str, str]
    address: Address
    phone: str
    #: fr, en, iu, ht, vi.
    language: str = "fr"
    #: Surname by marriage, used by some places instead of the one at birth.
    married: str = ""
    #: 0, or the order in a multiple birth.
    birth_order: int = 0


def population() -> tuple[Person, ...]:
    """Everybody, the cast first; the same people at every call and on every machine.

    Raises ``ValueError`` when two people would share a NAM: then a sequence character is wrong.
    """
    people = [_member(role) for role in CAST]
    taken = {person.nam for person in people if person.nam}
    for index in range(NEIGHBOURS):
        person = _neighbour(index, taken)
        taken.add(person.nam)
        people.append(person)
    if len(taken) != sum(1 for person in people if person.nam):
        raise ValueError("two people share a NAM: give one of the cast another sequence")
    return tuple(people)


def drawer(*words: object) -> random.Random:
    """The generator that belongs to these words: the same numbers everywhere and for ever."""
    return random.Random(":".join(["dsn-demo", *map(str, words)]))


def _member(role: Role) -> Person:
    draw = drawer("cast", role.key)
    born = date.fromisoformat(role.born)
    # A Vietnamese or compound given name is one name; Joseph Réal Normand are three.
    given = tuple(role.given.split(" ")) if role.usual else (role.given,)
    usual = role.usual or role.given
    number = nam.compose(role.family, usual, born, role.sex, role.sequence)
    return Person(
        key=role.key,
        family=role.family,
        given=given,
        usual=usual,
        sex=role.sex,
        born=born,
        nam=number if role.insured else "",
        marker=role.marker or role.sex,
        mother=role.mother or _parent(draw, GIVEN_WOMEN),
        father=_parent(draw, GIVEN_MEN),
        address=_address(draw),
        phone=_phone(draw),
        language=role.language,
        married=role.married,
        birth_order=role.birth_order,
    )


def _neighbour(index: int, taken: set[str]) -> Person:
    draw = drawer("neighbour", index)
    sex = draw.choice("MF")
    family = _surname(draw)
    if draw.random() < 0.12:
        family = f"{family}-{_surname(draw)}"
    usual = draw.choice(GIVEN_WOMEN if sex == "F" else GIVEN_MEN)
    born = _BORN_FIRST + timedelta(days=draw.randrange((_BORN_LAST - _BORN_FIRST).days))
    free = (nam.compose(family, usual, born, sex, character) for character in nam.SEQUENCES)
    return Person(
        key=f"neighbour-{index:03d}",
        family=family,
        given=(usual,),
        usual=usual,
        sex=sex,
        born=born,
        nam=next(number for number in free if number not in taken),
        marker=sex,
        mother=_parent(draw, GIVEN_WOMEN),
        father=_parent(draw, GIVEN_MEN),
        address=_address(draw),
        phone=_phone(draw),
        language="en" if draw.random() < 0.08 else "fr",
    )


def _surname(draw: random.Random) -> str:
    """A surname, the frequent ones more often."""
    return SURNAMES[min(draw.randrange(len(SURNAMES)), draw.randrange(len(SURNAMES)))]


def _parent(draw: random.Random, given: tuple[str, ...]) -> tuple[str, str]:
    return _surname(draw), draw.choice(given)


def _address(draw: random.Random) -> Address:
    city, code = draw.choice(CITIES)
    letter, digit = draw.choice("ABCEHJKLMNPRST"), draw.randrange(10)
    return Address(
        street=f"{draw.randrange(1, 4000)}, {draw.choice(STREETS)}",
        city=city,
        postal_code=f"{code}{letter}{digit}",
    )


def _phone(draw: random.Random) -> str:
    return f"{draw.choice(AREAS)} 555-01{draw.randrange(100):02d}"
