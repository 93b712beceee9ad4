"""MLLP frames out of a stream of bytes, whatever the bytes are.

A frame is VT, the message, FS, CR. The library's own reader (``hl7.mllp``) forgets a message that
is larger than its limit and gives up at the first byte of garbage; here both have a fate: garbage
between frames is skipped and counted, a frame cut by the next one or by the end is handed over as
*truncated*, an oversize one as it is up to what is kept at all.

Pure: called with what was read, by ``mllp`` and by ``feed``.
"""

from __future__ import annotations

from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c"
CARRIAGE_RETURN = b"\r"


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A message whose end never came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes outside every frame; line ends between frames are none."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Endless:
    """A message larger than anything is kept for; ``head`` is its beginning, the rest is lost."""

    head: bytes
    size_bytes: int


Event = Frame | Truncated | Garbage | Endless

#: Of an endless message: enough for its header.
_HEAD_BYTES = 64 * 1024


class Framer:
    """Finds frames; holds one message at most, ``bytes_max`` at most."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._inside = False
        #: Up to here the buffer holds no end and no start.
        self._searched = 0

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._inside

    @property
    def pending_bytes(self) -> int:
        """Bytes of the message that has begun."""
        return len(self._buffer) if self._inside else 0

    @property
    def perhaps_ended(self) -> bool:
        """Whether the end came without its carriage return: some senders leave it out."""
        return self._inside and self._buffer.endswith(END)

    def feed(self, data: bytes) -> list[Event]:
        """What ``data`` completes, in order."""
        self._buffer += data
        events: list[Event] = []
        while (event := self._next()) is not None:
            if not isinstance(event, Garbage) or event.size_bytes:
                events.append(event)
        return events

    def finish(self) -> list[Event]:
        """What is left when nothing more comes."""
        data, inside = bytes(self._buffer), self._inside
        self._reset()
        if not inside:
            garbage = len(data.strip(b"\r\n"))
            return [Garbage(garbage)] if garbage else []
        if not data:
            return [Garbage(len(START))]
        return [Frame(data[:-1]) if data.endswith(END) else Truncated(data)]

    def _next(self) -> Event | None:
        return self._next_inside() if self._inside else self._next_outside()

    def _next_outside(self) -> Event | None:
        start = self._buffer.find(START)
        skipped = self._buffer if start < 0 else self._buffer[:start]
        garbage = Garbage(len(bytes(skipped).strip(b"\r\n")))
        if start < 0:
            self._buffer.clear()
            return garbage if garbage.size_bytes else None
        del self._buffer[: start + 1]
        self._inside = True
        self._searched = 0
        return garbage

    def _next_inside(self) -> Event | None:
        buffer = self._buffer
        end = self._find_end()
        start = buffer.find(START, self._searched, len(buffer) if end < 0 else end)
        if start >= 0:
            return self._restarted(start)
        if end >= 0:
            data = bytes(buffer[:end])
            # The carriage return stays and is skipped as a line end between frames.
            del buffer[: end + 1]
            self._inside = False
            return self._whole(data)
        # The last byte may be the first half of an end.
        self._searched = max(0, len(buffer) - 1)
        if len(buffer) > self._bytes_max:
            head, size_bytes = bytes(buffer[:_HEAD_BYTES]), len(buffer)
            self._reset()
            return Endless(head, size_bytes)
        return None

    def _find_end(self) -> int:
        """Where the message ends: FS before CR, or before the VT of the next one."""
        found = [self._buffer.find(END + mark, self._searched) for mark in (CARRIAGE_RETURN, START)]
        return min((at for at in found if at >= 0), default=-1)

    def _restarted(self, start: int) -> Event:
        """A start inside a message: it was cut, and the next one begins here."""
        data = bytes(self._buffer[:start])
        del self._buffer[: start + 1]
        self._searched = 0
        return Truncated(data) if data else Garbage(1)

    def _whole(self, data: bytes) -> Event:
        if len(data) > self._bytes_max:
            return Endless(data[:_HEAD_BYTES], len(data))
        return Frame(data)

    def _reset(self) -> None:
        self._buffer.clear()
        self._inside = False
        self._searched = 0
