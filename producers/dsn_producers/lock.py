"""A lock between processes, given back by the kernel when its owner dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dsn_producers.errors import EdgeError


class Locked(EdgeError):
    """Another process does this already; says which file it holds."""


class Lock:
    """Held from here to ``release`` or the end of the process. Raises ``Locked``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise Locked(f"{path} is held: another edge forwards this source; stop one") from None

    def release(self) -> None:
        """Give it back."""
        os.close(self._handle)
