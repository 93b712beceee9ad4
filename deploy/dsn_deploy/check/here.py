"""What can be checked on this machine alone: settings, secrets, sources, certificates, disks."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from pydantic_settings import BaseSettings

from dsn_consumers.alarms.facts import Thresholds
from dsn_deploy.check.finding import Finding, good, warning, wrong
from dsn_deploy.watch.certificates import certificates, files
from dsn_deploy.watch.looking import Watched, disks
from dsn_producers import sources
from dsn_producers.limits import Limits
from dsn_schemas.settings import Settings

#: Everything that is set by the environment.
MODELS: tuple[type[BaseSettings], ...] = (Settings, Limits, Thresholds, Watched)
#: Read outside of the models.
OTHERS = frozenset(("DSN_LOG_LEVEL", "DSN_CACHE", "DSN_BENCH_PROFILE", "DSN_FAULTS_SKEW_MS"))


def settings_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Each setting is one we know and holds a value it can hold; values are never repeated here."""
    known = {
        f"{model.model_config.get('env_prefix', '')}{name}".upper()
        for model in MODELS
        for name in model.model_fields
    }
    unknown = sorted(n for n in environment if n.startswith("DSN_") and n not in known | OTHERS)
    for name in unknown:
        yield wrong("settings", "no setting of this name", name, "correct the name, or remove it")
    for model in MODELS:
        try:
            model()
        except ValueError as error:
            for one in getattr(error, "errors", list)():
                name = f"{model.model_config.get('env_prefix', '')}{'.'.join(map(str, one['loc']))}"
                yield wrong(
                    "settings", str(one["msg"]), name.upper(), "give it a value it can hold"
                )
    if not unknown:
        yield good("settings", f"{sum(n in environment for n in known)} set, all known")


def secrets_findings(settings: Settings) -> Iterator[Finding]:
    """No password in a setting; files with secrets are there and nobody else reads them."""
    try:
        parts = psycopg.conninfo.conninfo_to_dict(settings.conninfo)
    except psycopg.ProgrammingError:
        yield wrong("secrets", "no connection string", "DSN_CONNINFO", "write it as libpq does")
        return
    if parts.get("password"):
        action = "put it in a file that passfile= names, readable by the service alone"
        yield wrong("secrets", "holds a password", "DSN_CONNINFO", action)
    found = [Path(str(parts["passfile"]))] if parts.get("passfile") else []
    known = sources.readable(settings.sources)
    found += [source.tls.key for source in known if source.tls is not None]
    for path in dict.fromkeys(found):
        yield _secret(path)
    if not found:
        yield good("secrets", "no secret file is named")


def _secret(path: Path) -> Finding:
    try:
        mode = path.stat().st_mode
    except OSError:
        return wrong("secrets", "is not there", str(path), "put it there, or correct its name")
    if not os.access(path, os.R_OK):
        return wrong("secrets", "cannot be read", str(path), "give it to the user of the service")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return wrong("secrets", "can be read by others", str(path), f"chmod 600 {path}")
    return good("secrets", "is there, and nobody else's", str(path))


def sources_findings(settings: Settings) -> Iterator[Finding]:
    """The sources file can be read, and no two sources listen on one port."""
    where = str(settings.sources)
    try:
        known = sources.load(settings.sources)
    except sources.SourcesError as error:
        action = "correct it; deploy/dsn_deploy/demo/sources.toml is an example"
        yield wrong("sources", str(error), where, action)
        return
    listening: dict[tuple[str, int], str] = {}
    for source in known:
        if not source.mllp_port:
            continue
        place = (source.mllp_host, source.mllp_port)
        if place in listening:
            what = f"{listening[place]} and {source.name} listen on one port"
            yield wrong("sources", what, where, "give one of them another mllp_port")
        listening[place] = source.name
        if source.tls is None and source.mllp_host not in ("127.0.0.1", "::1", "localhost"):
            what = f"{source.name} listens beyond this machine without TLS"
            yield warning("sources", what, where, "give it a tls table")
    yield good("sources", f"{len(known)} sources", where)


def certificates_findings(
    settings: Settings, limits: Thresholds, watched: Watched, now: datetime | None = None
) -> Iterator[Finding]:
    """Each certificate is there, is one, fits its key, and lasts."""
    now = now or datetime.now(UTC)
    found = {one.name: one for one in certificates(settings, watched.certificates)}
    for path in files(settings, watched.certificates):
        one = found.get(str(path))
        if one is None:
            what = "holds no certificate that can be read"
            yield wrong("certificates", what, str(path), "put a PEM file there")
            continue
        days = (one.expires_at - now).total_seconds() / 86_400
        if days <= 0:
            yield wrong("certificates", "has expired", str(path), "have it signed again")
        elif days <= limits.certificate_days:
            what = f"expires in {days:.0f} days"
            yield warning("certificates", what, str(path), "have it signed again")
        else:
            yield good("certificates", f"good for {days:.0f} days", str(path))
    yield from _pairs(settings)


def _pairs(settings: Settings) -> Iterator[Finding]:
    for source in sources.readable(settings.sources):
        if source.tls is None or not source.tls.key.exists():
            continue
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(source.tls.certificate, source.tls.key)
        except (OSError, ssl.SSLError):
            what = f"certificate and key of {source.name} do not fit"
            yield wrong("certificates", what, str(source.tls.key), "put the key it was made with")


def disk_findings(settings: Settings, limits: Thresholds, watched: Watched) -> Iterator[Finding]:
    """There is a folder to write to, and room."""
    folder = settings.data.absolute()
    parent = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if not os.access(parent, os.W_OK):
        yield wrong(
            "disk", "cannot be written", str(folder), "set DSN_DATA, or give it to the user"
        )
    for named in watched.disks:
        if not named.exists():
            yield wrong("disk", "is not there", str(named), "correct DSN_WATCH_DISKS")
    for one in disks(settings.model_copy(update={"data": parent}), watched):
        free = f"{one.used:.0%} full, {one.free_bytes / (1 << 30):.1f} GiB free"
        if one.used >= limits.disk_used_error:
            yield wrong("disk", free, one.name, "free or enlarge the disk")
        elif one.used >= limits.disk_used:
            yield warning("disk", free, one.name, "free or enlarge the disk")
        else:
            yield good("disk", free, one.name)
