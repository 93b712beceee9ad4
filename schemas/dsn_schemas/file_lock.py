"""A lock on a file, between processes; the kernel gives it back when its owner dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def taken(path: Path) -> int | None:
    """The open file, locked until it is closed; ``None`` while another process has the lock.

    Made if it is not there, for its owner only; its folder exists.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
