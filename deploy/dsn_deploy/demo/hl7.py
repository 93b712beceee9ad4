"""Writing HL7 v2: segments by field number, escapes, stamps.

Only what the demonstration sends; reading is ``dsn_producers``' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

#: A field: one text, or its components. Components are escaped, a text is taken as it is.
Field = str | tuple[str, ...]

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}


def segment(name: str, fields: Mapping[int, Field | list[Field]]) -> str:
    """One segment: fields by their HL7 number, a list for repetitions, trailing ones left out."""
    filled = {number: _field(value) for number, value in fields.items()}
    last = max((number for number, text in filled.items() if text), default=0)
    return "|".join([name, *(filled.get(number, "") for number in range(1, last + 1))])


def header(fields: Mapping[int, Field | list[Field]]) -> str:
    """MSH, whose first two fields are the separators themselves."""
    rest = segment("", {number - 2: value for number, value in fields.items()})
    return f"MSH|^~\\&{rest}"


def message(segments: list[str], charset: str) -> bytes:
    """The bytes of one message in a file: carriage returns between segments, a line per message."""
    return ("\r".join(segments) + "\r").encode(charset) + b"\n"


def escape(text: str) -> str:
    """The text with HL7's separators escaped."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def day(when: date) -> str:
    """HL7 date."""
    return when.strftime("%Y%m%d")


def stamp(when: datetime) -> str:
    """HL7 time stamp, with an offset where the instant has one."""
    return when.strftime("%Y%m%d%H%M%S%z")


def _field(value: Field | list[Field]) -> str:
    if isinstance(value, list):
        return "~".join(_field(one) for one in value)
    if isinstance(value, str):
        return escape(value)
    return "^".join(escape(part) for part in value).rstrip("^")
