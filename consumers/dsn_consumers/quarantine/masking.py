"""A message one can look at without learning whose it is. Pure.

Every letter becomes x and every digit 9; what is left is the shape: segments, separators, which
fields are filled and how long they are. Of HL7 v2 the segment names, MSH-9 and MSH-12 stay, of FHIR the
names of properties that R4 could have and the type of a resource. Nothing else of the bytes is shown.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: Characters shown at most.
SHOWN_CHARS_MAX = 4_000

_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_TYPE = re.compile(r"[A-Z]{3}([\^&][A-Z0-9_]{3,7}){0,2}\Z")
_VERSION = re.compile(r"2\.[0-9](\.[0-9])?\Z")
#: A property name of FHIR: camel case, letters only.
_PROPERTY = re.compile(r"_?[a-z][A-Za-z]{1,40}\Z")
_RESOURCE = re.compile(r"[A-Z][A-Za-z]{2,40}\Z")
_DEEP = 12


def masked(payload: bytes) -> str:
    """The shape of a message, or what can be said of bytes that are none."""
    head = payload[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"MSH") and len(head) > 3:
        return _hl7(payload)
    if head[:1] in (b"{", b"["):
        return _json(payload)
    return f"{len(payload)} bytes of no known format"


def _hl7(payload: bytes) -> str:
    text = payload.lstrip(b"\xef\xbb\xbf \t\r\n").decode("latin-1")
    separator = text[3]
    lines = []
    for segment in re.split(r"[\r\n]+", text[: 4 * SHOWN_CHARS_MAX]):
        if not segment:
            continue
        fields = segment.split(separator)
        name = fields[0] if _SEGMENT.match(fields[0]) else hidden(fields[0])
        shown = [hidden(field) for field in fields[1:]]
        if name == "MSH":
            # MSH-1 is the separator itself, so field n stands at n - 2.
            for number, allowed in ((9, _TYPE), (12, _VERSION)):
                if len(shown) >= number - 1 and allowed.match(fields[number - 1]):
                    shown[number - 2] = fields[number - 1]
        lines.append(separator.join([name, *shown]))
    return _cut("\n".join(lines))


def _json(payload: bytes) -> str:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return f"{len(payload)} bytes that begin like JSON and are none"
    return _cut(json.dumps(_hidden_json(value, 0), indent=1, ensure_ascii=False))


def _hidden_json(value: Any, depth: int) -> Any:
    if depth > _DEEP:
        return "…"
    if isinstance(value, dict):
        return {
            (name if _PROPERTY.match(name) else hidden(name)): (
                inner
                if name == "resourceType" and isinstance(inner, str) and _RESOURCE.match(inner)
                else _hidden_json(inner, depth + 1)
            )
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden_json(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, bool) or value is None:
        return value
    return hidden(str(value))


def hidden(text: str) -> str:
    """Letters as x, digits as 9."""
    return _DIGIT.sub("9", _LETTER.sub("x", text))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + " …"
