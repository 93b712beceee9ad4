"""The names of a record: the person's, in the manner of the community and the site, with slips."""

from __future__ import annotations

from random import Random

from dsn_deploy.population.communities import Manner
from dsn_deploy.population.person import Parent, Person
from dsn_deploy.population.sites import Site
from dsn_deploy.population.typos import mistyped
from dsn_deploy.population.variants import plain, varied
from dsn_schemas.records import HumanName

#: Slips in a surname, and in a given name.
TYPO = 0.018
#: Surname and given name in each other's place, by manner; else ``_INVERTED``.
_INVERTED = 0.002
_INVERTED_BY = {Manner.VIETNAMESE: 0.03, Manner.CHINESE: 0.03, Manner.HAITIAN: 0.01}
#: Records without a given name.
_NO_GIVEN = 0.0008

#: Whom nobody could ask.
UNKNOWN_NAME = HumanName(family="INCONNU", given=("INCONNU",))

_LABELS = {"F": "BB FILLE", "M": "BB GARCON"}


def named(person: Person, site: Site, day: int, random: Random) -> tuple[HumanName, ...]:
    """The names that the site knows on that day."""
    family, given = _current(person, site, day, random)
    if person.baptismal and random.random() < (0.5 if site.baptismal else 0.02):
        given = (*person.baptismal, *given)
    if random.random() < TYPO:
        family = mistyped(family, random)
    if random.random() < TYPO:
        given = (mistyped(given[0], random), *given[1:])
    chance = random.random()
    if chance < _INVERTED_BY.get(person.community.manner, _INVERTED):
        family, given = " ".join(given), (family,)
    elif chance > 1 - _NO_GIVEN:
        given = ()
    family, given = _in_the_habit_of(site, family, given)
    official = HumanName(use="official", family=family, given=given)
    if family != person.family and person.married and random.random() < 0.3:
        return official, HumanName(use="maiden", family=person.family, given=given)
    return (official,)


def newborn(person: Person) -> tuple[HumanName, ...]:
    """BB FILLE of her mother, numbered when there are two."""
    label = _LABELS[person.sex]
    if person.birth_order:
        label = f"{label} {person.birth_order}"
    return (HumanName(family=plain(person.mother[0]), given=(label,)),)


def parent(name: Parent, site: Site, random: Random) -> HumanName:
    """A parent's name as the child's record has it; one in five without the given name."""
    family, given = name
    if random.random() < TYPO:
        family = mistyped(family, random)
    written: tuple[str, ...] = (given,) if random.random() < 0.8 else ()
    family, written = _in_the_habit_of(site, family, written)
    return HumanName(use="maiden", family=family, given=written)


def _current(person: Person, site: Site, day: int, random: Random) -> tuple[str, tuple[str, ...]]:
    """Surname and given names: by marriage or at birth, before or after a transition."""
    family, usual = person.family, person.usual
    if person.usual_before and random.random() < 0.5:
        usual = person.usual_before
    if person.married:
        chance = random.random()
        if chance < (0.8 if site.by_marriage else 0.1):
            family = person.married
        elif chance > 0.95:
            family = f"{family}-{person.married}"
    return varied(family, usual, person.community.manner, random)


def _in_the_habit_of(
    site: Site, family: str, given: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    if site.given_letters:
        given = tuple(name[: site.given_letters] for name in given)
    if site.capitals:
        return plain(family), tuple(plain(name) for name in given)
    return family, given
