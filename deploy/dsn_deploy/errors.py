"""What can go wrong for the person at the terminal, and the answer chosen for each.

CommandError          exit code 1: found something wrong, or could not do it
├── Unreachable       exit code 3, try again: what it needs does not answer
└── StackError        the embedded servers cannot do what was asked
    ├── Unavailable   try again: a file that only the network has could not be fetched
    ├── Damaged       stop: a download is not what the lock file says
    ├── NotReady      stop: a server died or missed its deadline; carries its last log lines
    └── Busy          stop: another process of ours already owns this data folder

Usage errors (exit code 2) are typer's own. Anything else is a bug of ours and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

OK = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3
#: Ended by Ctrl-C, as a shell reports it.
INTERRUPTED = 130


class CommandError(Exception):
    """A message for the person who typed the command, and an exit code for scripts."""

    code: ClassVar[int] = FAILED


class Unreachable(CommandError):
    """A server does not answer."""

    code: ClassVar[int] = UNREACHABLE


class StackError(CommandError):
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
