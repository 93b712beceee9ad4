"""The Java programs of the stack: fetched once from their Maven coordinates, then kept and checked.

`jars.lock` pins every file with its size and SHA-256, so what runs is what was tried, whichever
repository or mirror it came from. `jgo` does the fetching (and, in `jars_lock`, the resolving).
Every use checks every byte: a disk that lost some of them is noticed here, not in a stack trace.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from dsn_deploy.errors import Damaged, Unavailable

#: Of its own: whoever shares the process may count on the global one being left alone.
_CHANCE = random.Random()

#: Downloads at a time: enough to hide the latency of 45 small files, few enough to be polite.
PARALLEL = 6

#: A download is tried this often, with 1, 2, 4 s between; then a person must look.
ATTEMPTS = 4

#: A silent connection is given up after this many seconds.
SILENCE_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file of one program, pinned."""

    #: The program that needs it: `kafka` or `registry`.
    program: str
    #: Maven coordinates, group:artifact:type:classifier:version (classifier may be empty).
    coordinates: str
    #: Its size in bytes.
    size: int
    #: Its SHA-256, in hexadecimal.
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it."""
        group, name, kind, classifier, version = self.coordinates.split(":")
        suffix = f"-{classifier}" if classifier else ""
        return Path(*group.split("."), name, version, f"{name}-{version}{suffix}.{kind}")

    def is_at(self, path: Path) -> bool:
        """Is this very file there? Size first: it is free and finds most damage."""
        try:
            return path.stat().st_size == self.size and sha256(path) == self.sha256
        except OSError:
            return False


class Progress(Protocol):
    """Is told how a long fetch goes."""

    def start(self, what: str, bytes_total: int) -> None: ...
    def advance(self, amount: int) -> None: ...


#: Puts one file at its place in a repository folder and says how many bytes came.
Download = Callable[[Artifact, Path, Callable[[int], None]], None]


class Silence:
    """A progress nobody looks at."""

    def start(self, what: str, bytes_total: int) -> None: ...
    def advance(self, amount: int) -> None: ...


def lock() -> list[Artifact]:
    """Every pinned file."""
    text = files("dsn_deploy.stack").joinpath("jars.lock").read_text()
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [
        Artifact(program=program, coordinates=coordinates, size=int(size), sha256=digest)
        for program, coordinates, size, digest in lines
    ]


def cache_folder() -> Path:
    """The per-user cache; `DSN_CACHE` moves it."""
    chosen = os.environ.get("DSN_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "dsn-sync"


class JarCache:
    """The pinned files on this machine's disk."""

    def __init__(
        self,
        folder: Path | None = None,
        download: Download | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        #: Where everything is kept.
        self.folder = (folder or cache_folder()).absolute()
        self._repository = self.folder / "maven"
        self._fetch = download or download_with_jgo
        self._sleep = sleep

    def fetch(self, artifacts: Sequence[Artifact], progress: Progress | None = None) -> list[Path]:
        """Paths of these files, all present and intact; the missing and the damaged are fetched."""
        progress = progress or Silence()
        with self.exclusive(), ThreadPoolExecutor(PARALLEL) as pool:
            paths = [self._repository / artifact.path for artifact in artifacts]
            intact = list(pool.map(Artifact.is_at, artifacts, paths))
            wanted = [a for a, good in zip(artifacts, intact, strict=True) if not good]
            if wanted:
                progress.start(f"{wanted[0].program} (once)", sum(a.size for a in wanted))
                list(pool.map(lambda artifact: self._download(artifact, progress), wanted))
        return paths

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One process at a time fills the cache; the kernel frees the lock of a dead one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _download(self, artifact: Artifact, progress: Progress) -> None:
        path = self._repository / artifact.path
        for attempt in range(ATTEMPTS):
            path.unlink(missing_ok=True)  # half a file of an earlier attempt, or a damaged one
            try:
                self._fetch(artifact, self._repository, progress.advance)
                break
            except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
                if attempt == ATTEMPTS - 1:
                    raise Unavailable(_advice(artifact, error)) from error
                self._sleep(2**attempt * _CHANCE.uniform(0.5, 1.0))
        if not artifact.is_at(path):
            found, size = sha256(path), path.stat().st_size
            path.unlink()
            raise Damaged(
                f"{artifact.coordinates} is not the pinned file: expected {artifact.sha256} "
                f"({artifact.size} bytes), got {found} ({size} bytes). Is a proxy changing "
                "downloads, or a mirror out of date?"
            )


def sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _advice(artifact: Artifact, error: Exception) -> str:
    return (
        f"could not download {artifact.coordinates} ({error}). The first start needs the network; "
        "behind a proxy or with a mirror of your own, name it in [repositories] of "
        "~/.config/jgo.conf. Then run the same command again: what arrived is kept."
    )


def download_with_jgo(artifact: Artifact, repository: Path, advance: Callable[[int], None]) -> None:
    """Let jgo download one file to its place in `repository`."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def report(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    mirrors = GlobalSettings.load().repositories
    context = MavenContext(
        resolver=PythonResolver(progress_callback=report),
        repo_cache=repository,
        local_repos=[],
        remote_repos={**mirrors, "central": MAVEN_CENTRAL_URL},
        timeout=SILENCE_S,
    )
    group, name, kind, classifier, version = artifact.coordinates.split(":")
    context.project(group, name).at_version(version).artifact(classifier, kind).resolve()
