"""What can go wrong at the establishment, and the answer to each.

EdgeError
├── OutboxRefused      try again: nothing was kept, the sender is told so and keeps the message
│   ├── OutboxFull     the quota or the disk is used up
│   ├── OutboxBusy     another process held the outbox too long
│   └── OutboxClosed   the edge is stopping
└── OutboxUnusable     stop: the file is of another source, version or number of partitions
"""

from __future__ import annotations


class EdgeError(Exception):
    """Any failure of the establishment side that is not a message's own."""


class OutboxRefused(EdgeError):
    """A message was not kept; ``reason`` is what its sender is told."""

    reason = "outbox-unavailable"


class OutboxFull(OutboxRefused):
    """The quota or the disk is used up; refused before anything was acknowledged."""

    reason = "outbox-full"


class OutboxBusy(OutboxRefused):
    """Another process held the outbox longer than a sender waits."""

    reason = "outbox-busy"


class OutboxClosed(OutboxRefused):
    """The edge is stopping."""

    reason = "edge-stopping"


class OutboxUnusable(EdgeError):
    """An outbox file that this source must not write to; says what differs."""
