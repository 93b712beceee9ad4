"""Small disks that can be full: a tmpfs for each, where this machine lets us mount one."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

#: A tmpfs gives room by the page.
_PAGE_BYTES = 4096


class NoDisk(RuntimeError):
    """This machine lets us mount nothing: faults of a full disk are left out, and said to be."""


class Disk:
    """A tmpfs at a path, from ``mount`` to ``unmount``."""

    def __init__(self, path: Path, size_mb: int) -> None:
        self.path = path
        self._size_mb = size_mb

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"

    def mount(self) -> None:
        """Raises ``NoDisk``."""
        self.path.mkdir(parents=True, exist_ok=True)
        options = f"size={self._size_mb}m,mode=0755"
        command = ["mount", "-t", "tmpfs", "-o", options, "dsn-faults", str(self.path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoDisk(str(error)) from error
        if done.returncode:
            raise NoDisk(done.stderr.strip())

    def unmount(self) -> None:
        """Let go of it, even while a process that is being ended has a file open."""
        subprocess.run(["umount", "-l", str(self.path)], timeout=20, check=False)

    def fill(self, spare_bytes: int = 0) -> None:
        """Leave no room but ``spare_bytes``. Whoever lives there writes meanwhile, and may be quicker."""
        free = os.statvfs(self.path)
        room = size = free.f_bavail * free.f_frsize - spare_bytes
        taken = 0
        with self._ballast.open("wb") as file:
            while size >= _PAGE_BYTES:
                try:
                    os.posix_fallocate(file.fileno(), taken, size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2
                else:
                    taken += size
                    size = min(size, room - taken)

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)
