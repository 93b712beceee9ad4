"""MLLP frames out of any bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.framing import Endless, Event, Frame, Framer, Garbage, Truncated

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
A, B = b"MSH|a", b"MSH|b"

TABLE: list[tuple[str, bytes, list[Event]]] = [
    ("one frame", VT + A + FS + CR, [Frame(A)]),
    ("two frames at once", VT + A + FS + CR + VT + B + FS + CR, [Frame(A), Frame(B)]),
    ("an empty frame", VT + FS + CR, [Frame(b"")]),
    ("NUL bytes inside", VT + b"M\0\0H" + FS + CR, [Frame(b"M\0\0H")]),
    ("line ends between frames", CR + b"\n" + VT + A + FS + CR + b"\n\n", [Frame(A)]),
    ("garbage before", b"GET / HTTP" + VT + A + FS + CR, [Garbage(10), Frame(A)]),
    (
        "garbage between",
        VT + A + FS + CR + b"??" + VT + B + FS + CR,
        [Frame(A), Garbage(2), Frame(B)],
    ),
    ("only garbage", b"hello", [Garbage(5)]),
    ("no carriage return at the end", VT + A + FS, [Frame(A)]),
    ("no carriage return between", VT + A + FS + VT + B + FS + CR, [Frame(A), Frame(B)]),
    ("FS inside a message", VT + b"a" + FS + b"b" + FS + CR, [Frame(b"a" + FS + b"b")]),
    ("FS FS CR", VT + A + FS + FS + CR, [Frame(A + FS)]),
    ("cut by the next frame", VT + A + VT + B + FS + CR, [Truncated(A), Frame(B)]),
    ("cut by the end", VT + A, [Truncated(A)]),
    ("begun and nothing more", VT, [Garbage(1)]),
    ("VT twice", VT + VT + A + FS + CR, [Garbage(1), Frame(A)]),
    ("end without a start", FS + CR + VT + A + FS + CR, [Garbage(1), Frame(A)]),
    (
        "larger than the bound",
        VT + b"x" * 101 + FS + CR + VT + A + FS + CR,
        [Endless(b"x" * 101, 101), Frame(A)],
    ),
]


@pytest.mark.parametrize(("_name", "data", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_frames_of(_name: str, data: bytes, expected: list[Event]) -> None:
    """Whatever one frame is, the next is found."""
    framer = Framer(100)

    assert framer.feed(data) + framer.finish() == expected


@pytest.mark.parametrize(
    ("_name", "data", "expected"), TABLE[:-1], ids=[row[0] for row in TABLE[:-1]]
)
def test_frames_byte_by_byte(_name: str, data: bytes, expected: list[Event]) -> None:
    """Where the network cuts the stream changes no message."""
    framer = Framer(100)
    events = [event for byte in data for event in framer.feed(bytes([byte]))] + framer.finish()

    assert [e for e in events if not isinstance(e, Garbage)] == [
        e for e in expected if not isinstance(e, Garbage)
    ]
    assert _garbage(events) == _garbage(expected)


def _garbage(events: list[Event]) -> int:
    return sum(event.size_bytes for event in events if isinstance(event, Garbage))


@given(
    messages=st.lists(st.binary(max_size=60).map(lambda b: b.translate(None, VT + FS)), max_size=8),
    cuts=st.lists(st.integers(0, 500), max_size=12),
)
def test_every_message_comes_out_as_it_went_in(messages: list[bytes], cuts: list[int]) -> None:
    """For any messages without VT and FS, cut anywhere."""
    stream = b"".join(VT + message + FS + CR for message in messages)
    edges = [0, *sorted(c for c in cuts if c < len(stream)), len(stream)]
    framer = Framer(1000)
    events = [event for start, end in pairwise(edges) for event in framer.feed(stream[start:end])]

    assert events + framer.finish() == [Frame(message) for message in messages]


@given(
    chunks=st.lists(
        st.binary(max_size=50).map(lambda b: b.replace(b"0", VT).replace(b"1", FS + CR))
    )
)
def test_no_bytes_are_too_wild(chunks: list[bytes]) -> None:
    """Nothing raises, nothing larger than the bound is held, and a good frame is still found."""
    framer = Framer(64)
    for chunk in chunks:
        framer.feed(chunk)
        assert framer.pending_bytes <= 64
    framer.finish()

    assert framer.feed(VT + A + FS + CR) == [Frame(A)]


def test_a_large_message_is_searched_once() -> None:
    """Cost grows with the bytes, not with their square: 32 MiB in small reads take no minute."""
    framer = Framer(64 * 1024 * 1024)
    framer.feed(VT)
    for _ in range(512):
        assert framer.feed(b"x" * 65536) == []
    (event,) = framer.feed(FS + CR)

    assert isinstance(event, Frame) and len(event.data) == 512 * 65536
