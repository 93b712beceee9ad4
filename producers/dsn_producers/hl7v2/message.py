"""The parts of a message: segments, fields, repetitions, components.

The library ``hl7`` builds the whole tree at 1 to 1.5 µs a byte (700 µs for an ordinary ADT, measured),
of which a mapper looks at a tenth. Here a field is split when it is asked for; a test holds this
reader against the library's on every message.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from dataclasses import dataclass, field

from dsn_producers.hl7v2.charset import decode
from dsn_producers.hl7v2.escapes import unescape
from dsn_producers.mapping import Unmappable

NOT_HL7 = "not-hl7"

#: HL7's way to say "delete what you have": for a reader of whole items, there is nothing here.
NULL = '""'

_DEFAULTS = "^~\\&"
_FRAME = b"\x0b\x1c\r\n\t "
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The separators of one message (MSH-1, MSH-2) and its codec."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    codec: str

    def text(self, raw: str) -> str:
        """``raw`` without escapes and outer white space; empty for the null value."""
        if self.escape and self.escape in raw:
            marks = self.field + self.component + self.subcomponent + self.repetition
            return unescape(raw, marks, self.escape, self.codec).strip()
        stripped = raw.strip()
        return "" if stripped == NULL else stripped


class Value:
    """One repetition of a field."""

    __slots__ = ("_parts", "encoding", "raw")

    def __init__(self, raw: str, encoding: Encoding) -> None:
        self.raw = "" if raw == NULL else raw
        self.encoding = encoding
        self._parts = self.raw.split(encoding.component)

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __getitem__(self, component: int) -> str:
        """Text of a component, from 1, its subcomponents as they stand; empty when absent."""
        if component > len(self._parts):
            return ""
        return self.encoding.text(self._parts[component - 1])

    def sub(self, component: int, subcomponent: int = 1) -> str:
        """Text of one subcomponent, both from 1; empty when absent."""
        if component > len(self._parts):
            return ""
        parts = self._parts[component - 1].split(self.encoding.subcomponent)
        return self.encoding.text(parts[subcomponent - 1]) if subcomponent <= len(parts) else ""

    def inner(self, component: int) -> Value:
        """A component's subcomponents, read as the components of a value of their own."""
        part = self._parts[component - 1] if component <= len(self._parts) else ""
        encoding = self.encoding
        return Value(part.replace(encoding.subcomponent, encoding.component), encoding)

    @property
    def text(self) -> str:
        """The whole repetition as text: for types without components (ST, TX, FT)."""
        return self.encoding.text(self.raw)

    def words(self) -> str:
        """Every component that says something, in their order."""
        texts = (self.encoding.text(part) for part in self._parts)
        return " ".join(text for text in texts if text)


#: The value of every field that is absent or empty.
NOTHING = Value("", Encoding("|", "^", "~", "\\", "&", "ascii"))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; fields from 1 as the standard counts them, MSH included."""

    name: str
    _fields: list[str] = field(repr=False)
    _encoding: Encoding = field(repr=False)

    def raw(self, number: int) -> str:
        """A field as it was sent; empty when absent."""
        return self._fields[number] if number < len(self._fields) else ""

    def value(self, number: int) -> Value:
        """The first repetition of a field."""
        raw = self._fields[number] if number < len(self._fields) else ""
        if not raw:
            return NOTHING
        if self._encoding.repetition in raw:
            raw = raw[: raw.index(self._encoding.repetition)]
        return Value(raw, self._encoding)

    def values(self, number: int) -> list[Value]:
        """Every repetition that holds anything."""
        raw = self.raw(number)
        if not raw:
            return []
        found = (Value(part, self._encoding) for part in raw.split(self._encoding.repetition))
        return [value for value in found if value]

    def text(self, number: int) -> str:
        """The first component of the first repetition of a field."""
        if number >= len(self._fields) or not self._fields[number]:
            return ""
        encoding = self._encoding
        first = self._fields[number].partition(encoding.repetition)[0]
        first = first.partition(encoding.component)[0].partition(encoding.subcomponent)[0]
        return encoding.text(first)

    def words(self, number: int) -> str:
        """The first repetition of a field as text, for types without components."""
        return self.value(number).text


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its header, its other segments in order."""

    header: Segment
    segments: tuple[Segment, ...]
    encoding: Encoding

    @property
    def control_id(self) -> str:
        """MSH-10, the sender's own id of the message."""
        return self.header.words(10)


def parse(data: bytes, configured: str) -> Message:
    """Read a message. ``configured``: codec where MSH-18 is empty. Raises ``Unmappable``."""
    marked = data.startswith(BOM_UTF8)
    data = data.removeprefix(BOM_UTF8).strip(_FRAME)
    marks, declared = _announced(data)
    text, codec = decode(data, "UTF-8" if marked else declared, configured)
    encoding = Encoding(*marks, codec)
    header, *rest = [
        _segment(line, encoding) for line in _lines(text, encoding.field) if line.strip()
    ]
    return Message(header, tuple(rest), encoding)


def control_id_of(data: bytes) -> str:
    """MSH-10 of a message that may be unusable, for its refusal; empty when it cannot be read."""
    start = data.find(b"MSH")
    line = data[start:].splitlines()[0] if start >= 0 and data[start:] else b""
    fields = line[3:].decode("ascii", "replace").split(line[3:4].decode("ascii", "replace") or "|")
    control_id = fields[9] if len(fields) > 9 else ""
    return control_id[:199] if control_id.isascii() and control_id.isprintable() else ""


def _announced(data: bytes) -> tuple[tuple[str, str, str, str, str], str]:
    """The separators, and MSH-18, read before the characters are known: both are ASCII."""
    if data[:3] != b"MSH" or len(data) < 8:
        raise Unmappable(NOT_HL7, "the first segment is not MSH with its separators", refusal="AR")
    line = re.split(rb"[\r\n]", data, maxsplit=1)[0].decode("latin-1")
    separator = line[3:4]
    fields = line.split(separator) if separator else []
    # Feeds written by way of JSON or a script double the backslash.
    given = fields[1].replace("\\\\", "\\") if len(fields) > 1 else ""
    component, repetition, escape, subcomponent = list(given + _DEFAULTS[len(given) :])[:4]
    marks = (separator, component, repetition, escape, subcomponent)
    if len(set(marks)) < 5 or any(m.isalnum() or not "!" <= m <= "~" for m in marks):
        raise Unmappable(NOT_HL7, "MSH-1 and MSH-2 hold no five different separators", refusal="AR")
    sets = fields[17].split(repetition) if len(fields) > 17 else []
    named = [name.strip() for name in sets if name.strip() not in ("", NULL)]
    utf8 = [name for name in named if "UTF" in name.upper()]
    return marks, (utf8 or named or [""])[0]


def _lines(text: str, separator: str) -> list[str]:
    """Segments end in CR; LF and CRLF are common. A line that starts no segment is a line of text
    that its sender forgot to escape, and goes on with the field before it."""
    lines = text.replace("\r\n", "\r").replace("\n", "\r").split("\r")
    found = [[lines[0]]]
    for line in lines[1:]:
        if _SEGMENT.match(line) and line[3:4] in ("", separator) or not line.strip():
            found.append([line])
        else:
            found[-1].append(line)
    return ["\n".join(parts) for parts in found]


def _segment(line: str, encoding: Encoding) -> Segment:
    fields = line.split(encoding.field)
    if line.startswith("MSH"):
        fields.insert(1, encoding.field)
    return Segment(line[:3], fields, encoding)
