"""What a site writes down of a person on a day: true, partial, varied or wrong."""

from __future__ import annotations

from datetime import date
from random import Random

from dsn_deploy.population.naming import UNKNOWN_NAME, named, newborn, parent
from dsn_deploy.population.person import Person
from dsn_deploy.population.places import Home
from dsn_deploy.population.sites import Site
from dsn_deploy.population.typos import misdated, misdialled, swapped
from dsn_schemas import nam
from dsn_schemas.records import Address, ContactPoint, Demographics, Identifier

#: Ontario's health numbers, as an example of another province (CA Baseline).
ONTARIO = "https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn"

#: Records without a NAM although the person has one.
NAM_MISSING = 0.085
#: NAMs with a wrong check digit or another wrong digit.
NAM_WRONG = 0.004
#: Infants' records with the mother's number in the place of their own: before the own one comes, and
#: in the rest of the first year.
MOTHERS_CARD = 0.10
MOTHERS_CARD_LATER = 0.02
#: Birth dates that are wrong, and those that stand for none.
DATE_WRONG = 0.007
DATE_PLACEHOLDER = 0.001
PLACEHOLDERS = ("1980-01-01", "1980-01-01", "1900-01-01", "1901-01-01")
#: Patients of whom nothing was known.
UNKNOWN = 0.0003

#: Days until a newborn has a NAM, and until which one may be served with the mother's card.
_NAM_AFTER_DAYS = 45
_MOTHERS_CARD_DAYS = 365
_YEAR = 365.25

_GENDERS = {"F": "female", "M": "male", "X": "other", "U": "unknown"}


class Clerks:
    """Write records; they remember the last one of each site, which gets copied now and then."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last: dict[str, Demographics] = {}

    def written(self, person: Person, site: Site, day: int, number: str) -> Demographics:
        """The demographics of a registration at a site on a day (ordinal), under a local number."""
        random = self._random
        own = Identifier(system=site.authority, value=number, type="MR")
        if random.random() < UNKNOWN:
            return self._unknown(own)
        home = person.home_on(day)
        last = self._last.get(site.authority)
        copied = 1.0
        if last is not None and random.random() < site.copied_share:
            copied = random.random()
        unnamed = day - person.born <= 3 and random.random() < 0.3
        card = self._nam(person, day)
        identifiers: tuple[Identifier, ...] = (own, card) if card is not None else (own,)
        telecoms = self._telecoms(person, home, site)
        addresses = self._addresses(home, site)
        sex = self._sex(person)
        mother, father = self._parents(person, site, day)
        if last is not None:
            if copied < 0.05:
                identifiers = (own, *last.identifiers[1:])
            elif copied < 0.50:
                telecoms = last.telecoms
            elif copied < 0.85:
                addresses = last.addresses
        written = Demographics(
            identifiers=identifiers,
            names=newborn(person) if unnamed else named(person, site, day, random),
            birth_date=self._birth_date(person, site, day),
            gender=_GENDERS[sex],
            gender_code=sex,
            multiple_birth=True if person.birth_order and random.random() < 0.3 else None,
            birth_order=person.birth_order if person.birth_order and unnamed else None,
            addresses=addresses,
            telecoms=telecoms,
            mother=parent(person.mother, site, random) if mother or unnamed else None,
            father=parent(person.father, site, random) if father and person.father else None,
            mother_identifiers=self._mothers(person) if unnamed else (),
        )
        self._last[site.authority] = written
        return written

    # --- parts ---------------------------------------------------------------------------------

    def _unknown(self, own: Identifier) -> Demographics:
        """Brought in unconscious: nothing but a number."""
        return Demographics(
            identifiers=(own,), names=(UNKNOWN_NAME,), gender="unknown", birth_date="1900-01-01"
        )

    def _nam(self, person: Person, day: int) -> Identifier | None:
        random = self._random
        age = day - person.born
        number = person.nam
        if age < _NAM_AFTER_DAYS:
            number = person.mother_nam if random.random() < MOTHERS_CARD else ""
        elif age < _MOTHERS_CARD_DAYS and random.random() < MOTHERS_CARD_LATER:
            number = person.mother_nam
        elif not number:
            if person.truth % 3:
                return None
            foreign = f"{person.truth * 7_919 % 10**10:010d}"
            return Identifier(system=ONTARIO, value=foreign, type="JHN", assigner="ON")
        elif person.nam_before and random.random() < 0.5:
            number = person.nam_before
        if not number or random.random() < NAM_MISSING:
            return None
        if random.random() < NAM_WRONG:
            number = number[:4] + misdialled(number[4:], random)
        if random.random() < 0.3:
            number = nam.format(number)
        return Identifier(system=nam.SYSTEM, value=number, type="JHN", assigner="RAMQ")

    def _birth_date(self, person: Person, site: Site, day: int) -> str:
        random = self._random
        chance = random.random()
        born = person.birth_date
        if chance < DATE_PLACEHOLDER:
            return PLACEHOLDERS[int(random.random() * len(PLACEHOLDERS))]
        if chance < DATE_PLACEHOLDER + DATE_WRONG:
            return misdated(born, random).isoformat()
        if chance > 1 - site.january_share:
            return date(born.year, 1, 1).isoformat()
        if chance > 0.9995 - site.january_share:
            return f"{born:%Y-%m}"
        if site.swapped_from <= day < site.swapped_until and random.random() < site.swapped_share:
            return swapped(born).isoformat()
        return born.isoformat()

    def _sex(self, person: Person) -> str:
        chance = self._random.random()
        if chance < 0.0015:
            return "M" if person.sex == "F" else "F"
        if chance < 0.002:
            return "X"
        return "U" if chance < 0.01 else person.sex

    def _mothers(self, person: Person) -> tuple[Identifier, ...]:
        if not person.mother_nam:
            return ()
        return (Identifier(system=nam.SYSTEM, value=person.mother_nam, type="JHN"),)

    def _parents(self, person: Person, site: Site, day: int) -> tuple[bool, bool]:
        """Which parents are named: of children mostly, of adults at half of the desks."""
        share = 1.0 if day - person.born < 18 * _YEAR else 0.8
        mother = self._random.random() < site.mother_share * share
        return mother, self._random.random() < site.father_share * share

    def _addresses(self, home: Home, site: Site) -> tuple[Address, ...]:
        random = self._random
        if random.random() < 0.02:
            return ()
        code = home.postal_code
        if random.random() < 0.006:
            code = misdialled(code, random)
        if site.capitals:
            code = code.replace(" ", "")
        return (
            Address(
                use="home",
                lines=(home.street,),
                city=home.city,
                state="QC",
                postal_code=code,
                country="CAN",
            ),
        )

    def _telecoms(self, person: Person, home: Home, site: Site) -> tuple[ContactPoint, ...]:
        random = self._random
        chance = random.random()
        if chance < 0.10:
            return ()
        number = home.phone
        if chance > 1 - site.switchboard_share:
            number = site.switchboard
        elif person.mobile and random.random() < 0.5:
            number = person.mobile
        if random.random() < 0.008:
            number = misdialled(number, random)
        if site.capitals:
            number = number.replace(" ", "").replace("-", "")
        return (ContactPoint(system="phone", value=number, use="home"),)
