"""What is kept of a record for comparing it: normalised once, compact, and nothing else needed.

Stop lists are applied here: what says nothing about a person (INCONNU, 1900-01-01, a hospital's
own telephone) is not a feature, so no later step has to know.
"""

from __future__ import annotations

import msgspec

from dsn_streams.matching import dates, phones, places
from dsn_streams.matching.identifiers import numbers_of
from dsn_streams.matching.names import names_of, one_name
from dsn_streams.matching.person import Person
from dsn_streams.matching.weights import Weights

#: Values of one kind that are compared; more on one record are several people's.
VALUES_MAX = 4

_SEX = {"male": "m", "female": "f", "m": "m", "f": "f", "x": "x", "other": "x"}


class Features(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One record as `compare` and `blocking` see it; all tuples in one fixed order."""

    #: ``YYYYMMDD``, ``YYYYMM``, ``YYYY`` or empty.
    born: str = ""
    #: Folded given names, each of one name together; folded surnames.
    givens: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    #: m, f, x (said to be neither) or empty.
    sex: str = ""
    #: Health numbers of Quebec: vouched for by the birth date, and only claimed.
    trusted: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    #: ``system=value``: personal numbers, numbers within one authority.
    personal: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    postal: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    #: ``family|given``.
    mother: str = ""
    father: str = ""
    emails: tuple[str, ...] = ()
    #: The given name was a maternity ward's label.
    newborn: bool = False
    #: The birth date was one of the stop list.
    placeholder: bool = False
    #: 0: not said to be a twin; -1: a twin, order unknown; else the order of birth.
    twin: int = 0
    #: jr, sr, 2, 3... or empty: a father and his son of the same name.
    suffix: str = ""


def features_of(demographics: Person, weights: Weights) -> Features:
    """The features of one record. Deterministic: no clock, no other record."""
    numbers = numbers_of(demographics.identifiers, demographics.birth_date, weights)
    born, placeholder = dates.born(
        demographics.birth_date,
        demographics.birth_date_estimated,
        bool(numbers.trusted),
        weights,
    )
    names = names_of(demographics.names, weights)
    telephones, emails = _reached(demographics, weights)
    postal, streets = _lives(demographics, weights)
    return Features(
        born=born,
        givens=names.givens,
        families=names.families,
        sex=_sex(demographics),
        trusted=numbers.trusted,
        claimed=numbers.claimed,
        personal=numbers.personal,
        local=numbers.local,
        phones=telephones,
        postal=postal,
        streets=streets,
        mother=one_name(demographics.mother, weights),
        father=one_name(demographics.father, weights),
        emails=emails,
        newborn=names.newborn,
        placeholder=placeholder,
        twin=_twin(demographics),
        suffix=names.suffix,
    )


def _sex(demographics: Person) -> str:
    """Administrative gender; sex at birth only where no gender was said."""
    return _SEX.get(demographics.gender, "") or _SEX.get(demographics.birth_sex.lower(), "")


def _twin(demographics: Person) -> int:
    if demographics.birth_order is not None and demographics.multiple_birth is not False:
        return max(demographics.birth_order, 0) if demographics.multiple_birth else 0
    return -1 if demographics.multiple_birth else 0


def _reached(demographics: Person, weights: Weights) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Telephones and electronic addresses."""
    telephones: set[str] = set()
    emails: set[str] = set()
    for point in demographics.telecoms:
        if point.system == "email" or "@" in point.value:
            address = point.value.strip().lower()
            if "@" in address:
                emails.add(address)
        elif point.system in ("phone", "sms", "") and point.value:
            number = phones.normalised(point.value)
            if number and number not in weights.stop_phones:
                telephones.add(number)
    return _some(telephones), _some(emails)


def _lives(demographics: Person, weights: Weights) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Postal codes and streets."""
    postal: set[str] = set()
    streets: set[str] = set()
    for address in demographics.addresses:
        if address.postal_code:
            code = places.postal_code(address.postal_code)
            if code in weights.stop_postal_codes:
                continue  # a shelter's or a made-up code: its street is no home either
            postal.add(code)
        if address.lines:
            streets.add(places.street(address.lines))
    postal.discard("")
    streets.discard("")
    return _some(postal), _some(streets)


def _some(values: set[str]) -> tuple[str, ...]:
    return tuple(values) if len(values) < 2 else tuple(sorted(values)[:VALUES_MAX])
