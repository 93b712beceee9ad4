"""What can go wrong with the embedded servers, and the answer chosen for each.

StackError
├── Unavailable       try again: a jar could not be downloaded
├── Damaged           stop: a download is not what the lock file says
├── NotReady          stop: a server died or missed its deadline; carries its last log lines
└── Busy              stop: another process of ours already owns this data folder
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class StackError(Exception):
    """The embedded servers cannot do what was asked."""


class Unavailable(StackError):
    """A file that only the network has could not be fetched."""


class Damaged(StackError):
    """A file is not the one that was pinned."""


class Busy(StackError):
    """The data folder is in use by another process of ours."""


class NotReady(StackError):
    """A server did not become ready; its last words are in the message."""

    def __init__(self, server: str, why: str, log: Path, lines: Sequence[str]) -> None:
        said = "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"
        super().__init__(f"{server} {why}; the end of {log}:\n{said}")
        #: Name of the server that failed.
        self.server = server
        #: The last lines of its log, oldest first.
        self.lines = tuple(lines)
