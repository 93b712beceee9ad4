"""Text as it is compared: lower case, without accents, one space between words.

For comparison only: what is shown and stored keeps the original spelling.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "œ": "oe", "æ": "ae", "ı": "i", "þ": "th", "ŋ": "ng"}
)
#: The combining marks of Latin letters; one that is among them does not combine.
_ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
#: Words of a name too short or too common in any surname to tell it by.
PARTICLES = frozenset(
    (
        "de",
        "du",
        "des",
        "la",
        "le",
        "les",
        "d",
        "l",
        "da",
        "do",
        "dos",
        "van",
        "von",
        "der",
        "den",
        "el",
        "al",
        "ul",
        "bin",
        "ben",
        "st",
    )
)
#: An elided particle is a word of its own (D'Amour, O'Neil); elsewhere an apostrophe is a sound of
#: the name (Kanien'kehá, Sa'id) and its spelling is the first thing that two sites disagree on.
_ELIDED = re.compile(r"\b(d|l|o|m|n|de|dell|qu)['’ʼ`´](?=\w\w)")
_APOSTROPHES = re.compile(r"['’ʼ‘`´ʹʻʔ:\ufffd]")
_OTHER = re.compile(r"[\W_]+")


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """The words of a text; empty when it has no letter or digit.

    >>> fold("  D’Amours-Côté ")
    'd amours cote'
    """
    text = text.lower()
    if not text.isascii():
        if "ã" in text:
            text = _mended(text)
        text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
        text = _ACCENTS.sub("", text)
        if not text.isascii():
            text = "".join(c for c in text if not unicodedata.combining(c))
        text = text.casefold()
    if text.isalpha():
        return text
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(text.split())
    text = _APOSTROPHES.sub("", _ELIDED.sub(r"\1 ", text))
    return _OTHER.sub(" ", text).strip()


def _mended(text: str) -> str:
    """UTF-8 that was read as Windows-1252 somewhere on the way (cÃ´tÃ©), as far as it can be told."""
    try:
        return text.replace("ã", "Ã").replace("â", "Â").encode("cp1252").decode().lower()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
