"""Log files of our child processes: they write, we only keep them short.

Each child writes to its own file through a descriptor it inherited, so its words survive a crash
of the supervisor, and the supervisor is never in the way of what a server has to say.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: A log file may grow to this many bytes; one older file of the same size is kept beside it.
LOG_BYTES_MAX = 10 * 1024 * 1024

#: How much of the end of a log is read to show its last lines.
TAIL_BYTES = 64 * 1024


def open_log(path: Path) -> int:
    """A descriptor for a child to write to; O_APPEND, so that `bound` may empty the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bound(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)


def bound(path: Path, bytes_max: int = LOG_BYTES_MAX) -> bool:
    """Set a log that grew too long aside and empty it; True if it was.

    The child keeps its descriptor, so the file is copied and truncated. Lines written between
    the two are lost; asking every server to reopen its log would cost more than they are worth.
    """
    if not path.exists() or path.stat().st_size <= bytes_max:
        return False
    shutil.copyfile(path, path.with_suffix(path.suffix + ".1"))
    os.truncate(path, 0)
    return True


def tail(path: Path, lines: int = 15) -> list[str]:
    """The last lines of a log, oldest first; none if there is no log."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return log.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
