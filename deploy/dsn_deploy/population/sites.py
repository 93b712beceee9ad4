"""The 34 sites that register people, each with its own number series, habits and bad years.

Errors of a site are alike: one writes capitals without accents, one cuts long names, one swapped
day and month until its software was mended. Records of one site therefore agree in what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from dsn_deploy.population.person import FIRST_DAY, LAST_DAY
from dsn_deploy.population.places import REGIONS, phone

SITES = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A registration desk."""

    #: Assigning authority of its numbers.
    authority: str
    #: Establishment system that sends its changes.
    source: str
    region: int
    #: The site's own telephone number, which is typed where none is known.
    switchboard: str
    #: Share of records with the switchboard as the patient's number.
    switchboard_share: float
    #: Capitals, without accents.
    capitals: bool
    #: Letters that fit a given name; 0 for no limit.
    given_letters: int
    #: Keeps married women under the husband's surname.
    by_marriage: bool
    #: Registers the names of the register of births before the usual one.
    baptismal: bool
    #: Share of records that name the mother, the father.
    mother_share: float
    father_share: float
    #: Days between which day and month were swapped for the given share of records.
    swapped_from: int
    swapped_until: int
    swapped_share: float
    #: Share of birth dates entered as the first of January, month and day being unknown.
    january_share: float
    #: Share of registrations that keep a part of the patient's before.
    copied_share: float


def sites(random: Random) -> tuple[Site, ...]:
    """All sites of a population."""
    return tuple(_site(number, random) for number in range(SITES))


def _site(number: int, random: Random) -> Site:
    bad = FIRST_DAY + random.randrange(LAST_DAY - FIRST_DAY - 400)
    return Site(
        authority=f"SITE-{number + 1:02d}",
        source=f"site-{number + 1:02d}-adt",
        region=number % REGIONS,
        switchboard=phone(("514", "450", "450", "418", "418", "819", "819")[number % 7], random),
        switchboard_share=0.08 if number % 11 == 3 else 0.002,
        capitals=number % 3 == 0,
        given_letters=10 if number % 17 == 5 else 0,
        by_marriage=number % 4 == 1,
        baptismal=number % 9 == 2,
        mother_share=0.9 if number % 5 else 0.2,
        father_share=0.7 if number % 4 else 0.1,
        swapped_from=bad,
        swapped_until=bad + 300,
        swapped_share=0.15 if number % 10 == 7 else 0.0,
        january_share=0.006 if number % 13 == 4 else 0.0002,
        copied_share=0.002 if number % 12 == 6 else 0.0003,
    )
