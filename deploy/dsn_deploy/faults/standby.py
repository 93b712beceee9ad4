"""A standby of the run's database: a copy of the primary that follows it until it is promoted."""

from __future__ import annotations

import shutil
from pathlib import Path

from dsn_deploy.child import Recorder
from dsn_deploy.faults.proxy import Link
from dsn_deploy.stack.postgres import SUPERUSER, Postgres, program

#: Copying a database of some MB takes seconds on a busy machine.
COPY_S = 120.0


class Standby(Postgres):
    """Starts as a copy of the server it is to follow, and follows it over a link that may be cut."""

    def __init__(
        self, *, folder: Path, log: Path, port: int, primary: Postgres, over: Link, record: Recorder
    ) -> None:
        super().__init__(folder=folder, log=log, port=port, record=record)
        self.name = folder.name
        self._primary = primary
        self._over = over

    def _create(self) -> None:
        """Copy the primary, and say whom to follow; the passwords are the primary's."""
        shutil.copy(self._primary.passfile, self.passfile)
        self.data.mkdir(mode=0o700)
        # A copy of its own, for a server that runs as somebody else.
        secret = self._folder / "primary.passfile"
        shutil.copy(self._primary.passfile, secret)
        secret.chmod(0o600)
        user = self.user()
        if user is not None:
            user.give(self.data)
            user.give(secret)
            user.let_pass(secret)
        primary = f"host=127.0.0.1 port={self._over.port} user={SUPERUSER} passfile={secret}"
        command = [str(program("pg_basebackup")), "-D", str(self.data), "-d", primary]
        command += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"]
        self._run_once(command, "copy the primary", COPY_S)
