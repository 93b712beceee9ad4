"""Who lives together: couples with children, twins, single people, kin elsewhere, residences.

People of a household share surname, address, telephone and parents, which is what linkage must not
take for one person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from dsn_deploy.population.communities import Community, Manner, communities
from dsn_deploy.population.lot import Lot
from dsn_deploy.population.numbers import Numbers
from dsn_deploy.population.person import FIRST_DAY, LAST_DAY, Parent, Person
from dsn_deploy.population.places import Home, Places, phone

#: Births of two, of all births: 3.1 % of people have a twin.
TWIN_BIRTHS = 0.016
#: People without health insurance.
UNINSURED = 0.015
#: Age of the head of a household, years, with its weight.
_AGES = (
    (18, 6.0),
    (25, 11.0),
    (35, 12.0),
    (45, 11.0),
    (55, 13.0),
    (65, 12.0),
    (75, 7.0),
    (85, 3.0),
)
_YEAR = 365.25
#: Days after which a birth cannot be any more.
_ADULT = round(18 * _YEAR)


class Households:
    """Makes households until there are enough people; everything from one generator."""

    def __init__(self, people: int, random: Random) -> None:
        self._random = random
        self._people = people
        self._made = 0
        self._numbers = Numbers()
        self._places = Places(people, random)
        self._communities = communities()
        self._ages = Lot(_AGES)

    def people(self) -> Iterator[Person]:
        """Exactly as many people as asked for, those of a household one after the other."""
        while True:
            for person in self._household():
                if person.truth >= self._people:
                    return
                yield person

    # --- kinds of households -------------------------------------------------------------------

    def _household(self) -> list[Person]:
        community = self._communities.draw(self._random)
        kind = self._random.random()
        if kind < 0.36:
            return self._family(community)
        if kind < 0.44:
            return self._alone_with_children(community)
        return self._alone(community)

    def _family(self, community: Community) -> list[Person]:
        """A couple, most of the time with children."""
        random = self._random
        home = self._home(community)
        born = self._adult_birthday()
        near = min(LAST_DAY - _ADULT, born + int(random.gauss(600, 900)))
        other = community if random.random() < 0.8 else self._communities.draw(random)
        father = self._person(community, "M", near, home)
        mother = self._person(other, "F", born, home)
        if mother.born < date(1962, 1, 1).toordinal() and random.random() < 0.25:
            mother.married = father.family
        return [father, mother, *self._children(community, mother, father, home)]

    def _alone_with_children(self, community: Community) -> list[Person]:
        home = self._home(community)
        mother = self._person(community, "F", self._adult_birthday(), home)
        return [mother, *self._children(community, mother, None, home)]

    def _alone(self, community: Community) -> list[Person]:
        """One adult, and now and then a brother, sister or twin who lives elsewhere."""
        random = self._random
        born = self._adult_birthday()
        home = self._home(community)
        where = random.random()
        if where < 0.002:
            home = self._places.shelter(random)
        elif born < LAST_DAY - 75 * _YEAR and where < 0.25:
            home = self._places.residence(random)
        sex = "F" if random.random() < 0.52 else "M"
        person = self._person(community, sex, born, home)
        if sex == "F" and born < date(1962, 1, 1).toordinal() and random.random() < 0.2:
            person.married = self._communities.draw(random).surnames.draw(random)
        chance = random.random()
        if chance < TWIN_BIRTHS:
            return self._with_twin(person)
        if chance < 0.10:
            later = min(LAST_DAY - _ADULT, born + int((1 + random.random() * 4) * _YEAR))
            return [person, self._sibling(person, later, self._home(community))]
        return [person]

    def _children(
        self, community: Community, mother: Person, father: Person | None, home: Home
    ) -> list[Person]:
        """Children of up to 28 years, one to four years apart, twins among them."""
        random = self._random
        children: list[Person] = []
        born = mother.born + int((20 + random.random() * 14) * _YEAR)
        while born <= LAST_DAY and len(children) < 6 and random.random() < 0.72:
            if born > LAST_DAY - 28 * _YEAR:
                child = self._child(community, mother, father, born, home)
                children.extend(
                    self._with_twin(child) if random.random() < TWIN_BIRTHS else [child]
                )
            born += int((1 + random.random() * 3) * _YEAR)
        return children

    # --- people --------------------------------------------------------------------------------

    def _child(
        self, community: Community, mother: Person, father: Person | None, born: int, home: Home
    ) -> Person:
        random = self._random
        sex = "F" if random.random() < 0.49 else "M"
        family = father.family if father and random.random() < 0.88 else mother.family
        if father and random.random() < 0.06:
            family = f"{mother.family.split('-')[0]}-{father.family.split('-')[0]}"
        same = father is not None and sex == "M" and random.random() < 0.008
        return self._person(
            community,
            sex,
            born,
            home,
            family=family,
            usual=father.usual if father and same else "",
            mother=(mother.family, mother.usual),
            father=(father.family, father.usual) if father else None,
            mother_nam=mother.nam,
            mobile=mother.mobile,
        )

    def _with_twin(self, person: Person) -> list[Person]:
        """The person and the other of the two, often of a like name."""
        random = self._random
        person.birth_order = 1
        sex = person.sex if random.random() < 0.65 else "M" if person.sex == "F" else "F"
        adult = person.born < LAST_DAY - 28 * _YEAR
        home = self._home(person.community) if adult else person.home
        twin = self._sibling(person, person.born, home, sex)
        twin.birth_order = 2
        return [person, twin]

    def _sibling(self, person: Person, born: int, home: Home, sex: str = "") -> Person:
        random = self._random
        sex = sex or ("F" if random.random() < 0.5 else "M")
        usual = person.usual
        while usual == person.usual:  # two of a family never have one name
            usual = self._given(person.community, sex, born)
        return self._person(
            person.community,
            sex,
            born,
            home,
            family=person.family,
            usual=usual,
            mother=person.mother,
            father=person.father,
            mother_nam=person.mother_nam,
            mobile=person.mobile if home is person.home else "",
        )

    def _person(
        self,
        community: Community,
        sex: str,
        born: int,
        home: Home,
        *,
        family: str = "",
        usual: str = "",
        mother: Parent | None = None,
        father: Parent | None = None,
        mother_nam: str = "",
        mobile: str = "",
    ) -> Person:
        random = self._random
        usual = usual or self._given(community, sex, born)
        if mother is None:
            father = community.surnames.draw(random), self._given(community, "M", born - 10_000)
            mother = community.surnames.draw(random), self._given(community, "F", born - 10_000)
        family = family or (father or mother)[0]
        birth_date = date.fromordinal(born)
        insured = random.random() >= UNINSURED
        person = Person(
            truth=self._made,
            community=community,
            family=family,
            usual=usual,
            sex=sex,
            born=born,
            nam=self._numbers.new(family, usual, birth_date, sex) if insured else "",
            mother=mother,
            father=father,
            mother_nam=mother_nam,
            home=home,
            mobile=mobile or (phone("438", random) if random.random() < 0.6 else ""),
            baptismal=self._baptismal(community, sex, born),
        )
        self._made += 1
        if random.random() < 0.25:
            person.home_before = self._home(community)
            person.moved = FIRST_DAY + int(random.random() * (LAST_DAY - FIRST_DAY))
        if insured and random.random() < 0.0007:
            self._renumber(person)
        return person

    def _renumber(self, person: Person) -> None:
        """A change of surname, or one time in three of sex and given name: another NAM."""
        random = self._random
        before = person.nam
        if random.random() < 0.33:
            person.usual_before = person.usual
            person.sex = "M" if person.sex == "F" else "F"
            person.usual = self._given(person.community, person.sex, person.born)
        else:
            person.family = person.community.surnames.draw(random)
        person.nam_before = before
        person.nam = self._numbers.new(person.family, person.usual, person.birth_date, person.sex)

    # --- details -------------------------------------------------------------------------------

    def _adult_birthday(self) -> int:
        from_age = self._ages.draw(self._random)
        return LAST_DAY - int((from_age + self._random.random() * 10) * _YEAR)

    def _home(self, community: Community) -> Home:
        if community.villages and self._random.random() < 0.75:
            return self._places.village(community.villages, self._random)
        return self._places.home(self._random)

    def _given(self, community: Community, sex: str, born: int) -> str:
        random = self._random
        year = int(born / _YEAR)
        name = community.given(sex, year, random)
        french = community.manner is Manner.FRENCH
        if french and "-" not in name and random.random() < 0.06:
            second = community.given(sex, year, random)
            if "-" not in second and second != name:
                return f"{name}-{second}"
        return name

    def _baptismal(self, community: Community, sex: str, born: int) -> tuple[str, ...]:
        """Joseph or Marie and a second name: everybody baptised before about 1975."""
        if community.manner is not Manner.FRENCH or born > date(1975, 1, 1).toordinal():
            return ()
        return ("Joseph" if sex == "M" else "Marie", self._given(community, sex, born - 9_000))
