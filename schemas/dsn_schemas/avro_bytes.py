"""Avro's numbers and texts as bytes, for records that are written or read field by field.

Zigzag, seven bits a byte (Avro 1.12, *Binary encoding*): where ``fastavro`` would want a dictionary
for every record, which costs more than the bytes.
"""

from __future__ import annotations

#: The numbers of one byte, which most are.
_SHORT = tuple(bytes((value << 1,)) for value in range(64))


def number(value: int) -> bytes:
    """An int or long, of 64 bits at most."""
    if 0 <= value < 64:
        return _SHORT[value]
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def text(value: str) -> bytes:
    """A text behind its length in bytes."""
    data = value.encode()
    size = len(data)
    return (_SHORT[size] if size < 64 else number(size)) + data


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number as it stands, zigzag, and the place behind it. Raises ``IndexError`` at the end."""
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7
