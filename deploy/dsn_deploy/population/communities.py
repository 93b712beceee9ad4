"""The communities that a name comes from: surnames, given names, and how their names are written down.

Shares of the population are rounded from the census. The lists are short on purpose: within a
community names repeat more than among old stock, which is what makes matching there hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from dsn_deploy.population import given, lists, surnames
from dsn_deploy.population.given import Generations
from dsn_deploy.population.lot import Lot, ranked


class Manner(Enum):
    """How clerks write the names of a community: which variants occur (``variants.py``)."""

    #: Accents, compound names, Saint and Ste.
    FRENCH = "french"
    PLAIN = "plain"
    #: Surnames that are given names; hyphens come and go; Creole spellings.
    HAITIAN = "haitian"
    #: Transliterations, articles that are joined or not.
    ARABIC = "arabic"
    #: Family name first, a middle name, names in one piece or several.
    VIETNAMESE = "vietnamese"
    CHINESE = "chinese"
    #: Two surnames, of which one may be left out.
    HISPANIC = "hispanic"
    #: A middle name Singh or Kaur that may be taken for the surname.
    SOUTH_ASIAN = "south-asian"
    #: Syllabics in several Latin spellings; children carry an elder's name.
    INUIT = "inuit"
    #: Surnames of one or two words; several spellings.
    FIRST_NATIONS = "first-nations"


@dataclass(frozen=True, slots=True)
class Community:
    """Where a person's names come from."""

    name: str
    #: Share of the population, per cent.
    share: float
    manner: Manner
    surnames: Lot[str]
    women: Generations
    men: Generations
    #: Lives in villages of its own, of one postal code each (names of ``places.VILLAGES``).
    villages: tuple[str, ...] = ()
    language: str = "fr"

    def given(self, sex: str, year: int, random: Random) -> str:
        """A given name of somebody born in ``year``."""
        names = self.women if sex == "F" else self.men
        return names.of(year, random.random()).draw(random)


def communities() -> Lot[Community]:
    """All of them, drawn by their share."""
    old = Community("old stock", 70.5, Manner.FRENCH, surnames.old_stock(), _WOMEN, _MEN)
    others = [_community(entry) for entry in lists.COMMUNITIES]
    return Lot((one, one.share) for one in (old, *others))


_WOMEN = given.women()
_MEN = given.men()

#: Exponent with which frequency falls within a community.
_FALL = 0.7


def _community(entry: lists.Entry) -> Community:
    names = Lot(ranked(_split(entry.surnames), _FALL))
    women, men = (_same(_split(text)) for text in (entry.women, entry.men))
    return Community(
        entry.name,
        entry.share,
        Manner(entry.manner),
        names,
        women,
        men,
        entry.villages,
        entry.language,
    )


def _same(names: list[str]) -> Generations:
    lot = Lot(ranked(names, _FALL))
    return Generations(lot, lot, lot)


def _split(text: str) -> list[str]:
    """The names of a list; an underscore stands for a space within a name."""
    return [name.replace("_", " ") for name in dict.fromkeys(text.split())]
