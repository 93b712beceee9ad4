"""Names of people as they are compared.

Quebec's spouses keep the surname at birth, older women and people married elsewhere arrive under
two, compound names arrive whole, halved, with a hyphen, a space or nothing, and the usual given
name may be the second. So a record has a *set* of surnames and a *set* of given names, each folded
to words, and levels are the best over the two sets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dsn_streams.matching.fold import fold
from dsn_streams.matching.person import AnyName
from dsn_streams.matching.weights import Weights

#: At most this many surnames and given names of a record are compared: nobody has more who is
#: not two people on one record.
FORMS_MAX = 4

_SAINT = re.compile(r"\b(?:saintes|saints|sainte|saint|ste|sts)\b")
_SUFFIXES = {
    "jr": "jr",
    "junior": "jr",
    "fils": "jr",
    "sr": "sr",
    "senior": "sr",
    "pere": "sr",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "2nd": "2",
    "3rd": "3",
}
_NO_PART = re.compile(r"\b(?:jr|sr|ii|iii|iv|junior|senior|dr|mr|mrs|ms|mme|mlle)\b")
#: What maternity wards write until a child has a name.
_NEWBORN = re.compile(
    r"(?:(?:bb|bebe|baby|babe|newborn|infant|enfant|nn|nne|nouveau ne|nouvelle nee|jumeau|jumelle|twin)"
    r"(?: (?:bb|de|of|boy|girl|garcon|fille|male|female|masculin|feminin|f|m|g|[abc]|[i]{1,3}|\d))*"
    r"|(?:bb|baby|bebe)(?:boy|girl|garcon|fille)\d?"
    r"|(?:fille|garcon|boy|girl|jumeau|jumelle|twin) (?:de|of|[abc]|\d)\b.*|fille|garcon|boy|girl)"
)


class Names(NamedTuple):
    """The names of one record."""

    #: Folded surnames, official ones first.
    families: tuple[str, ...]
    #: Folded given names, all of one name together.
    givens: tuple[str, ...]
    #: A given name was a label of the ward, not a name.
    newborn: bool
    #: What tells a father from his son of the same name: jr, sr, 2, 3...
    suffix: str


def names_of(names: Sequence[AnyName], weights: Weights) -> Names:
    """The surnames and given names of a record, without placeholders."""
    families: dict[str, None] = {}
    givens: dict[str, None] = {}
    newborn, suffix = False, ""
    for name in sorted(names, key=_standing) if len(names) > 1 else names:
        if name.use == "anonymous":
            continue
        if name.suffix or " " in name.family:
            suffix = suffix or _suffix(name.suffix, name.family)
        family, given, label = _parts(name.family, name.given, name.text)
        if label:
            newborn = True
        elif given and given not in weights.stop_names:
            givens[given] = None
        if family and family not in weights.stop_names:
            families[family] = None
    return Names(tuple(families)[:FORMS_MAX], tuple(givens)[:FORMS_MAX], newborn, suffix)


def _standing(name: AnyName) -> bool:
    """Names of the past come after those in use."""
    return name.use in ("maiden", "old", "nickname")


def one_name(name: AnyName | None, weights: Weights) -> str:
    """A parent's name as ``family|given``; empty when unknown."""
    if name is None:
        return ""
    family, given, _ = _parts(name.family, name.given, name.text)
    family = "" if family in weights.stop_names else family
    given = "" if given in weights.stop_names else given
    return f"{family}|{given}" if family or given else ""


@lru_cache(maxsize=1 << 16)
def _parts(family: str, given: tuple[str, ...], text: str) -> tuple[str, str, bool]:
    """Folded surname and given names, from the whole text where nothing else was sent; and whether
    the given name is a label of the ward."""
    if not family and not given and text:
        family, comma, rest = text.partition(",")
        given = (rest,)
        if not comma:
            *first, family = text.split() or [""]
            given = (" ".join(first),)
    found = fold(" ".join(given))
    if "s" in found:
        found = _SAINT.sub("st", found)
    return surname(family), found, _NEWBORN.fullmatch(found) is not None


@lru_cache(maxsize=1 << 14)
def _suffix(suffix: str, family: str) -> str:
    """The generation, from its own field or the end of the surname."""
    if suffix:
        return _SUFFIXES.get(fold(suffix), "")
    if " " not in family.strip():
        return ""
    last = fold(family).rpartition(" ")[2]
    return _SUFFIXES.get(last, "") if _NO_PART.fullmatch(last) else ""


@lru_cache(maxsize=1 << 16)
def surname(text: str) -> str:
    """A folded surname, with one spelling of Saint and without what is no part of it.

    >>> surname("Sainte-Marie"), surname("St. Pierre Jr")
    ('st marie', 'st pierre')
    """
    folded = fold(text)
    if " " not in folded:
        return folded
    without = _NO_PART.sub("", _SAINT.sub("st", folded))
    return " ".join(without.split()) or folded
