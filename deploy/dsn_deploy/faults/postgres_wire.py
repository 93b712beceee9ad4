"""Where in what PostgreSQL answers a commit is reported: the moment a connection must be cut at.

A frontend that never hears it cannot know whether its transaction is in the database. Reads the
backend's half of the protocol, version 3, as bytes come; knows message frames and nothing else.
"""

from __future__ import annotations

#: Answers to a request for encryption are one byte and no message.
_REFUSED_ENCRYPTION = ord("N")
_COMMAND_COMPLETE = ord("C")
_COMMIT = b"COMMIT\x00"


class Backend:
    """One connection's backend half."""

    def __init__(self) -> None:
        self._waiting = b""
        self._began = False

    def commits(self, data: bytes) -> bool:
        """Whether ``data``, which continues what came before, completes the report of a commit.

        Raises ``ValueError`` for bytes that are no message of this protocol.
        """
        found = False
        self._waiting += data
        self._skip_refusals()
        while len(self._waiting) >= 5:
            size = 1 + int.from_bytes(self._waiting[1:5], "big")
            if size < 5:
                raise ValueError(f"a message of {size} bytes")
            if len(self._waiting) < size:
                break
            message, self._waiting = self._waiting[:size], self._waiting[size:]
            found = found or (message[0] == _COMMAND_COMPLETE and message[5:] == _COMMIT)
        return found

    def _skip_refusals(self) -> None:
        while not self._began and self._waiting:
            if self._waiting[0] == _REFUSED_ENCRYPTION:
                self._waiting = self._waiting[1:]
            else:
                self._began = True
