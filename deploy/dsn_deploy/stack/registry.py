"""Apicurio Registry: the schema registry, speaking Confluent's API, with a small file of its own.

It keeps its schemas in an H2 file and not in Kafka or PostgreSQL, so that each of the three can
be down without the others. Every answer is on disk before it is given (WRITE_DELAY=0): a schema
id that was handed out is in journal records for ever, and must mean the same after a power cut.
"""

from __future__ import annotations

import http.client
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dsn_deploy.child import Recorder
from dsn_deploy.stack import java
from dsn_deploy.stack.jars import JarCache, Progress, lock, sha256
from dsn_deploy.stack.server import Server

#: Path of the API that Confluent's clients speak.
API = "/apis/ccompat/v7"


class Registry(Server):
    """A schema registry on loopback."""

    def __init__(
        self,
        *,
        folder: Path,
        log: Path,
        program: Path,
        port: int,
        management_port: int,
        record: Recorder | None = None,
    ) -> None:
        super().__init__("registry", log=log, record=record)
        self._folder = folder
        self._program = program
        self._port = port
        self._management_port = management_port

    @property
    def url(self) -> str:
        """Base address for Confluent's clients."""
        return f"http://127.0.0.1:{self._port}{API}"

    def command(self) -> Sequence[str]:
        # It works in bursts of milliseconds: the quick compiler alone starts it in half the time.
        flags = ["-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        options = [f"-D{name}={value}" for name, value in self.properties().items()]
        return java.java(*flags, *options, "-jar", str(self._program / "quarkus-run.jar"))

    def environment(self) -> Mapping[str, str]:
        return java.environment()

    def prepare(self) -> None:
        self._temporary.mkdir(parents=True, exist_ok=True)

    def probe(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2.0)
        try:
            connection.request("GET", f"{API}/subjects")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def properties(self) -> dict[str, object]:
        """Its settings. The management pages cannot be turned off, and default to all addresses."""
        database = self._folder / "registry"
        return {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self._port,
            "quarkus.management.host": "127.0.0.1",
            "quarkus.management.port": self._management_port,
            "quarkus.http.access-log.enabled": "false",
            'quarkus.log.category."io.quarkus.config".level': "ERROR",
            "quarkus.log.console.format": "%d{yyyy-MM-dd HH:mm:ss,SSS} %p [%c{1}] %m%e%n",
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{database};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": 2,
            "apicurio.datasource.jdbc.min-size": 2,
            "apicurio.datasource.jdbc.max-size": 16,
            "apicurio.storage.snapshot.location": self._temporary,
            "apicurio.import.work-dir": self._temporary,
            "java.io.tmpdir": self._temporary,
        }

    @property
    def _temporary(self) -> Path:
        return self._folder / "tmp"


def unpacked(cache: JarCache, progress: Progress | None = None) -> Path:
    """The registry's program folder, intact: unpacked from its archive, and again if damaged."""
    (artifact,) = [one for one in lock() if one.program == "registry"]
    folder = cache.folder / f"registry-{artifact.sha256[:16]}"
    if _intact(folder):
        return folder
    (archive,) = cache.fetch([artifact], progress)
    with cache.exclusive():
        if not _intact(folder):
            _unpack(archive, folder)
    archive.unlink(missing_ok=True)  # 160 MB that only a damaged folder would need again
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack beside the place, list what came out, and only then take the place."""
    new = folder.with_suffix(".new")
    for old in (new, folder):
        shutil.rmtree(old, ignore_errors=True)
    with tarfile.open(archive) as content:
        # Python before 3.11.4 has no filters; the archive is a pinned one, so it may do without.
        content.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        content.extractall(new)
    paths = sorted(path for path in new.rglob("*") if path.is_file())
    listing = {str(path.relative_to(new)): sha256(path) for path in paths}
    (new / "listing.json").write_text(json.dumps(listing))
    new.rename(folder)


def _intact(folder: Path) -> bool:
    try:
        listing: dict[str, str] = json.loads((folder / "listing.json").read_text())
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(sha256, (folder / name for name in listing))
            return list(found) == list(listing.values())
    except (OSError, ValueError):
        return False
