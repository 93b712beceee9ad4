"""How alike two values of one field are: a small number of named levels, symmetric in the two.

A level is an index into `LEVELS[field]`; 0 is always *missing*, which says nothing either way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from dsn_streams.matching.fold import PARTICLES
from dsn_streams.matching.phonetic import sound

#: Fields in the order of a comparison.
FIELDS: Final = (
    "nam",
    "identifier",
    "born",
    "given",
    "family",
    "sex",
    "phone",
    "email",
    "postal",
    "street",
    "mother",
    "father",
)
#: Names of the levels of each field, by their number.
LEVELS: Final = {
    # claimed: the same number, but one record's own birth date does not vouch for it;
    # one-off: within two characters, one of them not vouched for.
    "nam": ("missing", "same", "claimed", "one-off", "unlike", "differs"),
    # local: the same number within one authority; mixed: one number the same, another of one kind
    # different; near: one typing error apart.
    "identifier": ("missing", "same", "local", "mixed", "near", "differs"),
    # part: two of year, month, day the same; compatible: the same as far as one of them goes.
    "born": ("missing", "same", "swapped", "one-off", "part", "compatible", "differs"),
    # part: one has fewer of the same names; alike: two names that both exist (Léa, Léanne);
    # clash: first names the same, the next ones not (Marie-Ève, Marie-Lou).
    "given": (
        *("missing", "same", "part", "variant", "near", "initial", "fair", "alike", "clash"),
        *("differs", "inverted"),
    ),
    # alias: the first surnames differ, another one is shared (maiden or married name).
    "family": ("missing", "same", "part", "near", "alias", "fair", "differs", "inverted"),
    "sex": ("missing", "same", "differs"),
    "phone": ("missing", "same", "near", "differs"),
    "email": ("missing", "same", "near", "differs"),
    # near: one typing error apart.
    "postal": ("missing", "same", "area", "near", "differs"),
    # part: some of the words at one number, or all words of the one at another.
    "street": ("missing", "same", "near", "part", "differs"),
    # part: only the surname or only the given name is known on a side, and the same.
    "mother": ("missing", "same", "near", "part", "differs"),
    "father": ("missing", "same", "near", "part", "differs"),
}

MISSING: Final = 0
SAME: Final = 1

NAM_CLAIMED, NAM_ONE_OFF, NAM_UNLIKE, NAM_DIFFERS = 2, 3, 4, 5
ID_LOCAL, ID_MIXED, ID_NEAR, ID_DIFFERS = 2, 3, 4, 5
BORN_SWAPPED, BORN_ONE_OFF, BORN_PART, BORN_COMPATIBLE, BORN_DIFFERS = 2, 3, 4, 5, 6
GIVEN_PART, GIVEN_VARIANT, GIVEN_NEAR, GIVEN_INITIAL, GIVEN_FAIR = 2, 3, 4, 5, 6
GIVEN_ALIKE, GIVEN_CLASH, GIVEN_DIFFERS, GIVEN_INVERTED = 7, 8, 9, 10
FAMILY_PART, FAMILY_NEAR, FAMILY_ALIAS = 2, 3, 4
FAMILY_FAIR, FAMILY_DIFFERS, FAMILY_INVERTED = 5, 6, 7
SEX_DIFFERS = 2
NEAR, DIFFERS = 2, 3
POSTAL_AREA, POSTAL_NEAR, POSTAL_DIFFERS = 2, 3, 4
STREET_PART, STREET_DIFFERS = 3, 4
PARENT_NEAR, PARENT_PART, PARENT_DIFFERS = 2, 3, 4

#: Jaro-Winkler similarity from which two names are one with a typing error.
NEAR_MIN = 0.93
#: And from which they may be.
FAIR_MIN = 0.87
#: No field for names is shorter: below, a name is not cut but another one.
CUT_MIN = 8

#: Besides the particles, what stands in front of a name in other languages.
_PARTICLES = PARTICLES | frozenset(
    (
        "o",
        "das",
        "del",
        "della",
        "di",
        "ter",
        "bint",
        "ibn",
        "abu",
        "abou",
        "ould",
        "mc",
        "mac",
        "y",
        "e",
        "i",
    )
)
_MC = ("mc", "mac")
#: Endings that make a woman's name of a man's: two names, not a typing error.
_GENDERED = ("e", "ne", "le", "te", "se", "a")


def best(one: tuple[str, ...], two: tuple[str, ...], level: Callable[[str, str], int]) -> int:
    """The best level over all pairs; missing when either side has no value. What is equal is the
    same, whatever the field, and need not be looked at."""
    if not one or not two:
        return MISSING
    if one[0] == two[0]:
        return SAME
    if len(one) == 1 and len(two) == 1:
        a, b = one[0], two[0]
        return level(a, b) if a <= b else level(b, a)
    return min(level(a, b) if a <= b else level(b, a) for a in one for b in two)


@lru_cache(maxsize=1 << 17)
def family(a: str, b: str) -> int:
    """Two folded surnames, ``a <= b``."""
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return SAME
    one, two = _core(a), _core(b)
    if one == two:
        return SAME
    if one <= two or two <= one:
        return FAMILY_PART
    if len(one) > 1 and len(two) > 1 and one & two:
        return FAMILY_FAIR
    if max(len(one), len(two)) > 1 and _near_subset(one, two):
        return FAMILY_FAIR
    return _spelling(a.replace(" ", ""), b.replace(" ", ""), FAMILY_NEAR, FAMILY_FAIR) or (
        FAMILY_DIFFERS
    )


@lru_cache(maxsize=1 << 17)
def given(a: str, b: str, variants: Variants) -> int:
    """Two folded given names, ``a <= b``; ``variants`` knows which names exist and which are one."""
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return SAME
    one, two = a.split(), b.split()
    few, many = sorted((one, two), key=len)
    if set(few) <= set(many) and any(len(word) > 1 for word in few):
        return GIVEN_PART
    if _initials(few, many):
        return GIVEN_PART if any(len(word) > 1 and word in many for word in few) else GIVEN_INITIAL
    first = _word(one[0], two[0], variants)
    if len(few) > 1:
        rest = min(_next_word(x, y, variants) for x in one[1:] for y in two[1:])
        if first == SAME:
            near = rest in (GIVEN_VARIANT, GIVEN_NEAR)
            return rest if near else GIVEN_NEAR if _cut(a, b) else GIVEN_CLASH
        whole = _spelling(a.replace(" ", ""), b.replace(" ", ""), GIVEN_NEAR, GIVEN_FAIR)
        return whole or (first if rest == SAME else GIVEN_DIFFERS)
    if len(many) == 1:
        return first
    # One name against several: the usual one may be any of them; a lone initial says so little
    # that only the first counts.
    words = [word for word in many if len(word) > 1] if len(few[0]) > 1 else many[:1]
    return min((_word(few[0], word, variants) for word in words), default=GIVEN_DIFFERS)


class Variants:
    """Which given names exist, and which are forms of one; compared by identity, never changed."""

    def __init__(self, known: frozenset[str], groups: tuple[frozenset[str], ...]) -> None:
        self.known = known
        self._groups: dict[str, set[int]] = {}
        for number, group in enumerate(groups):
            for name in group:
                self._groups.setdefault(name, set()).add(number)

    def same(self, a: str, b: str) -> bool:
        """The two are forms of one name (Bob, Robert)."""
        groups = self._groups
        return a in groups and b in groups and not groups[a].isdisjoint(groups[b])


def _word(a: str, b: str, variants: Variants) -> int:
    """Two single given names."""
    if a == b:
        return SAME
    if len(a) == 1 or len(b) == 1:
        return GIVEN_INITIAL if a[0] == b[0] else GIVEN_DIFFERS
    if variants.same(a, b):
        return GIVEN_VARIANT
    found = _spelling(a, b, GIVEN_NEAR, GIVEN_FAIR)
    if not found:
        return GIVEN_DIFFERS
    known = a in variants.known
    if known == (b in variants.known) and (known or _gendered(a, b)):
        return GIVEN_ALIKE  # where only one of the two exists, the other is a typing error
    return found


def _cut(a: str, b: str) -> bool:
    """A field too short for the name (ten letters: Cynthia Ge, of Cynthia Geneviève)."""
    short, long = sorted((a, b), key=len)
    return len(short) >= CUT_MIN and long.startswith(short)


def _next_word(a: str, b: str, variants: Variants) -> int:
    """Two second names behind the same first one: fields are cut (Jean-Franc), and a short name
    has typing errors too."""
    short, long = sorted((a, b), key=len)
    if len(short) < 3 or (a in variants.known and b in variants.known):
        return _word(a, b, variants)
    if long.startswith(short) or OSA.distance(a, b, score_cutoff=1) <= 1:
        return GIVEN_NEAR
    return _word(a, b, variants)


def _spelling(a: str, b: str, near: int, fair: int) -> int:
    """``near``, ``fair`` or 0 for two words."""
    likeness = JaroWinkler.similarity(a, b)
    if likeness >= NEAR_MIN or (
        min(len(a), len(b)) >= 4 and OSA.distance(a, b, score_cutoff=1) <= 1
    ):
        return near
    shorter = min(len(a), len(b))
    if likeness >= FAIR_MIN or (shorter >= 4 and sound(a) == sound(b)):
        return fair
    return fair if shorter == 3 and OSA.distance(a, b, score_cutoff=1) <= 1 else 0


def _gendered(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return long.startswith(short) and long[len(short) :] in _GENDERED


def _initials(few: list[str], many: list[str]) -> bool:
    """Every word of the one is a word of the other or its first letter, in order; or all of its
    first letters in one (JP, Jean Pierre)."""
    if len(few) == 1 and len(many) > 1 and few[0] == "".join(word[0] for word in many):
        return True
    if not any(len(word) == 1 for word in (*few, *many)):
        return False
    return all(
        x == y or (1 in (len(x), len(y)) and x[0] == y[0]) for x, y in zip(few, many, strict=False)
    )


def _core(text: str) -> frozenset[str]:
    """The words that carry a surname; all of them when there are only particles."""
    words = text.split()
    if len(words) == 1:
        return frozenset(words)
    if words[0] in _MC:
        words = ["mc" + "".join(words[1:2]), *words[2:]]
    if words[0] == "st":
        words = ["st" + "".join(words[1:2]), *words[2:]]
    return frozenset(word for word in words if word not in _PARTICLES) or frozenset(words)


def _same_number(one: list[str], two: list[str]) -> int:
    """Two streets at one civic number: near, when each word of the shorter is one of the longer but for
    a typing error (a site that writes the village or the building writes more words of it)."""
    few, many = (one, two) if len(one) <= len(two) else (two, one)
    met = [any(x == y or _spelling(x, y, 1, 0) for y in many) for x in few]
    telling = any(found and len(word) >= 4 for word, found in zip(few, met, strict=True))
    if not telling:
        return STREET_DIFFERS
    return NEAR if all(met) else STREET_PART


def _near_subset(one: frozenset[str], two: frozenset[str]) -> bool:
    """Each word of the shorter has a near one in the longer."""
    few, many = sorted((one, two), key=len)
    return all(
        len(x) >= 4 and any(JaroWinkler.similarity(x, y) >= NEAR_MIN for y in many) for x in few
    )


@lru_cache(maxsize=1 << 17)
def born(a: str, b: str) -> int:
    """Two birth dates as digits, ``a <= b``."""
    if a == b:
        return SAME if len(a) == 8 else BORN_COMPATIBLE
    if not a or not b:
        return MISSING
    if len(a) != 8 or len(b) != 8:
        short = min(len(a), len(b))
        return BORN_COMPATIBLE if a[:short] == b[:short] else BORN_DIFFERS
    if a[:4] == b[:4] and a[4:6] == b[6:8] and a[6:8] == b[4:6]:
        return BORN_SWAPPED
    if OSA.distance(a, b, score_cutoff=1) <= 1:
        return BORN_ONE_OFF
    alike = (a[:4] == b[:4]) + (a[4:6] == b[4:6]) + (a[6:8] == b[6:8])
    return BORN_PART if alike == 2 else BORN_DIFFERS


@lru_cache(maxsize=1 << 14)
def postal(a: str, b: str) -> int:
    """Two postal codes, ``a <= b``; the first three characters are the area."""
    if a == b:
        return SAME
    if a[:3] == b[:3]:
        return POSTAL_AREA
    return POSTAL_NEAR if OSA.distance(a, b, score_cutoff=1) <= 1 else POSTAL_DIFFERS


@lru_cache(maxsize=1 << 16)
def street(a: str, b: str) -> int:
    """Two streets as of `places.street`, ``a <= b``; another unit of the same house is near."""
    if a == b:
        return SAME
    number_a, name_a, unit_a = a.split("|")
    number_b, name_b, unit_b = b.split("|")
    if name_a == name_b and number_a == number_b:
        return NEAR if unit_a and unit_b else SAME
    one, two = name_a.split(), name_b.split()
    if number_a == number_b or not number_a or not number_b:
        if JaroWinkler.similarity(name_a, name_b) >= FAIR_MIN:
            return NEAR
        if number_a and number_b:
            return _same_number(one, two)
    elif name_a == name_b:
        return NEAR if OSA.distance(number_a, number_b, score_cutoff=1) <= 1 else STREET_PART
    within = set(one) <= set(two) or set(two) <= set(one)
    return STREET_PART if within else STREET_DIFFERS


@lru_cache(maxsize=1 << 16)
def parent(a: str, b: str, variants: Variants) -> int:
    """Two names of a parent as ``family|given``, ``a <= b``."""
    if not a or not b:
        return MISSING
    if a == b and not (a[0] == "|" or a[-1] == "|"):
        return SAME
    family_a, _, given_a = a.partition("|")
    family_b, _, given_b = b.partition("|")
    surnames = family(*sorted((family_a, family_b))) if family_a and family_b else MISSING
    firsts = given(*sorted((given_a, given_b)), variants) if given_a and given_b else MISSING
    if surnames in (FAMILY_FAIR, FAMILY_DIFFERS) or firsts >= GIVEN_FAIR:
        return PARENT_DIFFERS
    if surnames == MISSING or firsts == MISSING:
        return PARENT_PART if surnames in (SAME, FAMILY_PART) or firsts == SAME else MISSING
    return SAME if surnames <= FAMILY_PART and firsts <= GIVEN_PART else PARENT_NEAR


@lru_cache(maxsize=1 << 14)
def text(a: str, b: str) -> int:
    """Two numbers or addresses of the same kind: one typing error is near."""
    if a == b:
        return SAME
    return NEAR if len(a) >= 6 and OSA.distance(a, b, score_cutoff=1) <= 1 else DIFFERS
