"""Somebody who does not exist, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dsn_deploy.population.communities import Community
from dsn_deploy.population.places import Home

#: Records are captured between these days, evenly: ten years.
FIRST_DAY = date(2016, 9, 1).toordinal()
LAST_DAY = date(2026, 8, 31).toordinal()

#: Surname and given name of a parent.
Parent = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Person:
    """The truth. Records say parts of it, not always correctly."""

    #: Who: a number from 0, by which records of one person are recognised.
    truth: int
    community: Community
    #: Surname at birth.
    family: str
    #: The given name in use.
    usual: str
    #: M or F, as the NAM codes it.
    sex: str
    #: Day of birth, proleptic ordinal.
    born: int
    #: Empty for somebody who is not insured.
    nam: str
    #: The number before a change of name or sex; empty for almost everybody.
    nam_before: str = ""
    #: Given name before a transition; empty for almost everybody.
    usual_before: str = ""
    #: Surname by marriage; empty for those who keep theirs, as nearly everybody does since 1981.
    married: str = ""
    #: Further given names from the register of births (Joseph, Marie, a godparent's).
    baptismal: tuple[str, ...] = ()
    mother: Parent
    father: Parent | None
    #: The mother's NAM, where she is part of the population.
    mother_nam: str = ""
    #: Where the person lives now, and before the move.
    home: Home
    home_before: Home | None = None
    #: Day of the move.
    moved: int = 0
    mobile: str = ""
    #: 0, or the order in a multiple birth.
    birth_order: int = 0

    @property
    def birth_date(self) -> date:
        """Day of birth."""
        return date.fromordinal(self.born)

    def home_on(self, day: int) -> Home:
        """Where the person lived on a day."""
        if self.home_before is not None and day < self.moved:
            return self.home_before
        return self.home
