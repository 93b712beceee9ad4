"""What ends a worker; it is started again, and goes on from what is durable.

LaneError            the lane cannot go on
├── BrokenChain      records between two batches never arrived
├── BehindJournal    the input, or the lane's own changelog, is not what was read and written
├── OtherFormat      the changelog was written by a newer version, or one too old
├── Overtaken        another worker opened the lane after us
└── NotDurable       a transaction did not commit
"""

from __future__ import annotations


class LaneError(RuntimeError):
    """The lane cannot go on: the worker stops and is started again."""


class BrokenChain(LaneError):
    """Records between two batches never arrived."""


class BehindJournal(LaneError):
    """What would be read next is gone: deleted before it was read, or its topic was made anew."""


class OtherFormat(LaneError):
    """The changelog was written by a version whose rows this one cannot read (``upgrades.py``)."""


class Overtaken(LaneError):
    """Another worker opened the lane after us."""


class NotDurable(LaneError):
    """A transaction did not commit."""
