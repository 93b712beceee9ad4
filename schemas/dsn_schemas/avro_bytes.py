"""Avro's numbers and texts as bytes, for records that are written or read field by field.

Zigzag, seven bits a byte (Avro 1.12, *Binary encoding*): where ``fastavro`` would want a dictionary
for every record, which costs more than the bytes.
"""

from __future__ import annotations

#: Fourteen bits as two bytes with more behind them, and as the last bytes of a number.
_MORE = tuple(bytes((bits & 0x7F | 0x80, bits >> 7 | 0x80)) for bits in range(1 << 14))
_LAST = tuple(
    bytes((bits,)) if bits < 1 << 7 else bytes((bits & 0x7F | 0x80, bits >> 7))
    for bits in range(1 << 14)
)
#: The same by the number that is not negative, whose lowest bit is of the sign.
_FIRST, _SMALL = _MORE[::2], _LAST[::2]


def number(value: int) -> bytes:
    """An int or long, of 64 bits at most. An instant of this age is put together of three."""
    if 0 <= value < 1 << 13:
        return _SMALL[value]
    if 0 < value < 1 << 41:
        rest = value >> 13
        if rest < 1 << 14:
            return _FIRST[value & 0x1FFF] + _LAST[rest]
        return _FIRST[value & 0x1FFF] + _MORE[rest & 0x3FFF] + _LAST[rest >> 14]
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
    return number(len(data)) + data


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number as it stands, zigzag, and the place behind it.

    Raises ``IndexError`` at the end, and ``ValueError`` for more bytes than a number has.
    """
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
