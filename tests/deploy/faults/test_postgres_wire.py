"""The moment a commit is reported, found in whatever pieces the bytes come."""

from __future__ import annotations

import pytest

from dsn_deploy.faults.postgres_wire import Backend


def message(kind: bytes, payload: bytes) -> bytes:
    return kind + (len(payload) + 4).to_bytes(4, "big") + payload


READY = message(b"Z", b"I")
COMMIT = message(b"C", b"COMMIT\x00")
INSERT = message(b"C", b"INSERT 0 1\x00")


def test_a_commit_is_seen() -> None:
    """After the refusal of encryption, and among other messages."""
    backend = Backend()

    assert not backend.commits(b"N" + message(b"R", b"\0\0\0\0"))
    assert not backend.commits(INSERT + READY)
    assert backend.commits(INSERT + COMMIT + READY)
    assert not backend.commits(READY)


@pytest.mark.parametrize("cut", range(1, len(COMMIT)))
def test_a_commit_in_two_pieces_is_seen_once(cut: int) -> None:
    """With the second of them."""
    backend = Backend()

    assert not backend.commits(message(b"R", b"\0\0\0\0") + COMMIT[:cut])
    assert backend.commits(COMMIT[cut:])


def test_a_row_that_says_commit_is_none() -> None:
    """Only the report counts."""
    backend = Backend()

    assert not backend.commits(message(b"R", b"") + message(b"D", b"COMMIT\x00"))


def test_what_is_no_message_is_refused() -> None:
    """A length that cannot be."""
    with pytest.raises(ValueError, match="bytes"):
        Backend().commits(b"R\0\0\0\1")
