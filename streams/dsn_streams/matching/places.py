"""Postal codes and streets as they are compared."""

from __future__ import annotations

import re
from functools import lru_cache

from dsn_streams.matching.fold import fold

#: Words of a street line that every site spells its own way, or leaves out.
_KINDS = frozenset(
    [
        "rue",
        "r",
        "street",
        "st",
        "avenue",
        "av",
        "ave",
        "boulevard",
        "boul",
        "blvd",
        "bd",
        "chemin",
        "ch",
        "road",
        "rd",
        "route",
        "rte",
        "drive",
        "dr",
        "place",
        "pl",
        "montee",
        "rang",
        "crescent",
        "croissant",
        "cr",
        "court",
        "crt",
        "lane",
        "ln",
        "way",
        "terrasse",
        "terrace",
        "apt",
        "app",
        "appt",
        "appartement",
        "apartment",
        "unit",
        "unite",
        "bureau",
        "suite",
        "ste",
        "n",
        "s",
        "e",
        "o",
        "w",
        "nord",
        "sud",
        "est",
        "ouest",
        "north",
        "south",
        "east",
        "west",
        "no",
        "the",
        "de",
        "du",
        "des",
        "la",
        "le",
        "l",
        "d",
        "circuit",
        "parade",
        "close",
        "street",
    ]
)
_CANADIAN = re.compile(r"[A-Z]\d[A-Z]\d[A-Z]\d")


@lru_cache(maxsize=1 << 14)
def postal_code(value: str) -> str:
    """Letters and digits in upper case: ``H3T1N5``; five digits of a US code.

    >>> postal_code("h3t 1n5"), postal_code("49555-1234")
    ('H3T1N5', '49555')
    """
    text = value.upper().replace(" ", "")
    if not text.isalnum():
        text = "".join(c for c in text if c.isalnum())
    if _CANADIAN.match(text):
        return text[:6]
    return text[:5] if len(text) == 9 and text.isdigit() else text


@lru_cache(maxsize=1 << 12)
def street(lines: tuple[str, ...]) -> str:
    """``civic number|words of the name in one order|other numbers``; empty without a name.

    >>> street(("123, boul. René-Lévesque Ouest", "app. 4"))
    '123|levesque rene|4'
    """
    names: set[str] = set()
    numbers: list[str] = []
    # Not through the cache: hardly any street comes again before names would be pushed out by it.
    for word in fold.__wrapped__(" ".join(lines).replace("\\n", " ")).split():
        if word[0].isdigit():
            numbers.append(word)
        elif word not in _KINDS:
            names.add(word)
    if not names:
        return ""
    if len(numbers) < 2:
        return f"{numbers[0] if numbers else ''}|{' '.join(sorted(names))}|"
    return f"{numbers[0]}|{' '.join(sorted(names))}|{' '.join(sorted(numbers[1:]))}"
