"""What can go wrong at the establishment, and the answer to each.

EdgeError
├── OutboxRefused      try again: nothing was kept, the sender is told so and keeps the message
│   ├── OutboxFull     the quota or the disk is used up
│   ├── OutboxBusy     another process held the outbox too long
│   └── OutboxClosed   the edge is stopping
├── SendFailed         try again: the journal did not confirm; everything unconfirmed goes again
│   └── JournalLost    send everything that is held again: the journal is another, or went back
├── Removed            ask for less: what is asked for again is at the centre only
├── Restored           begin a new epoch: the centre knows numbers this outbox never gave
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


class SendFailed(EdgeError):
    """The journal did not confirm a record: nothing is known of it, so it is sent again."""


class JournalLost(SendFailed):
    """The journal no longer has what it confirmed."""


class Restored(EdgeError):
    """The centre knows numbers that this outbox never gave."""

    def __init__(self, epoch: int, seq: int) -> None:
        super().__init__(f"the centre knows number {seq} of epoch {epoch}, which is not ours")
        #: Greatest epoch the centre knows.
        self.epoch = epoch


class Removed(EdgeError):
    """What is asked for again was confirmed and removed: only the centre has it."""


class OutboxUnusable(EdgeError):
    """An outbox file that this source must not write to; says what differs."""
