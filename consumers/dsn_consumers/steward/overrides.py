"""The value of an override, from what a steward typed. Pure."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_type_hints

import msgspec

from dsn_consumers.steward.decisions import Refused
from dsn_schemas.records import Demographics

#: Fields whose values are words of a list.
_WORDS = {
    "gender": ("male", "female", "other", "unknown"),
    "birth_sex": ("M", "F", "X", "UNK"),
}
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")
_NAMES = frozenset(field.name for field in fields(Demographics)) - {"active"}


def field_value(field: str, text: str) -> Demographics:
    """Demographics that say this field only. Raises ``Refused``.

    A text, a date, true or false, a number, or JSON in the shape of the contract
    (``docs/catalogue.md``) for lists and names.
    """
    if field not in _NAMES:
        raise Refused(f"{field} is none of {', '.join(sorted(_NAMES))}")
    if not text.strip():
        raise Refused(f"{field} needs a value; --undo takes an override back")
    if field == "birth_date" and not _DATE.match(text):
        raise Refused("a birth date is YYYY, YYYY-MM or YYYY-MM-DD")
    if field in _WORDS and text not in _WORDS[field]:
        raise Refused(f"{field} is one of {', '.join(_WORDS[field])}")
    kind = get_type_hints(Demographics)[field]
    value: object = text
    try:
        if kind is not str:
            value = msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise Refused(f"{field}: {error}") from None
    if not value and value is not False:
        raise Refused(f"{field} needs a value; --undo takes an override back")
    return Demographics(**{field: value})  # type: ignore[arg-type]  # the name and type were checked
