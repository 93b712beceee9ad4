"""The records of a synthetic population: a lazy stream, the same bytes for the same seed.

``dsn bench identity`` registers them. Memory does not grow with the number of records: only
addresses (one for 45 people) are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from dsn_deploy.population.households import Households
from dsn_deploy.population.person import FIRST_DAY, LAST_DAY, Person
from dsn_deploy.population.sites import sites
from dsn_deploy.population.writing import Clerks
from dsn_schemas.records import Demographics

#: Records of one person beside the first: exponential, so that with the first they are 2.1.
_MORE_MEAN = 1.546
_RECORDS_MAX = 14
#: Share of registrations near home.
_NEAR = 0.85
#: Share of children born within the ten years whose first record is of the day of birth.
_BORN_IN_HOSPITAL = 0.5

DAY_MS = 86_400_000
EPOCH_DAY = date(1970, 1, 1).toordinal()

#: Local numbers are a permutation of the count, so that they carry no order and can be undone.
_NUMBERS = 10**8
_FACTOR = 61_803_399
_SHIFT = 27_182_818
_INVERSE = pow(_FACTOR, -1, _NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a site knows of a person, and who that is."""

    #: Counts records from 0; ``index_of`` finds it again from the local number.
    index: int
    authority: str
    number: str
    source: str
    #: Milliseconds since 1970 UTC. Records come by household, not in this order.
    captured_at: int
    #: The person, which only the generator knows.
    truth: int
    demographics: Demographics


def records(people: int, seed: int) -> Iterator[Record]:
    """Every record of a population of ``people``. Raises ``ValueError`` for less than one."""
    if people < 1:
        raise ValueError(f"a population of {people} people has no records")
    random = Random(f"population:{people}:{seed}")
    everywhere = sites(random)
    near = {
        region: tuple(site for site in everywhere if site.region == region)
        for region in {site.region for site in everywhere}
    }
    clerks = Clerks(random)
    index = 0
    for person in Households(people, random).people():
        for day in _days(person, random):
            among = everywhere
            if random.random() < _NEAR:
                among = near[person.home_on(day).region]
            site = among[int(random.random() * len(among))]
            number = local_number(index)
            yield Record(
                index=index,
                authority=site.authority,
                number=number,
                source=site.source,
                captured_at=(day - EPOCH_DAY) * DAY_MS + int(random.random() * DAY_MS),
                truth=person.truth,
                demographics=clerks.written(person, site, day, number),
            )
            index += 1


def local_number(index: int) -> str:
    """The local number of the record counted ``index``: eight digits."""
    return f"{(index * _FACTOR + _SHIFT) % _NUMBERS:08d}"


def index_of(number: str) -> int:
    """The count of the record with this local number."""
    return (int(number) - _SHIFT) * _INVERSE % _NUMBERS


def _days(person: Person, random: Random) -> list[int]:
    """The days on which the person was registered."""
    first = max(FIRST_DAY, person.born)
    span = LAST_DAY - first + 1
    count = min(_RECORDS_MAX, 1 + int(random.expovariate(1 / _MORE_MEAN)))
    days = [first + int(random.random() * span) for _ in range(count)]
    if person.born >= FIRST_DAY and random.random() < _BORN_IN_HOSPITAL:
        days[0] = min(LAST_DAY, person.born + int(random.random() * 3))
    return days
