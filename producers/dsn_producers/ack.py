"""The acknowledgement of an HL7 v2 message, made from the bytes of its header alone.

The library's ``create_ack`` needs the whole message parsed and drops MSH-18; the messages that most
need an answer are those that do not parse. What is repeated from the header is repeated as bytes,
so the answer is in the sender's character set whatever that is; our own words are ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Code = Literal["AA", "AE", "AR"]

#: Beginning of a message in which its header must end.
_HEADER_BYTES_MAX = 4096
#: MSA-3 and ERR-8 are for a person who reads a log of the sender.
_TEXT_CHARS_MAX = 200
#: HL7 table 0357 by reason class; the others are 207, application internal error.
_CONDITIONS = {
    "unknown-message-type": (200, "Unsupported message type"),
    "unsupported-message-type": (200, "Unsupported message type"),
    "unknown-event": (201, "Unsupported event code"),
    "unsupported-version": (203, "Unsupported version id"),
    "missing-segment": (100, "Segment sequence error"),
    "missing-field": (101, "Required field missing"),
    "wrong-charset": (102, "Data type error"),
    "no-header": (100, "Segment sequence error"),
    "truncated-frame": (100, "Segment sequence error"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """MSH as it came."""

    #: MSH-1, one byte.
    separator: bytes
    #: ``fields[n]`` is MSH-n, MSH-2 included.
    fields: tuple[bytes, ...]

    def field(self, number: int) -> bytes:
        """MSH-``number``, empty when it is absent."""
        return self.fields[number] if number < len(self.fields) else b""

    @property
    def version(self) -> tuple[int, ...]:
        """MSH-12 as numbers, (2, 5) when it says none."""
        text = self.field(12).split(self.component)[0].decode("ascii", "replace")
        parts = tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit())
        return parts or (2, 5)

    @property
    def component(self) -> bytes:
        """The component separator."""
        return self.field(2)[:1] or b"^"


#: Stands in when a message has no header that can be read.
NO_HEADER = Header(b"|", (b"MSH", b"|", b"^~\\&", *(b"",) * 9, b"2.5"))


def header_of(data: bytes) -> Header:
    """The header of a message; ``NO_HEADER`` when it has none."""
    segment = data[:_HEADER_BYTES_MAX].lstrip(b"\r\n").split(b"\r")[0].split(b"\n")[0]
    if segment[:3] != b"MSH" or len(segment) < 8 or segment[3:4].isalnum():
        return NO_HEADER
    separator = segment[3:4]
    return Header(separator, (b"MSH", separator, *segment[4:].split(separator)))


def acknowledgement(
    header: Header,
    code: Code,
    *,
    control_id: str,
    at: datetime,
    reason: str = "",
    detail: str = "",
) -> bytes:
    """The answer: MSH, MSA, and for AE and AR an ERR with the reason.

    ``control_id`` is the answer's own; ``at`` carries the edge's time zone.
    """
    s, f = header.separator, header.field
    words = _plain(f"{reason}: {detail}" if reason else "", header)
    segments = [
        s.join((b"MSH" + s + f(2), f(5), f(6), f(3), f(4), _stamp(at), b"", _type(header)))
        + s
        + s.join((control_id.encode(), f(11) or b"P", f(12) or b"2.5", *(b"",) * 5, f(18))).rstrip(
            s
        ),
        s.join((b"MSA", code.encode(), f(10), words)).rstrip(s),
    ]
    if code != "AA":
        segments.append(_error(header, reason, words))
    return b"\r".join(segments) + b"\r"


def _error(header: Header, reason: str, words: bytes) -> bytes:
    """ERR as the sender's version has it: one code up to 2.4, separate fields from 2.5."""
    number, text = _CONDITIONS.get(reason, (207, "Application internal error"))
    s, c = header.separator, header.component
    coded = (str(number).encode(), text.encode(), b"HL70357")
    if header.version < (2, 5):
        sub = header.field(2)[3:4] or b"&"
        return b"ERR" + s + c * 3 + sub.join(coded)
    name = _plain(reason, header)
    return s.join((b"ERR", b"", b"", c.join(coded), b"E", name, b"", b"", words)).rstrip(s)


def _type(header: Header) -> bytes:
    """MSH-9: with the event from 2.3 on, and the structure from 2.3.1 on."""
    c = header.component
    event = header.field(9).split(c)[1:2]
    if not event or not event[0] or header.version < (2, 3):
        return b"ACK"
    structure = (b"ACK",) if header.version >= (2, 3, 1) else ()
    return c.join((b"ACK", event[0], *structure))


def _stamp(at: datetime) -> bytes:
    return at.strftime("%Y%m%d%H%M%S%z").encode()


def _plain(text: str, header: Header) -> bytes:
    """ASCII without separators and control characters: readable in every character set."""
    data = text[:_TEXT_CHARS_MAX].encode("ascii", "replace")
    special = header.separator + header.field(2)
    return bytes(b if 32 <= b < 127 and b not in special else 32 for b in data).strip()
