"""Looking people up by a word of a name, a health number, a record number or a birth date.

The store calls ``terms`` when it writes demographics; the pages ask ``dsn.search_terms`` for what
``prefixes`` makes of a name. Accents, case and punctuation never decide: « Lévesque-O'Connor » is
found by ``levesque conn``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

#: What one looks for: kind (name, nam, number, birth) and the beginning of it.
Term = tuple[str, str]

#: Longer words are cut: an index row has a bound, and nobody types that much.
TERM_CHARS_MAX = 64
#: Terms one person can have; a chart merged from thirty records has some fifty.
TERMS_MAX = 400
#: Words of a question that are looked at.
WORDS_MAX = 8
#: Shorter beginnings of a name would list a tenth of the province.
PREFIX_CHARS_MIN = 2

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ß": "ss"})


def prefixes(question: str) -> tuple[str, ...]:
    """Beginnings of words of a name, as somebody typed them; what holds a digit is no name."""
    words = question.split()[:WORDS_MAX]
    return tuple(dict.fromkeys(part for word in words for part in _prefixes(word)))


def terms(demographics: Mapping[str, Any]) -> set[Term]:
    """Everything a person is looked up by, from the content of a demographics entry."""
    found = set(_names(demographics.get("names", ())))
    for identifier in demographics.get("identifiers", ()):
        kind = "nam" if identifier.get("type") == "JHN" else "number"
        found.add((kind, _compact(identifier.get("value", ""))))
    found.add(("birth", demographics.get("birth_date", "").replace("\x00", "")))
    cut = {(kind, term[:TERM_CHARS_MAX]) for kind, term in found if term}
    return set(sorted(cut)[:TERMS_MAX])


@lru_cache(maxsize=1 << 15)
def words(text: str) -> frozenset[str]:
    """The words of a name without accents: « Lévesque-O'Connor » gives levesque, o, connor, and
    levesqueoconnor for those who type it in one piece."""
    return frozenset(
        part for whole in text.split() for part in (*_parts(whole), "".join(_parts(whole))) if part
    )


def _names(names: Sequence[Mapping[str, Any]]) -> Iterator[Term]:
    for name in names:
        for text in (name.get("family", ""), name.get("text", ""), *name.get("given", ())):
            for word in words(text):
                yield "name", word


def _prefixes(word: str) -> list[str]:
    if any(c.isdigit() for c in word):
        return []
    parts = (part[:TERM_CHARS_MAX] for part in _parts(word))
    return [part for part in parts if len(part) >= PREFIX_CHARS_MIN]


def _parts(word: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return [part for part in re.split(r"[\W_]+", bare) if part]


def _compact(number: str) -> str:
    return "".join(c for c in number.upper() if c.isalnum())
