"""Digests of what a source said, in a tree over its numbers: two sides find what differs between them.

A node of level L covers 64^L numbers; a leaf is one number. The digest of a leaf covers its epoch,
its number and the digest of the journal record; that of a node covers its leaves. A node without a
leaf is eight zero bytes. All are keyed with the challenge of one comparison: none can be looked up in
a list made before, or used again. Pure; called by ``comparison``.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

#: Children of a node, and the bits of a number that choose one.
FAN_OUT = 64
_BITS = 6
#: A node's digest: two of one comparison that should differ agree once in 2^64.
DIGEST_BYTES = 8
#: Of a node without a leaf.
ABSENT = bytes(DIGEST_BYTES)
#: Digest of a journal record: so many bytes of its SHA-256.
PAYLOAD_BYTES = 16
#: Nodes of the level that is sent first, at most: 32 kB, and one answer names what differs among
#: 262,144 numbers.
TOP_NODES_MAX = 4096

_LEAF = struct.Struct(f">IQ{PAYLOAD_BYTES}s").pack


class Leaf(NamedTuple):
    """What is known of one number."""

    seq: int
    #: First ``PAYLOAD_BYTES`` of the SHA-256 of its journal record.
    payload: bytes
    #: Schema id that the record begins with; 0: not known.
    schema: int


class Span(NamedTuple):
    """Neighbouring nodes of one level."""

    epoch: int
    level: int
    #: Index of the first node: node i of level L begins with number i * 64^L + 1.
    first: int
    digests: tuple[bytes, ...]
    #: Of leaves, the schema id of each; 0 where there is none.
    schemas: tuple[int, ...] = ()


#: Leaves of an epoch behind one number and up to another, ascending.
Reader = Callable[[int, int, int], Iterable[Leaf]]


def key_of(challenge: bytes, source: str, secret: bytes = b"") -> bytes:
    """The key of one comparison. ``secret``: known to both sides and nobody else."""
    return hmac.digest(secret or b"dsn-compare", challenge + source.encode(), "sha256")


def numbers_of(level: int, index: int, count: int = 1) -> tuple[int, int]:
    """First and last number that so many nodes cover."""
    width = FAN_OUT**level
    return index * width + 1, (index + count) * width


def top_level(upto: int) -> int:
    """The lowest level of which few nodes cover the numbers."""
    level = 1
    while upto > TOP_NODES_MAX * FAN_OUT**level:
        level += 1
    return level


def top(key: bytes, read: Reader, epoch: int, after: int, upto: int) -> Span:
    """What is compared first of an epoch: every node behind one number and up to another."""
    level = top_level(upto)
    shift = _BITS * level
    first = after >> shift
    count = ((upto - 1) >> shift) - first + 1
    return span(key, read(epoch, after, upto), epoch, level, first, count)


def span(
    key: bytes, leaves: Iterable[Leaf], epoch: int, level: int, first: int, count: int
) -> Span:
    """Digests of so many nodes; ``leaves`` are theirs alone."""
    if level == 0:
        return _leaves(key, leaves, epoch, first, count)
    keyed, shift = _keyed(key), _BITS * level
    nodes: dict[int, hashlib.blake2b] = {}
    for leaf in leaves:
        index = ((leaf.seq - 1) >> shift) - first
        node = nodes.get(index)
        if node is None:
            node = nodes[index] = keyed.copy()
        node.update(_digest(keyed, epoch, leaf))
    digests = (nodes[i].digest() if i in nodes else ABSENT for i in range(count))
    return Span(epoch, level, first, tuple(digests))


def _leaves(key: bytes, leaves: Iterable[Leaf], epoch: int, first: int, count: int) -> Span:
    keyed = _keyed(key)
    digests, schemas = [ABSENT] * count, [0] * count
    for leaf in leaves:
        digests[leaf.seq - 1 - first] = _digest(keyed, epoch, leaf)
        schemas[leaf.seq - 1 - first] = leaf.schema
    return Span(epoch, 0, first, tuple(digests), tuple(schemas))


def _keyed(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(key=key, digest_size=DIGEST_BYTES)


def _digest(keyed: hashlib.blake2b, epoch: int, leaf: Leaf) -> bytes:
    one = keyed.copy()
    one.update(_LEAF(epoch, leaf.seq, leaf.payload))
    return one.digest()
