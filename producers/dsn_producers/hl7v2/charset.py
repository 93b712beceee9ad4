"""Which characters are these bytes? MSH-18 says so, else the source's settings.

A wrong character set never shows in an acknowledgement, only years later in a name that no longer
matches. So nothing is guessed or repaired here: bytes that cannot be what they are said to be are
refused, and the sender's engineer hears why.
"""

from __future__ import annotations

import codecs
import re

from dsn_producers.mapping import Unmappable

WRONG_CHARSET = "wrong-charset"
NUL = "nul-bytes"

#: HL7 table 0211 -> Python codec. ASCII is strict: a byte above 127 in it is a wrong label.
_TABLE_0211 = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "ISO IR100": "latin-1",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
} | {f"8859/{part}": f"iso8859_{part}" for part in (*range(1, 10), 15)}

#: UTF-8 bytes of an accented Latin letter that somebody once read as Latin-1 or Windows-1252, and C1
#: controls, which Windows-1252 letters become when read as Latin-1. Neither occurs in real text.
_MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf]|Ã[€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[\u0080-\u009f]|\ufffd")


def decode(data: bytes, declared: str, configured: str) -> tuple[str, str]:
    """The text of a message and the codec it was in.

    ``declared`` is MSH-18 as sent, ``configured`` the source's codec where MSH-18 is empty.
    Raises ``Unmappable`` (wrong-charset, nul-bytes).
    """
    if 0 in data:
        raise Unmappable(NUL, f"byte 0 at position {data.index(0)}: send text, not a binary dump")
    codec = _codec(declared, configured)
    if data.isascii():
        return data.decode("ascii"), codec
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise Unmappable(
            WRONG_CHARSET,
            f"byte 0x{data[error.start]:02x} at position {error.start} is not {codec}; "
            f"{_where(declared)}",
        ) from None
    _refuse_mojibake(data, text, codec, declared)
    return text, codec


def _refuse_mojibake(data: bytes, text: str, codec: str, declared: str) -> None:
    found = _MOJIBAKE.search(text)
    if found is None:
        return
    hint = "the text was already damaged before it was sent" if codec == "utf-8" else ""
    if not hint:
        hint = "the bytes are UTF-8" if _is_utf8(data) else "the bytes are perhaps windows-1252"
    raise Unmappable(
        WRONG_CHARSET, f"read as {codec}, position {found.start()}: {hint}; {_where(declared)}"
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _codec(declared: str, configured: str) -> str:
    """The first known set of MSH-18 (its repetitions are further sets, UTF-8 holds them all)."""
    if not declared:
        return configured
    known = _TABLE_0211.get(declared.upper().replace("_", "-"))
    if known:
        return known
    try:
        name = codecs.lookup(declared).name
        "".encode(name)
    except (LookupError, ValueError, UnicodeError):
        # A name of its own, such as a country's: what the engineer configured is better than a guess.
        return configured
    return name


def _where(declared: str) -> str:
    if declared:
        return "correct MSH-18 or the sender's encoding"
    return "MSH-18 is empty: set MSH-18, or charset of this source"
