"""Are these two records one person? The one way through: levels, bits, gates.

Symmetric in its two records, and a function of them and the weights alone. Cheap fields come
first: when full agreement of the rest could not lift the pair above the veto, the rest is not
looked at, which changes no outcome.
"""

from __future__ import annotations

from functools import lru_cache
from operator import getitem
from typing import Final, Literal

import msgspec
from rapidfuzz.distance import OSA

from dsn_streams.matching import gates, levels
from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.weights import Weights

Outcome = Literal["same", "review", "different"]

_NAM, _IDENTIFIER, _BORN, _GIVEN, _FAMILY, _SEX = range(6)
_PHONE, _EMAIL, _POSTAL, _STREET, _MOTHER, _FATHER = range(6, 12)
#: Without a number in question no rule but the weight can decide, so the end may come early.
_NO_NUMBER = (levels.MISSING, levels.NAM_UNLIKE)
#: Levels of the fields behind the core when the end comes early.
_NOT_LOOKED_AT = (levels.MISSING,) * 6
_FULL_DATE = len("YYYYMMDD")
#: Two numbers further apart than this are two numbers and not a typing error.
_NAM_EDITS_MAX = 2


class Comparison(msgspec.Struct, frozen=True):
    """What was found about a pair, and why."""

    outcome: Outcome
    #: Posterior in 1/256 bit: evidence less the prior. Of a pair that is vetoed early, an upper
    #: bound.
    weight: int
    #: Level of each field of `levels.FIELDS`, by number; 0 is missing.
    levels: tuple[int, ...]
    #: The rule that decided.
    rule: str
    #: Why the two may never be in one group, or ``None``.
    barred: str | None

    @property
    def vector(self) -> tuple[str, ...]:
        """``field:level`` of the fields that both records have."""
        return _said(self.levels)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The rule, then the vector."""
        return (self.rule, *_said(self.levels))

    def named(self) -> dict[str, str]:
        """Level names by field, for people."""
        return {field: LEVELS[field][n] for field, n in zip(FIELDS, self.levels, strict=True)}


def compare(a: Features, b: Features, weights: Weights) -> Comparison:
    """Decide on a pair."""
    return _decided(a, b, weights, True)


def explain(a: Features, b: Features, weights: Weights) -> tuple[Comparison, tuple[int, ...]]:
    """Like `compare`, with every field looked at, and the bits of each (1/256)."""
    found = _decided(a, b, weights, False)
    return found, bits_of(a, b, found.levels, weights)


def bits_of(a: Features, b: Features, found: tuple[int, ...], weights: Weights) -> tuple[int, ...]:
    """The bits of each field before the household is counted once."""
    table = weights.by_level
    bits = [table[field][level] for field, level in enumerate(found)]
    bits[_BORN] -= _january(a.born, b.born, found[_BORN], weights)
    bits[_GIVEN] += given_bits(a, b, found[_GIVEN], weights)
    bits[_FAMILY] += family_bits(a, b, found[_FAMILY], weights)
    return tuple(bits)


def _decided(a: Features, b: Features, weights: Weights, early: bool) -> Comparison:
    nam = _nam(a, b)
    personal = _identifier(a, b) if a.personal or a.local else levels.MISSING
    one, two = a.born, b.born
    if one == two and len(one) == _FULL_DATE:
        born = levels.SAME
    elif one and two:
        born = levels.born(one, two) if one <= two else levels.born(two, one)
    else:
        born = levels.MISSING
    given, family = _names(a, b, weights)
    sex = levels.MISSING
    if a.sex and b.sex and a.sex != "x" and b.sex != "x":
        sex = levels.SAME if a.sex == b.sex else levels.SEX_DIFFERS
    core = (nam, personal, born, given, family, sex)
    sum_of_core = (
        _core_bits(core, weights)
        - _january(one, two, born, weights)
        + given_bits(a, b, given, weights)
        + family_bits(a, b, family, weights)
    )
    most = sum_of_core + weights.household_max
    if early and nam in _NO_NUMBER and most <= weights.veto_max and gates.against(core):
        return Comparison("different", most, core + _NOT_LOOKED_AT, "too-little", "weight-against")
    rest = _rest(a, b, weights)
    weight = sum_of_core + _rest_bits(rest, weights)
    found = core + rest
    verdict = gates.judge(a, b, found, weight, weights)
    return Comparison(verdict.outcome, weight, found, verdict.rule, verdict.barred)


@lru_cache(maxsize=1 << 13)
def _core_bits(core: tuple[int, ...], weights: Weights) -> int:
    """What the core levels say, less the prior."""
    return sum(map(getitem, weights.by_level, core)) - weights.prior


def _rest(a: Features, b: Features, weights: Weights) -> tuple[int, ...]:
    return (
        levels.best(a.phones, b.phones, levels.text),
        levels.best(a.emails, b.emails, levels.text) if a.emails else levels.MISSING,
        levels.best(a.postal, b.postal, levels.postal),
        levels.best(a.streets, b.streets, levels.street),
        _parent(a.mother, b.mother, weights),
        _parent(a.father, b.father, weights),
    )


@lru_cache(maxsize=1 << 13)
def _rest_bits(rest: tuple[int, ...], weights: Weights) -> int:
    """What a household shares says *this household*, however often it says so; what speaks
    against counts in full."""
    shared = against = 0
    for place, level in enumerate(rest, start=_PHONE):
        bits = weights.by_level[place][level]
        if bits > 0:
            shared += bits
        else:
            against += bits
    return min(shared, weights.household_max) + against


def _nam(a: Features, b: Features) -> int:
    """The health numbers: the best of every pair, but trusted numbers that differ stay so."""
    if a.trusted and b.trusted:
        if a.trusted == b.trusted or not set(a.trusted).isdisjoint(b.trusted):
            return levels.SAME
        # A number that changed: the newer record still carries the old one.
        if not set(a.trusted + a.claimed).isdisjoint(b.trusted + b.claimed):
            return levels.NAM_CLAIMED
        return levels.NAM_DIFFERS
    if not (a.trusted or a.claimed) or not (b.trusted or b.claimed):
        return levels.MISSING
    ones, twos = a.trusted + a.claimed, b.trusted + b.claimed
    if not set(ones).isdisjoint(twos):
        return levels.NAM_CLAIMED
    close = any(
        OSA.distance(x, y, score_cutoff=_NAM_EDITS_MAX) <= _NAM_EDITS_MAX
        for x in ones
        for y in twos
    )
    return levels.NAM_ONE_OFF if close else levels.NAM_UNLIKE


def _identifier(a: Features, b: Features) -> int:
    """Personal and local numbers, by system: different local numbers say nothing."""
    local = bool(a.local and b.local) and not set(a.local).isdisjoint(b.local)
    if not a.personal or not b.personal:
        return levels.ID_LOCAL if local else levels.MISSING
    if a.personal == b.personal:
        return levels.SAME
    same, near, differs = _by_system(a.personal, b.personal)
    if same or local:
        return levels.ID_MIXED if near or differs else levels.SAME if same else levels.ID_LOCAL
    if near:
        return levels.ID_NEAR
    return levels.ID_DIFFERS if differs else levels.MISSING


def _by_system(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[bool, bool, bool]:
    """Whether some system's numbers are the same, near, or different in the two."""
    same = near = differs = False
    for system in {text.partition("=")[0] for text in one}:
        ours = [text for text in one if text.startswith(f"{system}=")]
        theirs = [text for text in two if text.startswith(f"{system}=")]
        if not theirs:
            continue
        level = min(levels.text(*sorted((x, y))) for x in ours for y in theirs)
        same |= level == levels.SAME
        near |= level == levels.NEAR
        differs |= level == levels.DIFFERS
    return same, near, differs


def _names(a: Features, b: Features, weights: Weights) -> tuple[int, int]:
    """Given name and surname; inverted when each is the other's and neither is its own."""
    given = levels.MISSING
    variants = weights.variants
    for x in a.givens:
        for y in b.givens:
            if x == y:
                level = levels.SAME
            else:
                level = levels.given(x, y, variants) if x <= y else levels.given(y, x, variants)
            if not given or level < given:
                given = level
    family = _family(a.families, b.families)
    if given >= levels.GIVEN_FAIR and family >= levels.FAMILY_FAIR and _inverted(a, b):
        return levels.GIVEN_INVERTED, levels.FAMILY_INVERTED
    return given, family


def _family(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    """The first surnames; where they differ, any other that is shared."""
    if not one or not two:
        return levels.MISSING
    a, b = one[0], two[0]
    if a == b:
        return levels.SAME
    first = levels.family(a, b) if a <= b else levels.family(b, a)
    if first < levels.FAMILY_FAIR or len(one) == len(two) == 1:
        return first
    other = levels.best(one, two, levels.family)
    return levels.FAMILY_ALIAS if other <= levels.FAMILY_PART else first


def _inverted(a: Features, b: Features) -> bool:
    """Each is the other's, or the same words were split at another place (Wang Li, Na)."""
    near = (levels.SAME, levels.FAMILY_NEAR)
    if not (a.givens and b.givens and a.families and b.families):
        return False
    if levels.best(a.givens, b.families, levels.family) in near:
        return levels.best(a.families, b.givens, levels.family) in near
    ones, twos = (f"{x.givens[0]} {x.families[0]}".split() for x in (a, b))
    return sorted(ones) == sorted(twos)


def _parent(a: str, b: str, weights: Weights) -> int:
    if not a or not b:
        return levels.MISSING
    return (
        levels.parent(a, b, weights.variants) if a <= b else levels.parent(b, a, weights.variants)
    )


def _january(a: str, b: str, level: int, weights: Weights) -> int:
    """What an equal birth date on 1 January says less than another."""
    return weights.january if level == levels.SAME and a.endswith("0101") else 0


#: Levels that say the two share a name, so that how rare it is counts.
_GIVEN_SHARED: Final = frozenset(range(levels.SAME, levels.GIVEN_CLASH + 1)) | {
    levels.GIVEN_INVERTED
}
_FAMILY_SHARED: Final = frozenset(range(levels.SAME, levels.FAMILY_FAIR + 1)) | {
    levels.FAMILY_INVERTED
}


def given_bits(a: Features, b: Features, level: int, weights: Weights) -> int:
    """Bits of the given name by how frequent it is; the more frequent of the two counts."""
    if level not in _GIVEN_SHARED:
        return 0
    whole = level == levels.SAME
    bits = _given_rarity(a.givens, weights, whole)
    return bits if a.givens == b.givens else min(bits, _given_rarity(b.givens, weights, whole))


def family_bits(a: Features, b: Features, level: int, weights: Weights) -> int:
    """Bits of the surname by how frequent it is; the more frequent of the two counts."""
    if level not in _FAMILY_SHARED:
        return 0
    whole = level == levels.SAME
    bits = _family_rarity(a.families, weights, whole)
    return (
        bits if a.families == b.families else min(bits, _family_rarity(b.families, weights, whole))
    )


@lru_cache(maxsize=1 << 14)
def _given_rarity(names: tuple[str, ...], weights: Weights, whole: bool) -> int:
    return _rarity(names, weights.given_bits, weights.given_rare, whole)


@lru_cache(maxsize=1 << 14)
def _family_rarity(names: tuple[str, ...], weights: Weights, whole: bool) -> int:
    return _rarity(names, weights.family_bits, weights.family_rare, whole)


def _rarity(names: tuple[str, ...], table: dict[str, int], rare: int, whole: bool) -> int:
    """The bits of the most frequent of a record's names; ``whole``: all their words are shared."""
    if len(names) == 1:
        found = table.get(names[0])
        return found if found is not None else _unlisted(names[0], table, rare, whole)
    return min((_rarity((name,), table, rare, whole) for name in names), default=rare)


#: What a second word of a compound name says beyond the first.
_SECOND_WORD_BITS: Final = 3 * 256


def _unlisted(name: str, table: dict[str, int], rare: int, whole: bool) -> int:
    """Of a compound name that is in no table: its most frequent word, and a little more when the
    other record has all of it."""
    if " " not in name:
        return rare
    return min(table.get(word, rare) for word in name.split()) + _SECOND_WORD_BITS * whole


@lru_cache(maxsize=1 << 15)
def _said(found: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(
        f"{field}:{LEVELS[field][level]}"
        for field, level in zip(FIELDS, found, strict=True)
        if level
    )
