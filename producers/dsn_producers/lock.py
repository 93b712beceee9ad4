"""A lock between processes, given back by the kernel when its owner dies."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dsn_producers.errors import EdgeError
from dsn_schemas.file_lock import taken


class Locked(EdgeError):
    """Another process does this already; says which file it holds."""


#: Tries, and seconds between two of them: who only asks holds it for some microseconds.
_TRIES = 10
_PAUSE_S = 0.02


class Lock:
    """Held from here to ``release`` or the end of the process. Raises ``Locked``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES):
            handle = taken(path)
            if handle is not None:
                self._handle = handle
                return
            time.sleep(_PAUSE_S)
        raise Locked(f"{path} is held: another edge forwards this source; stop one")

    def release(self) -> None:
        """Give it back."""
        os.close(self._handle)


def is_held(path: Path) -> bool:
    """Whether a process holds it now."""
    if not path.exists():
        return False
    handle = taken(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def forwarder_lock(outbox: Path) -> Path:
    """The lock of whoever forwards the outbox at this path."""
    return outbox.with_suffix(".forwarder.lock")
