"""Started by root? PostgreSQL refuses to run as root, so it then runs as `nobody`.

Adding a user to somebody's machine for a demonstration would be rude. `nobody` must be able to
pass through the folders above its own, which a home folder does not allow: those, and only those,
get the right to be passed through (not to be listed), and a line in the log says so.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import structlog

log = structlog.get_logger()

#: Exists on every Linux, owns nothing.
NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom a child process runs as."""

    #: Its user id.
    uid: int
    #: Its only group.
    gid: int

    def give(self, path: Path) -> None:
        """Make it theirs."""
        os.chown(path, self.uid, self.gid)

    def let_pass(self, path: Path) -> None:
        """Let them reach `path` by name through every folder above it."""
        for folder in path.resolve().parents:
            found = folder.stat()
            if found.st_uid != self.uid and not found.st_mode & stat.S_IXOTH:
                log.info("folder_opened_for_passing", folder=str(folder), uid=self.uid)
                folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


class SpawnOptions(TypedDict):
    """How `subprocess` is told."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def unprivileged() -> User | None:
    """The user to run PostgreSQL as; None to run it as ourselves."""
    if os.geteuid() != 0:
        return None
    found = pwd.getpwnam(NOBODY)
    return User(uid=found.pw_uid, gid=found.pw_gid)


def spawn_options(user: User | None) -> SpawnOptions:
    """Their user *and* groups: root's group left over would be refused where others may pass."""
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}
