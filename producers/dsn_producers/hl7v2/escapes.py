"""Escape sequences of HL7 v2 (chapter 2, 2.7): what stands for what."""

from __future__ import annotations

import re
from functools import lru_cache

#: More blank lines than this in one command are a mistake of the sender.
_LINES_MAX = 10

_LINE = re.compile(r"\.(br|sp|ce|sk)\s*\+?(\d{0,4})$")
_LAYOUT = re.compile(r"\.(fi|nf|in|ti)\s*[+-]?\d{0,4}$")
_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+$")


@lru_cache(maxsize=64)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}\r\n]{{0,256}}){mark}")


def unescape(text: str, separators: str, escape: str, codec: str) -> str:
    """``text`` with its escape sequences resolved; one that means nothing stays as it came.

    ``separators``: field, component, subcomponent and repetition separator, in this order.
    """

    def resolved(match: re.Match[str]) -> str:
        body = match[1]
        place = "FSTR".find(body) if len(body) == 1 else -1
        if place >= 0:
            return separators[place]
        if body == "E":
            return escape
        known = _formatting(body) if body[:1] != "X" else _hexadecimal(body, codec)
        return match[0] if known is None else known

    return _pattern(escape).sub(resolved, text)


def _formatting(body: str) -> str | None:
    if body in ("H", "N", "P") or body[:1] == "Z" or _LAYOUT.match(body):
        return ""
    line = _LINE.match(body)
    if line is None:
        return None
    count = min(int(line[2] or 1), _LINES_MAX)
    if line[1] == "sk":
        return " " * count
    return "\n" * (count if line[1] == "sp" else 1)


def _hexadecimal(body: str, codec: str) -> str | None:
    if not _HEX.match(body):
        return None
    try:
        text = bytes.fromhex(body[1:]).decode(codec)
    except UnicodeDecodeError:
        return None
    # No database takes a NUL in text; the sequence stays visible instead.
    return None if "\0" in text else text.replace("\r\n", "\n").replace("\r", "\n")
