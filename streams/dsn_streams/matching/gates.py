"""What may be decided without a person: rules that no weight overrules, each with a code.

Families agree on nearly everything, so weight alone never joins: twins reach 50 bits. A rule here
is a pure function of two feature sets and their levels. Three kinds:

* **bars** hold for any two records of one group, whatever joins them;
* **paths** say what a pair of enough weight must also have to be joined automatically;
* **questions** put a pair before a person although its weight would not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec
from rapidfuzz.distance import OSA

from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import (
    BORN_COMPATIBLE,
    BORN_DIFFERS,
    BORN_ONE_OFF,
    BORN_PART,
    BORN_SWAPPED,
    DIFFERS,
    FAMILY_ALIAS,
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
    ID_LOCAL,
    ID_MIXED,
    ID_NEAR,
    MISSING,
    NAM_CLAIMED,
    NAM_DIFFERS,
    NAM_ONE_OFF,
    NAM_UNLIKE,
    NEAR,
    PARENT_DIFFERS,
    PARENT_NEAR,
    POSTAL_DIFFERS,
    SAME,
    SEX_DIFFERS,
    STREET_DIFFERS,
    STREET_PART,
    parent,
)
from dsn_streams.matching.weights import Weights

#: A health number on two birth dates further apart than this is a parent's card.
PARENT_YEARS_MIN = 5
#: From here two birth dates that look like one typing error may be a father's and his son's: nobody
#: is a parent earlier.
GENERATION_YEARS = 12
#: Rule of a pair that is two people by the record's own word: no question is worth asking.
NAMED_PARENT = "number-of-named-parent"
#: Letters and date of a health number: the same for two people told apart by the sequence.
_NAM_NAME_AND_DATE = 10
_NAM_LENGTH = 12


class Verdict(msgspec.Struct, frozen=True):
    """An outcome, the rule that gave it, and a bar for groups."""

    outcome: Literal["same", "review", "different"]
    rule: str
    barred: str | None = None


class Seen(msgspec.Struct, frozen=True):
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
    #: A telephone or electronic address is the same.
    reached: bool
    #: A parent is the same and none is another.
    parents: bool
    #: Something besides name, date and sex says the same person or household.
    backed: bool
    #: Name, date and sex are all there is.
    alone: bool
    #: Given name and surname are the same, as far as both go.
    exact: bool
    #: Given name and surname are the same but for spelling.
    clear: bool

    @property
    def at_home(self) -> bool:
        """The street is the same or nearly, and nothing says another place."""
        return self.street in (SAME, NEAR) and self.postal != POSTAL_DIFFERS


_CLEAR_GIVEN = (SAME, GIVEN_PART, GIVEN_VARIANT, GIVEN_NEAR)
_CLEAR_FAMILY = (SAME, FAMILY_PART, FAMILY_NEAR, FAMILY_ALIAS)
_ANY_GIVEN = (*_CLEAR_GIVEN, GIVEN_INITIAL, GIVEN_FAIR, GIVEN_INVERTED)
_OTHER_GIVEN = (GIVEN_ALIKE, GIVEN_CLASH, GIVEN_DIFFERS)


def against(core: tuple[int, ...]) -> bool:
    """A core field says two people; a pair that only lacks evidence is not barred."""
    _, identifier, born, given, family, sex = core
    return (
        born == BORN_DIFFERS
        or given in _OTHER_GIVEN
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
    if not weights.families:
        return _by_weight(weight, weights)
    if a.twin > 0 and b.twin > 0 and a.twin != b.twin and seen.born == SAME:
        return Verdict("different", "birth-order-differs", "birth-order-differs")
    if seen.nam in (SAME, NAM_CLAIMED) and _of_a_parent(a, b, seen):
        named = _names_the_other(a, b, weights)
        rule = NAMED_PARENT if named else "number-of-a-parent"
        return Verdict("review", rule, "number-of-a-parent")
    barred = "weight-against" if weight <= weights.veto_max and against(found[:6]) else None
    if weight >= (weights.same_alone_min if seen.alone else weights.same_min):
        path = _path(a, b, seen, weights)
        if path:
            return Verdict("same", path, barred)
    question = _question(a, b, seen, weight, weights)
    if question:
        return Verdict("review", question, barred)
    other = weight >= weights.review_min
    return Verdict("different", "other-person" if other else "too-little", barred)


def years_apart(a: str, b: str) -> int:
    """Whole years between two birth dates; 0 when one is unknown."""
    return abs(int(a[:4]) - int(b[:4])) if a and b else 0


def _of_a_parent(a: Features, b: Features, seen: Seen) -> bool:
    """One number on birth dates too far apart for one person, unless it is the whole name too and a
    year mistyped by less than a generation."""
    return years_apart(a.born, b.born) > PARENT_YEARS_MIN and not (
        seen.exact and _date_fits(a, b, seen)
    )


def _names_the_other(a: Features, b: Features, weights: Weights) -> bool:
    """The younger one's record says that the other is its mother or father."""
    child, elder = (a, b) if a.born > b.born else (b, a)
    if years_apart(a.born, b.born) < GENERATION_YEARS:
        return False
    names = [f"{family}|{given}" for family in elder.families for given in elder.givens]
    said = [
        *([child.mother] if child.mother and elder.sex != "m" else ()),
        *([child.father] if child.father and elder.sex != "f" else ()),
    ]
    return any(
        parent(*sorted((one, name)), weights.variants) in (SAME, PARENT_NEAR)
        for one in said
        for name in names
    )


def _by_weight(weight: int, weights: Weights) -> Verdict:
    """A list of unrelated people: no gates but the veto."""
    barred = "weight-against" if weight <= weights.veto_max else None
    if weight >= weights.same_min:
        return Verdict("same", "weight", barred)
    return Verdict("review" if weight >= weights.review_min else "different", "weight", barred)


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
    moved = seen.phone == DIFFERS or seen.street in (STREET_PART, STREET_DIFFERS)
    elsewhere = moved or PARENT_DIFFERS in (seen.mother, seen.father)
    if seen.given in (SAME, GIVEN_PART) and seen.sex != SEX_DIFFERS:  # 1
        return seen.reached or seen.parents
    changed = seen.sex == SEX_DIFFERS or "x" in (a.sex, b.sex) or _coded_sex_differs(a, b)
    adult = a.born < str(weights.adult_born_before)
    stays = seen.family in (SAME, FAMILY_PART, FAMILY_NEAR) and (seen.reached or seen.parents)
    return changed and adult and stays and not elsewhere  # 2


def _coded_sex_differs(a: Features, b: Features) -> bool:
    return {one[6] in "56" for one in a.trusted} != {one[6] in "56" for one in b.trusted}


# --- what may be joined ----------------------------------------------------------------------------


def _path(a: Features, b: Features, seen: Seen, weights: Weights) -> str | None:
    """The rule that lets a pair of enough weight be joined."""
    if a.newborn or b.newborn:
        return None
    if bool(a.born) != bool(b.born) and seen.nam == NAM_CLAIMED:
        return "nam-claimed-undated" if _undated(a, b, seen) else None
    if a.placeholder or b.placeholder:
        return None
    if (a.twin or b.twin) and seen.given != SAME:
        return None
    if seen.nam in (SAME, NAM_CLAIMED):
        return _by_nam(a, b, seen) or _unnamed(a, b, seen, weights)
    if a.suffix != b.suffix:
        return None  # where one is called junior, somebody else has the same name
    if seen.nam == NAM_ONE_OFF:
        exact = seen.born == SAME and seen.sex != SEX_DIFFERS
        names = seen.given in (SAME, GIVEN_PART) and seen.family in _CLEAR_FAMILY
        one = seen.backed or _one_slip(a, b)
        return "nam-one-off" if exact and names and one else None
    if seen.identifier in (SAME, ID_LOCAL):
        return _by_identifier(a, b, seen) or _unnamed(a, b, seen, weights)
    if seen.identifier == ID_NEAR and _one_typing_error(seen):
        return "identifier-near"
    return _by_traits(a, b, seen)


def _one_slip(a: Features, b: Features) -> bool:
    """Two numbers have one sequence character, and one slip makes one the other. Of two people with
    one name and birth date nothing in their numbers differs but sequence and check digit: among a
    million synthetic people, strangers with numbers so alike, one of them mistyped, were joined."""
    ones, twos = a.trusted + a.claimed, b.trusted + b.claimed
    return any(
        len(x) == len(y) == _NAM_LENGTH
        and x[_NAM_NAME_AND_DATE] == y[_NAM_NAME_AND_DATE]
        and OSA.distance(x, y, score_cutoff=1) <= 1
        for x in ones
        for y in twos
    )


def _by_nam(a: Features, b: Features, seen: Seen) -> str | None:
    """The same health number: date and given name must fit, the surname may be a married one."""
    if seen.given not in _ANY_GIVEN:
        return None
    dated = _date_fits(a, b, seen)
    if seen.nam == SAME:
        return "nam-same" if dated else None
    # One record's own date does not vouch for the number: it may be somebody else's.
    vouched = a.trusted or b.trusted
    if dated:
        names = seen.clear or seen.given == GIVEN_INVERTED
        return "nam-claimed" if names and (vouched or seen.born == SAME) else None
    # The number says the birth date of one of them, and the other has its year: a typing error.
    year = bool(a.born and b.born) and years_apart(a.born, b.born) == 0
    return "nam-claimed-same-year" if year and vouched and seen.exact and seen.backed else None


def _undated(a: Features, b: Features, seen: Seen) -> bool:
    """One record has no birth date, and the number that the other's date vouches for: a date that
    was not asked does not say that the card is somebody else's. The name must be the same, and the
    home, telephone or parents; a parent of the same name has a child's card of its own age."""
    vouched = set(a.trusted) & set(b.claimed) or set(a.claimed) & set(b.trusted)
    names = seen.given == SAME and seen.family in _CLEAR_FAMILY and a.suffix == b.suffix
    twins = a.twin or b.twin
    return bool(vouched and names and seen.backed and not twins) and seen.sex != SEX_DIFFERS


def _by_identifier(a: Features, b: Features, seen: Seen) -> str | None:
    """The same personal number, or the same local one and nothing unclear.

    Unlike with a health number, the surname is not free: with the same given name and birth date,
    but another surname and home, one pair of MIIS b was two people.
    """
    if not _date_fits(a, b, seen) or (seen.sex == SEX_DIFFERS and not seen.exact):
        return None
    if seen.identifier == ID_LOCAL:
        sure = seen.clear and (seen.given == SAME or seen.backed)
        return "local-number-same" if sure else None
    fits = seen.family in _CLEAR_FAMILY or seen.given == GIVEN_INVERTED
    if seen.given in _ANY_GIVEN and (fits or seen.backed):
        return "identifier-same"
    return None


def _unnamed(a: Features, b: Features, seen: Seen, weights: Weights) -> str | None:
    """Nothing but one record's given name is missing, of an adult: number, whole birth date, surname
    and home are the same. Only a twin at the same home and on the same number agrees on as much;
    of children that is a newborn's sister, and a question."""
    if SAME not in (seen.nam, seen.identifier) or seen.born != SAME:
        return None
    if bool(a.givens) == bool(b.givens):
        return None
    adult = a.born < str(weights.adult_born_before) and not (a.twin or b.twin)
    home = seen.at_home and seen.postal == SAME
    sure = seen.family in (SAME, FAMILY_PART) and seen.sex != SEX_DIFFERS and home
    return "number-same-unnamed" if adult and sure else None


def _one_typing_error(seen: Seen) -> bool:
    """The rest is the same to the letter, so that a number one character off is a typing error (like
    `nam-one-off`) and does not speak against. Brothers' numbers follow each other, their names and
    birth dates are not the same. At the same home the surname may have a typing error too: nobody has
    a twin of the same given name."""
    family = seen.family in (SAME, FAMILY_PART) or (seen.family == FAMILY_NEAR and seen.at_home)
    names = seen.given == SAME and family
    return names and seen.born == SAME and seen.sex != SEX_DIFFERS


def _by_traits(a: Features, b: Features, seen: Seen) -> str | None:
    """No number in common: name, birth date and sex must carry it, and at most one of them may be
    a near agreement, which something else must back; a sex entered wrongly, at the same home. Numbers
    that speak against leave only the exact person at the same home. A given name that is a part of the
    other may be a twin's, whose parents are the same, and another parent is another person's: there
    the home must be the same.
    Where either name is a part of the other's, Luis and José Luis may be two at the same home as well.
    A mistyped date needs more than one parent's name: in a million people some share as much."""
    same_home = seen.reached or (seen.street == SAME and seen.postal != POSTAL_DIFFERS)
    if seen.sex == SEX_DIFFERS:
        return "traits-but-sex" if _to_the_letter(seen) and seen.at_home else None
    if seen.nam == NAM_UNLIKE or seen.identifier in (ID_MIXED, ID_NEAR, ID_DIFFERS):
        exact = seen.exact and seen.given == SAME and seen.born == SAME and same_home
        return "traits-despite-number" if exact else None  # Marie may have a twin, Marie-Ève
    doubtful = seen.given == GIVEN_PART or PARENT_DIFFERS in (seen.mother, seen.father)
    if doubtful and not same_home:
        return None
    if seen.given == GIVEN_PART and seen.family == FAMILY_PART and not _begin_alike(a, b):
        return None
    if seen.born == SAME and seen.exact:
        return "traits-exact"
    if not seen.backed:
        return None
    if seen.born == SAME and seen.clear:
        return "traits-near"
    if seen.born == SAME and seen.given == GIVEN_INVERTED:
        return "traits-inverted"
    near = _date_fits(a, b, seen) or (seen.born == BORN_PART and years_apart(a.born, b.born) == 0)
    at_one_place = seen.reached or seen.at_home or (seen.mother, seen.father) == (SAME, SAME)
    return "traits-date-near" if near and seen.exact and at_one_place else None


def _to_the_letter(seen: Seen) -> bool:
    """Name and birth date are the same, no part of them only, and no parent or number is another."""
    names = (seen.given, seen.family, seen.born) == (SAME, SAME, SAME)
    parents = PARENT_DIFFERS not in (seen.mother, seen.father)
    return names and parents and seen.nam == MISSING and seen.identifier == MISSING


def _begin_alike(a: Features, b: Features) -> bool:
    """Given names of the two begin with the same word."""
    return bool({one.split()[0] for one in a.givens} & {one.split()[0] for one in b.givens})


def _date_fits(a: Features, b: Features, seen: Seen) -> bool:
    """The birth dates are one but for typing; a generation apart is another person's."""
    typed = seen.born in (BORN_SWAPPED, BORN_ONE_OFF)
    return seen.born == SAME or (typed and years_apart(a.born, b.born) < GENERATION_YEARS)


# --- what a person should look at ------------------------------------------------------------------


def _question(a: Features, b: Features, seen: Seen, weight: int, weights: Weights) -> str | None:
    """The rule that puts a pair before a person."""
    if seen.nam in (SAME, NAM_CLAIMED):
        return "number-on-other-traits"
    if _other_person(a, b, seen, weights):
        return None
    if weight >= weights.review_min:
        return "weight"
    same_name = seen.given == SAME and seen.family == SAME and seen.sex != SEX_DIFFERS
    if same_name and seen.born == BORN_DIFFERS and (seen.reached or seen.at_home):
        return "same-name-at-home"  # a father and his son, or a wrong date
    if same_name and a.placeholder and b.placeholder:
        return "placeholder-dates"
    return None


def _other_person(a: Features, b: Features, seen: Seen, weights: Weights) -> bool:
    """Too much is another's for a question: a relative or a stranger, whatever else agrees."""
    number = seen.identifier in (SAME, ID_LOCAL, ID_MIXED)
    if seen.given in _OTHER_GIVEN:
        return _other_given(a, b, seen, weights)
    if seen.born == BORN_DIFFERS and not number:
        return not (seen.given == SAME and seen.family == SAME)  # Marie, her sister Marie-Carmel
    # One given name and birth date, another surname, and nothing that a marriage leaves as it was.
    return seen.family == FAMILY_DIFFERS and not seen.backed and not number


def _other_given(a: Features, b: Features, seen: Seen, weights: Weights) -> bool:
    """The given name is another, and one thing more. 1. The birth date is another too: a brother
    or sister. 2. The surname is another too. 3. The sex is another too, of a child: twins; an
    adult may have changed both. 4. Nothing backs it: two of one surname born on one day.
    """
    if seen.born not in (SAME, MISSING, BORN_COMPATIBLE, BORN_SWAPPED):  # 1
        return True
    if seen.family == FAMILY_DIFFERS and not (seen.identifier == SAME and seen.backed):  # 2
        return True
    child = a.born >= str(weights.adult_born_before)
    if seen.sex == SEX_DIFFERS and child and seen.identifier in (MISSING, ID_DIFFERS):  # 3
        return True
    return not seen.backed and seen.identifier in (MISSING, ID_DIFFERS)  # 4


@lru_cache(maxsize=1 << 15)
def _seen(found: tuple[int, ...]) -> Seen:
    """Of a million pairs a few thousand are different ones."""
    nam, identifier, born, given, family, sex, *rest = found
    phone, email, postal, street, mother, father = rest
    known = (mother, father)
    reached = phone == SAME or email == SAME
    parents = any(one in (SAME, PARENT_NEAR) for one in known) and PARENT_DIFFERS not in known
    backed = reached or parents or (street in (SAME, NEAR) and postal != POSTAL_DIFFERS)
    numbers = nam in (SAME, NAM_CLAIMED, NAM_ONE_OFF)
    numbers |= identifier in (SAME, ID_LOCAL, ID_MIXED, ID_NEAR)
    return Seen(
        nam=nam,
        identifier=identifier,
        born=born,
        given=given,
        family=family,
        sex=sex,
        phone=phone,
        email=email,
        postal=postal,
        street=street,
        mother=mother,
        father=father,
        reached=reached,
        parents=parents,
        backed=backed,
        alone=not numbers and not backed and postal != SAME,
        exact=given in (SAME, GIVEN_PART) and family in (SAME, FAMILY_PART),
        clear=given in _CLEAR_GIVEN and family in _CLEAR_FAMILY,
    )
