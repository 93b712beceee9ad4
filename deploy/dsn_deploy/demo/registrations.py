"""Where each person is known, under which local number and in which spelling.

A place is an assigning authority: the hospitals CHUL and HDM, and HDM's family clinic, which keeps
numbers of its own. About 70 % of the people are known to both hospitals. Places spell names their
own way, mistype a NAM, swap day and month, or open a second file for somebody they already know:
what the identity stage has to live with.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from dsn_deploy.demo.population import Person, drawer

Place = Literal["CHUL", "HDM", "HDM-CLINIQUE"]

#: The cast known to one hospital only, or to more than the two hospitals.
_PLACES: dict[str, tuple[Place, ...]] = {
    "therese": ("CHUL", "HDM", "HDM-CLINIQUE"),
    "chau": ("CHUL", "HDM", "HDM-CLINIQUE"),
    "sacha": ("CHUL", "HDM", "HDM-CLINIQUE"),
    "jean-2": ("CHUL", "HDM", "HDM-CLINIQUE"),
    "lucassie": ("CHUL", "HDM", "HDM-CLINIQUE"),
    "garcon": ("CHUL",),
}

#: People for whom CHUL opened a second file, later ended by a merge (A40): the surname and given
#: name it stands under, and whether the card was read.
_DOUBLES: dict[str, tuple[str, str, bool]] = {
    "compound": ("Gagnon", "M-Josée", False),
    "normand": ("Gagnon", "Joseph", False),
    "saint": ("St-Pierre", "Julie", True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One file of one person at one place, as that place keeps it."""

    person: Person
    place: Place
    #: Local number, with its leading zeros.
    number: str
    family: str
    given: tuple[str, ...]
    #: As the place has it in the end: empty, or not always the person's own.
    nam: str
    #: As the place has it.
    born: date
    #: Number of the surviving file when this one is a double that ends; else empty.
    merged_into: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Assigning authority and local number."""
        return self.place, self.number


def registrations(people: tuple[Person, ...]) -> tuple[Registration, ...]:
    """Every file of everybody, person by person; a double follows the file it ends in."""
    nams = {person.key: person.nam for person in people}
    found: list[Registration] = []
    for index, person in enumerate(people):
        for place in _places(person):
            found.append(_registration(person, place, index, nams))
            if place == "CHUL" and person.key in _DOUBLES:
                found.append(_double(found[-1], index))
    return tuple(found)


def latin1(text: str) -> str:
    """The text as a system with ISO-8859-1 writes it: other letters lose their accents."""
    spelled = text.replace("œ", "oe").replace("Œ", "OE")
    return "".join(c if c.encode("latin-1", "ignore") else _base(c) for c in spelled)


def _base(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    # ễ is e with two marks; ê is in ISO-8859-1, but systems that fold drop both.
    return "".join(c for c in parts if not unicodedata.combining(c))


def _places(person: Person) -> tuple[Place, ...]:
    if not person.key.startswith("neighbour-"):
        return _PLACES.get(person.key, ("CHUL", "HDM"))
    draw = drawer("places", person.key)
    chance, clinic = draw.random(), draw.random() < 0.30
    if chance < 0.70:
        return ("CHUL", "HDM", "HDM-CLINIQUE") if clinic else ("CHUL", "HDM")
    if chance < 0.85:
        return ("CHUL",)
    if chance < 0.96:
        return ("HDM", "HDM-CLINIQUE") if clinic else ("HDM",)
    return ("HDM-CLINIQUE",)


def _registration(person: Person, place: Place, index: int, nams: dict[str, str]) -> Registration:
    plain = Registration(
        person=person,
        place=place,
        number=_number(place, index),
        family=person.family,
        given=person.given,
        nam=person.nam,
        born=person.born,
    )
    particular = _particular(plain, nams)
    if place == "CHUL":
        given = tuple(latin1(name) for name in particular.given)
        return replace(particular, family=latin1(particular.family), given=given)
    if place == "HDM":
        given = tuple(name.upper() for name in particular.given)
        return replace(particular, family=particular.family.upper(), given=given)
    return particular


def _particular(plain: Registration, nams: dict[str, str]) -> Registration:
    """What this place does not know, or wrote otherwise than the person would."""
    match plain.person.key, plain.place:
        case "therese", "CHUL":
            return replace(plain, family=plain.person.married)
        case "saint", "CHUL":
            return replace(plain, family="St-Pierre")
        case "jean-pierre", "HDM":
            return replace(plain, given=("J-Pierre",))
        case "normand", "HDM":
            return replace(plain, given=("Normand",))
        case "garcon", _:
            return replace(plain, given=("BB GARCON",))
        case "nathan", "HDM":
            # An infant without a card is served with a parent's (RAMQ, first year).
            return replace(plain, nam=nams["karine"])
        case "typo", "HDM":
            digit = (int(plain.nam[-1]) + 1) % 10
            return replace(plain, nam=f"{plain.nam[:-1]}{digit}")
        case "swapped", "HDM":
            return replace(plain, born=date(plain.born.year, plain.born.day, plain.born.month))
        case _:
            return plain


def _double(survivor: Registration, index: int) -> Registration:
    family, given, carded = _DOUBLES[survivor.person.key]
    return replace(
        survivor,
        number=_number("CHUL", 500 + index),
        family=family,
        given=(given,),
        nam=survivor.nam if carded else "",
        merged_into=survivor.number,
    )


def _number(place: Place, index: int) -> str:
    match place:
        case "CHUL":
            return f"{1_204_311 + 17 * index}"
        case "HDM":
            return f"{80_127 + 7 * index:08d}"
        case _:
            return f"C{30_005 + 13 * index}"
