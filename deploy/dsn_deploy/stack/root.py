"""Started by root? PostgreSQL refuses to run as root, so it then runs as `nobody`.

Adding a user to somebody's machine for a demonstration would be rude. `nobody` must be able to
pass through the folders above its own, which a home folder does not allow: those, and only those,
get the right to be passed through (not to be listed), and a line on the log says so.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import structlog

log = structlog.get_logger()

#: Exists on every Linux, owns nothing.
USER = "nobody"


def unprivileged_user() -> int | None:
    """The user id to run PostgreSQL as; None to run it as ourselves."""
    return pwd.getpwnam(USER).pw_uid if os.geteuid() == 0 else None


def give(path: Path, user: int) -> None:
    """Make it theirs."""
    os.chown(path, user, pwd.getpwuid(user).pw_gid)


def let_pass(path: Path, user: int) -> None:
    """Let `user` reach `path` by name through every folder above it."""
    for folder in path.resolve().parents:
        mode = folder.stat()
        if mode.st_uid != user and not mode.st_mode & stat.S_IXOTH:
            log.info("folder_opened_for_passing", folder=str(folder), user=USER)
            folder.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
