"""What of a record's demographics is compared, as it is read from the journal: the fields of the
contract's types of the same names that ``features.py`` looks at, and no others.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dsn_schemas import records


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A number and who gave it."""

    system: str
    value: str
    type: str
    use: str


class HumanName(msgspec.Struct, frozen=True, gc=False):
    """A name."""

    use: str
    family: str
    given: tuple[str, ...]
    suffix: str
    text: str


class Address(msgspec.Struct, frozen=True, gc=False):
    """Where somebody lives."""

    lines: tuple[str, ...]
    postal_code: str


class ContactPoint(msgspec.Struct, frozen=True, gc=False):
    """A telephone or an electronic address."""

    system: str
    value: str


class Demographics(msgspec.Struct, frozen=True, gc=False):
    """Who the person of a record is."""

    identifiers: tuple[Identifier, ...]
    names: tuple[HumanName, ...]
    gender: str
    birth_sex: str
    birth_date: str
    birth_date_estimated: bool
    multiple_birth: bool | None
    birth_order: int | None
    addresses: tuple[Address, ...]
    telecoms: tuple[ContactPoint, ...]
    mother: HumanName | None
    father: HumanName | None


#: The types within.
PARTS = (Identifier, HumanName, Address, ContactPoint)

#: Read in part or whole, it is compared alike.
AnyIdentifier: TypeAlias = records.Identifier | Identifier
AnyName: TypeAlias = records.HumanName | HumanName
Person: TypeAlias = records.Demographics | Demographics
