"""What travels on ``dsn.replays``: a record of the journal, to be put through the stages again.

The bytes are the journal's own and carry where they lie in it, so that whatever is said about the
change (its place in quarantine above all) is said about the one change there is. Internal, so it is
msgpack by position like the contributions.
"""

from __future__ import annotations

import msgspec


class Replay(msgspec.Struct, array_like=True, frozen=True):
    """One record of the journal."""

    topic: str
    partition: int
    offset: int
    #: Broker time of the original, milliseconds since 1970 UTC.
    timestamp: int
    value: bytes
    #: It is in quarantine: say so when it can be used now.
    retry: bool = False


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Replay).decode
