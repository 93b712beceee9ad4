"""What somebody looks for, made of what was typed. Pure; the form posts it, no address holds it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from dsn_consumers.search import prefixes

#: A form field longer than this was not typed by a person.
FIELD_CHARS_MAX = 100

_BIRTH = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?\Z", re.ASCII)
_NUMBER = re.compile(r"(?=.*\d)[A-Z0-9]{4,40}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The fields of the form, as typed."""

    nam: str = ""
    name: str = ""
    birth: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """A search the store can answer; every part given must agree."""

    #: Health or record number, upper case, without spaces; empty: any.
    number: str
    #: Beginnings of words of a name, without accents; none: any name.
    prefixes: tuple[str, ...]
    #: FHIR date; empty: any.
    birth: str


class Incomplete(ValueError):
    """The search cannot be made yet; ``label`` names what to tell, ``field`` where."""

    def __init__(self, field: str, label: str) -> None:
        super().__init__(f"{field}: {label}")
        self.field = field
        self.label = label


def criteria(typed: Typed) -> Criteria:
    """What to look for. Raises ``Incomplete`` when too little, or something else, was typed."""
    number = "".join(c for c in _clean(typed.nam) if c not in " .-").upper()
    found = prefixes(_clean(typed.name))
    birth = _clean(typed.birth).replace("/", "-")
    if number and not _NUMBER.match(number):
        raise Incomplete("nam", "search.error.nam")
    if birth and not _BIRTH.match(birth):
        raise Incomplete("birth", "search.error.birth")
    if not number and not found:
        raise Incomplete("name" if typed.name.strip() else "nam", "search.error.empty")
    return Criteria(number=number, prefixes=found, birth=birth)


def _clean(text: str) -> str:
    """Without NUL and other controls, which PostgreSQL refuses and nobody types."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zs") else c for c in text)
    return kept[:FIELD_CHARS_MAX].strip()
