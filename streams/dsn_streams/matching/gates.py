"""What may be decided without a person: rules that no weight overrules, each with a code.

Families agree on nearly everything, so weight alone never joins: twins reach 50 bits. A rule here
is a pure function of two feature sets and their levels. Three kinds:

* **bars** hold for any two records of one group, whatever joins them;
* **paths** say what a pair of enough weight must also have to be joined automatically;
* **questions** put a pair before a person although its weight would not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import (
    BORN_COMPATIBLE,
    BORN_DIFFERS,
    BORN_ONE_OFF,
    BORN_SWAPPED,
    FAMILY_DIFFERS,
    FAMILY_NEAR,
    FAMILY_PART,
    GIVEN_ALIKE,
    GIVEN_CLASH,
    GIVEN_DIFFERS,
    GIVEN_FAIR,
    GIVEN_INITIAL,
    GIVEN_INVERTED,
    GIVEN_NEAR,
    GIVEN_PART,
    GIVEN_VARIANT,
    ID_DIFFERS,
    ID_MIXED,
    ID_NEAR,
    MISSING,
    NAM_CLAIMED,
    NAM_DIFFERS,
    NAM_ONE_OFF,
    NAM_UNLIKE,
    PARENT_DIFFERS,
    PARENT_NEAR,
    SAME,
    SEX_DIFFERS,
)
from dsn_streams.matching.weights import Weights

#: A health number on two birth dates further apart than this is a parent's card.
PARENT_YEARS_MIN = 5
#: Letters and date of a health number: the same for two people told apart by the sequence.
_NAM_NAME_AND_DATE = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, the rule that gave it, and a bar for groups."""

    outcome: Literal["same", "review", "different"]
    rule: str
    barred: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The levels of a pair by name, and what the gates ask of them more than once."""

    nam: int
    identifier: int
    born: int
    given: int
    family: int
    sex: int
    phone: int
    email: int
    postal: int
    street: int
    mother: int
    father: int

    @property
    def reached(self) -> bool:
        """A telephone or electronic address is the same."""
        return self.phone == SAME or self.email == SAME

    @property
    def at_home(self) -> bool:
        """The street is the same or nearly, and nothing says another place."""
        return self.street in (SAME, 2) and self.postal in (MISSING, SAME, 2)

    @property
    def parents(self) -> bool:
        """A parent is the same and none is another."""
        known = (self.mother, self.father)
        return any(one in (SAME, PARENT_NEAR) for one in known) and PARENT_DIFFERS not in known

    @property
    def backed(self) -> bool:
        """Something besides name, date and sex says the same person or household."""
        return self.reached or self.at_home or self.parents

    @property
    def inverted(self) -> bool:
        """Given name and surname have changed places."""
        return self.given == GIVEN_INVERTED


def against(core: tuple[int, ...]) -> bool:
    """A core field says two people; a pair that only lacks evidence is not barred."""
    _, identifier, born, given, family, sex = core
    return (
        born == BORN_DIFFERS
        or given in (GIVEN_ALIKE, GIVEN_CLASH, GIVEN_DIFFERS)
        or (family == FAMILY_DIFFERS and sex == SEX_DIFFERS)
        or identifier == ID_DIFFERS
    )


def judge(
    a: Features, b: Features, found: tuple[int, ...], weight: int, weights: Weights
) -> Verdict:
    """The outcome of a pair. Bars come first, then paths, then questions, then weight."""
    seen = _seen(found)
    if seen.nam == NAM_DIFFERS:
        return _two_numbers(a, b, seen, weights)
    if a.twin > 0 and b.twin > 0 and a.twin != b.twin and seen.born == SAME:
        return Verdict("different", "birth-order-differs", "birth-order-differs")
    if seen.nam in (SAME, NAM_CLAIMED) and years_apart(a.born, b.born) > PARENT_YEARS_MIN:
        return Verdict("review", "number-of-a-parent", "number-of-a-parent")
    barred = "weight-against" if weight <= weights.veto_max and against(found[:6]) else None
    if weight >= weights.same_min:
        path = _path(a, b, seen)
        if path:
            return Verdict("same", path, barred)
    question = _question(a, b, seen, weight, weights)
    if question:
        return Verdict("review", question, barred)
    return Verdict("different", _why_not(seen, weight, weights), barred)


def years_apart(a: str, b: str) -> int:
    """Whole years between two birth dates; 0 when one is unknown."""
    return abs(int(a[:4]) - int(b[:4])) if a and b else 0


# --- two valid health numbers ----------------------------------------------------------------------


def _two_numbers(a: Features, b: Features, seen: Seen, weights: Weights) -> Verdict:
    """Never one person without a steward; a question only where the number may have changed."""
    bar = "two-valid-nams"
    if {one[:_NAM_NAME_AND_DATE] for one in a.trusted} & {
        one[:_NAM_NAME_AND_DATE] for one in b.trusted
    }:
        return Verdict("different", "sequence-differs", bar)
    if seen.born != SAME or a.twin or b.twin:
        return Verdict("different", "own-numbers", bar)
    if _may_have_changed(a, b, seen, weights):
        return Verdict("review", "number-may-have-changed", bar)
    return Verdict("different", "own-numbers", bar)


def _may_have_changed(a: Features, b: Features, seen: Seen, weights: Weights) -> bool:
    """The number follows name and sex: a correction of either makes a new one.

    1. The given name stays, the surname changed. 2. Given name and sex changed, everything else
    that is known stays, of an adult: opposite-sex twins agree on as much while they live at home,
    and are different without a question.
    """
    elsewhere = 3 in (seen.phone, seen.street) or PARENT_DIFFERS in (seen.mother, seen.father)
    if seen.given in (SAME, GIVEN_PART) and seen.sex != SEX_DIFFERS:  # 1
        return seen.reached or seen.parents
    changed = seen.sex == SEX_DIFFERS or "x" in (a.sex, b.sex) or _coded_sex_differs(a, b)
    adult = a.born < str(weights.adult_born_before)
    stays = seen.family in (SAME, FAMILY_PART, FAMILY_NEAR) and (seen.reached or seen.parents)
    return changed and adult and stays and not elsewhere  # 2


def _coded_sex_differs(a: Features, b: Features) -> bool:
    return {one[6] in "56" for one in a.trusted} != {one[6] in "56" for one in b.trusted}


# --- what may be joined ----------------------------------------------------------------------------

_CLEAR_GIVEN = (SAME, GIVEN_PART, GIVEN_VARIANT, GIVEN_NEAR)
_CLEAR_FAMILY = (SAME, FAMILY_PART, FAMILY_NEAR)
_ANY_GIVEN = (*_CLEAR_GIVEN, GIVEN_INITIAL, GIVEN_FAIR, GIVEN_INVERTED)
_ANY_BORN = (SAME, BORN_SWAPPED, BORN_ONE_OFF)


def _path(a: Features, b: Features, seen: Seen) -> str | None:
    """The rule that lets a pair of enough weight be joined."""
    if a.newborn or b.newborn or a.placeholder or b.placeholder:
        return None
    if (a.twin or b.twin) and seen.given != SAME:
        return None
    if seen.nam in (SAME, NAM_CLAIMED):
        return _by_nam(a, b, seen)
    if seen.nam == NAM_ONE_OFF:
        clear = seen.given in (SAME, GIVEN_PART) and seen.family in _CLEAR_FAMILY
        exact = seen.born == SAME and seen.sex != SEX_DIFFERS and clear
        return "nam-one-off" if exact else None
    if seen.identifier in (SAME, ID_MIXED, ID_NEAR):
        return _by_identifier(seen)
    return _by_traits(seen)


def _by_nam(a: Features, b: Features, seen: Seen) -> str | None:
    """The same health number: date and given name must fit, the surname may be a married one."""
    if seen.born not in _ANY_BORN or seen.given not in _ANY_GIVEN:
        return None
    if seen.nam == SAME:
        return "nam-same"
    # One record's own date does not vouch for the number: it may be somebody else's.
    vouched = a.trusted or b.trusted
    names = seen.inverted or (seen.given in _CLEAR_GIVEN and seen.family in _CLEAR_FAMILY)
    return "nam-claimed" if names and (vouched or seen.born == SAME) else None


def _by_identifier(seen: Seen) -> str | None:
    """The same personal or local number."""
    if seen.sex == SEX_DIFFERS and not (seen.given == SAME and seen.born == SAME):
        return None
    fits = seen.family in _CLEAR_FAMILY or seen.inverted
    if seen.born in _ANY_BORN and seen.given in _ANY_GIVEN and (fits or seen.backed):
        exact = seen.identifier == SAME or (seen.given in _CLEAR_GIVEN and fits)
        return "identifier-same" if exact else None
    if seen.identifier != SAME or not (seen.reached or seen.at_home) or not fits:
        return None
    # One core field is unknown: the number, the rest of the core and the home must agree.
    if seen.given == MISSING and seen.born == SAME and seen.sex != SEX_DIFFERS:
        return "identifier-without-given"
    if seen.born == MISSING and seen.given in _CLEAR_GIVEN and seen.sex != SEX_DIFFERS:
        return "identifier-without-birth-date"
    return None


def _by_traits(seen: Seen) -> str | None:
    """No number in common: name, birth date and sex must carry it."""
    if seen.sex == SEX_DIFFERS or seen.identifier == ID_DIFFERS or seen.nam == NAM_UNLIKE:
        return None
    exact = seen.given in (SAME, GIVEN_PART) and seen.family in (SAME, FAMILY_PART)
    if seen.born == SAME and exact:
        return "traits-exact"
    if seen.born == SAME and seen.given in _CLEAR_GIVEN and seen.family in _CLEAR_FAMILY:
        return "traits-near" if seen.backed else None
    if seen.born in _ANY_BORN and seen.given == SAME and seen.family == SAME:
        return "traits-date-near" if seen.backed else None
    return None


# --- what a person should look at ------------------------------------------------------------------


def _question(a: Features, b: Features, seen: Seen, weight: int, weights: Weights) -> str | None:
    """The rule that puts a pair before a person."""
    if seen.nam in (SAME, NAM_CLAIMED):
        return "number-on-other-traits"
    if _other_person(seen):
        return None
    if weight >= weights.review_min:
        return "weight"
    same_name = seen.given == SAME and seen.family == SAME and seen.sex != SEX_DIFFERS
    if same_name and seen.born == BORN_DIFFERS and (seen.reached or seen.at_home):
        return "same-name-at-home"  # a father and his son, or a wrong date
    if same_name and a.placeholder and b.placeholder:
        return "placeholder-dates"
    return None


def _other_person(seen: Seen) -> bool:
    """Given name and birth date both say another person: a relative, whatever else agrees."""
    other_name = seen.given in (GIVEN_ALIKE, GIVEN_CLASH, GIVEN_DIFFERS)
    return other_name and seen.born not in (SAME, MISSING, BORN_COMPATIBLE, BORN_SWAPPED)


def _why_not(seen: Seen, weight: int, weights: Weights) -> str:
    if weight >= weights.review_min and _other_person(seen):
        return "other-given-and-birth-date"
    return "too-little"


@lru_cache(maxsize=1 << 15)
def _seen(found: tuple[int, ...]) -> Seen:
    return Seen(*found)
