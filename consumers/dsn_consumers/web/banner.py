"""Who the person is: what the banner and a search result show. Pure.

Of several values the first one counts, because the merge put it first; every other one stands in
the detailed identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dsn_consumers.web.contents import Unreadable, read
from dsn_consumers.web.dates import age_words, clinical_words, parse_instant
from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.phrases import name_text, phrase
from dsn_schemas.records import Demographics, HumanName, Identifier

#: Quebec's health number (RAMQ): four letters, two-digit year, month (+50), day, sequence, check.
_NAM = re.compile(r"[A-Z]{4}\d{6}[1-9A-HJ-NP-Z]\d\Z", re.ASCII)
#: Uses of a name that are not what a person is called today.
_PAST_USES = frozenset({"old", "maiden", "nickname", "anonymous"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What must be read before anything else, so that nobody reads the wrong chart."""

    name: str
    birth_date: str
    birth_estimated: bool
    age: Label | None
    #: In groups of four; more than one is itself a warning.
    nams: tuple[str, ...]
    sex: Label | None
    gender: Label | None
    city: str
    language: Label | None
    #: When the person died, as far as it is known; none when nothing says so.
    deceased: Label | None


def demographics(content: Mapping[str, object] | None) -> Demographics:
    """The demographics as a typed record; empty ones when there are none or they are unreadable."""
    try:
        return read(content, Demographics)
    except Unreadable:
        return Demographics()


def banner(person: Demographics, now: datetime) -> Banner:
    """The banner of a person on ``now``."""
    return Banner(
        name=_name(person),
        birth_date=person.birth_date,
        birth_estimated=person.birth_date_estimated,
        age=_age(person, now),
        nams=nams(person),
        sex=phrase("birth_sex", person.birth_sex),
        gender=phrase("gender", person.gender),
        city=next((address.city for address in person.addresses if address.city), ""),
        language=_language(person),
        deceased=_deceased(person),
    )


def nams(person: Demographics) -> tuple[str, ...]:
    """Quebec health numbers of the person, those in force first, in groups of four."""
    current = [i for i in person.identifiers if i.use != "old"]
    past = [i for i in person.identifiers if i.use == "old"]
    found = (_compact(identifier) for identifier in (*current, *past))
    unique = dict.fromkeys(value for value in found if _NAM.match(value))
    return tuple(f"{value[:4]} {value[4:8]} {value[8:]}" for value in unique)


def _compact(identifier: Identifier) -> str:
    return re.sub(r"[\s.\-]+", "", identifier.value).upper()


def _name(person: Demographics) -> str:
    current = [name for name in person.names if name.use not in _PAST_USES]
    ordered: list[HumanName] = [*current, *person.names]
    return next((text for text in map(name_text, ordered) if text.strip()), "")


def _age(person: Demographics, now: datetime) -> Label | None:
    died = parse_instant(person.deceased_at) if person.deceased_at else None
    if person.deceased and died is None:
        return None
    return age_words(person.birth_date, died or now)


def _language(person: Demographics) -> Label | None:
    preferred = [language for language in person.languages if language.preferred]
    return phrase("languages", tuple([*preferred, *person.languages][:1]))


def _deceased(person: Demographics) -> Label | None:
    if person.deceased_at:
        return clinical_words(person.deceased_at)
    return LABELS["person.death.undated"] if person.deceased else None
