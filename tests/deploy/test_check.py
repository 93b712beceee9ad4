"""What ``dsn check`` says before a start."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dsn_consumers.alarms.facts import Thresholds
from dsn_consumers.database import migrations
from dsn_deploy.check.finding import Finding, Verdict, exit_code
from dsn_deploy.check.here import (
    certificates_findings,
    disk_findings,
    secrets_findings,
    settings_findings,
    sources_findings,
)
from dsn_deploy.check.neighbours import (
    database_findings,
    kafka_findings,
    migration_finding,
    registry_findings,
    topic_findings,
)
from dsn_deploy.errors import FAILED, OK, UNREACHABLE
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.watch.looking import Watched
from dsn_schemas.settings import Settings
from dsn_schemas.topics import topics

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SOURCE = '[[source]]\nname = "{name}"\nestablishment = "chum"\nauthority = "CHUM"\n'


def bad(findings: Iterable[Finding]) -> list[tuple[Verdict, str, str]]:
    """What is not good: verdict, where, what; each says what to do."""
    found = [one for one in findings if one.verdict is not Verdict.GOOD]
    assert all(one.action for one in found)
    return [(one.verdict, one.where, one.what) for one in found]


def certificate(folder: Path, name: str, ends: datetime) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=365))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    files = (folder / f"{name}.pem", folder / f"{name}.key")
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files[1].chmod(0o600)
    return files


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A machine with one source and nobody to talk to."""
    given = Settings(
        data=tmp_path / "data",
        sources=tmp_path / "sources.toml",
        kafka="127.0.0.1:1",
        registry="http://127.0.0.1:1",
        conninfo="host=127.0.0.1 port=1 dbname=dsn",
    )
    given.sources.write_text(SOURCE.format(name="chum-adt"))
    return given


def test_a_setting_that_is_unknown_or_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name; its value is not repeated."""
    monkeypatch.setenv("DSN_PARTITIONS", "none of these")
    given = {"DSN_KAFKA": "x", "DSN_KAFFKA": "secret-value", "PATH": "/", "DSN_PARTITIONS": "none"}
    found = list(settings_findings(given))

    assert [(verdict, where) for verdict, where, _ in bad(found)] == [
        (Verdict.WRONG, "DSN_KAFFKA"),
        (Verdict.WRONG, "DSN_PARTITIONS"),
    ]
    assert not any("secret-value" in one.what or "none of" in one.what for one in found)


def test_secrets_are_files_that_nobody_else_reads(settings: Settings, tmp_path: Path) -> None:
    """A password in a setting, a file that is not there, and one that is open are wrong."""
    kept = tmp_path / "pgpass"
    kept.write_text("x")
    kept.chmod(0o600)

    def said(conninfo: str) -> list[tuple[Verdict, str, str]]:
        return bad(secrets_findings(settings.model_copy(update={"conninfo": conninfo})))

    assert said(f"host=db passfile={kept}") == []
    assert said("host=db password=x") == [(Verdict.WRONG, "DSN_CONNINFO", "holds a password")]
    assert said("host=db passfile=/no/where") == [(Verdict.WRONG, "/no/where", "is not there")]
    kept.chmod(0o644)
    assert said(f"host=db passfile={kept}") == [(Verdict.WRONG, str(kept), "can be read by others")]


def test_a_sources_file_is_read_as_the_edge_reads_it(settings: Settings) -> None:
    """Two listeners on one port, one without TLS beyond this machine, a key nobody knows."""
    assert bad(sources_findings(settings)) == []
    one, two = (SOURCE.format(name=name) + "mllp_port = 2575\n" for name in ("a-adt", "b-adt"))
    settings.sources.write_text(f'{one}mllp_host = "0.0.0.0"\n{two}mllp_host = "0.0.0.0"\n')
    verdicts = [verdict for verdict, *_ in bad(sources_findings(settings))]
    assert sorted(v.value for v in verdicts) == ["warning", "warning", "wrong"]
    settings.sources.write_text(one + "portt = 1\n")

    ((verdict, _, what),) = bad(sources_findings(settings))
    assert verdict is Verdict.WRONG and "portt" in what


def test_certificates_last_and_fit_their_keys(settings: Settings, tmp_path: Path) -> None:
    """Near its end is a warning; past it, of another key, or no certificate is wrong."""
    good_pem, good_key = certificate(tmp_path, "good", NOW + timedelta(days=100))
    near_pem, _ = certificate(tmp_path, "near", NOW + timedelta(days=5))
    past_pem, _ = certificate(tmp_path, "past", NOW - timedelta(days=5))
    none = tmp_path / "none.pem"
    none.write_text("no certificate")

    def said(pem: Path, key: Path, *further: Path) -> list[tuple[Verdict, str, str]]:
        tls = f'[source.tls]\ncertificate = "{pem}"\nkey = "{key}"\n'
        settings.sources.write_text(SOURCE.format(name="chum-adt") + tls)
        watched = Watched(certificates=further)
        return bad(certificates_findings(settings, Thresholds(), watched, NOW))

    assert said(good_pem, good_key) == []
    found = said(good_pem, good_key, near_pem, past_pem, none)
    assert {(verdict, where) for verdict, where, _ in found} == {
        (Verdict.WARNING, str(near_pem)),
        (Verdict.WRONG, str(past_pem)),
        (Verdict.WRONG, str(none)),
    }
    ((_, where, what),) = said(good_pem, tmp_path / "near.key")
    assert (where, what) == (
        str(tmp_path / "near.key"),
        "certificate and key of chum-adt do not fit",
    )


def test_a_disk_has_room_or_says_so(settings: Settings, tmp_path: Path) -> None:
    """The folder need not exist yet; a named disk must."""
    lax, strict = (Thresholds(disk_used=d, disk_used_error=d) for d in (1.0, 1e-9))
    assert bad(disk_findings(settings, lax, Watched())) == []
    found = bad(disk_findings(settings, strict, Watched(disks=(tmp_path / "absent",))))

    assert [verdict for verdict, *_ in found] == [Verdict.WRONG, Verdict.WRONG]
    assert found[0][1] == str(tmp_path / "absent")


def test_neighbours_that_do_not_answer_are_unreachable(settings: Settings) -> None:
    """Each by its address or setting; nothing of a secret is said."""
    found = [
        *kafka_findings(settings),
        *registry_findings(settings),
        *database_findings(settings),
    ]

    assert [(one.part, one.verdict) for one in found] == [
        (part, Verdict.UNREACHABLE) for part in ("kafka", "registry", "database")
    ]
    assert exit_code(found) == UNREACHABLE


def test_topics_are_held_against_what_is_declared() -> None:
    """Missing and other partitions are wrong, other settings a warning."""
    declared = topics(Settings(partitions=4), ["chum"])
    partitions = {topic.name: topic.partitions for topic in declared}
    configs = {topic.name: dict(topic.config) for topic in declared}
    assert bad(topic_findings(declared, partitions, configs)) == []
    first, second, third = (topic.name for topic in declared[:3])
    del partitions[first]
    partitions[second] = 5
    configs[third]["retention.ms"] = "1"

    assert bad(topic_findings(declared, partitions, configs)) == [
        (Verdict.WRONG, first, "is not there"),
        (Verdict.WRONG, second, "has 5 partitions, 4 are declared"),
        (Verdict.WARNING, third, "other retention.ms than declared"),
    ]


def test_tables_of_another_version_are_not_started_on() -> None:
    """Older ones are brought up; newer ones are refused."""
    known = {migration.name: migration.digest for migration in migrations()}
    assert migration_finding(known, "db").verdict is Verdict.GOOD
    assert migration_finding({}, "db").verdict is Verdict.WARNING
    newer = migration_finding({**known, "9999_pre_later": "x"}, "db")

    assert newer.verdict is Verdict.WRONG and "9999_pre_later" in newer.what


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.GOOD, Verdict.WARNING], OK),
        ([Verdict.UNREACHABLE, Verdict.GOOD], UNREACHABLE),
        ([Verdict.UNREACHABLE, Verdict.WRONG], FAILED),
    ],
)
def test_what_a_script_learns(verdicts: list[Verdict], code: int) -> None:
    """Wrong before unreachable: it will not mend itself."""
    found = [Finding(part="x", verdict=verdict, what="y") for verdict in verdicts]

    assert exit_code(found) == code


def test_a_stack_that_is_well_is_well(stack: EmbeddedStack, tmp_path: Path) -> None:
    """Against real servers: reachable, of a version that will do."""
    settings = stack.settings.model_copy(update={"sources": tmp_path / "sources.toml"})
    settings.sources.write_text(SOURCE.format(name="check-adt"))
    found = [
        *kafka_findings(settings),
        *registry_findings(settings),
        *database_findings(settings),
    ]

    assert not [one for one in found if one.verdict is Verdict.UNREACHABLE]
    assert any(one.part == "kafka" and one.verdict is Verdict.GOOD for one in found)
    assert any(one.part == "registry" and one.verdict is Verdict.GOOD for one in found)
    assert any(one.part == "database" and "version" in one.what for one in found)
    assert not [
        one for one in found if one.verdict is Verdict.WRONG and one.part not in ("topics",)
    ]


def test_the_command_says_it_in_one_object(tmp_path: Path) -> None:
    """The last line; the exit code is in it."""
    import os
    import sys

    said = subprocess.run(
        [sys.executable, "-m", "dsn_deploy", "check", "--only", "settings", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "DSN_DATA": str(tmp_path), "DSN_NO_SUCH": "1"},
    )
    found = json.loads(said.stdout.splitlines()[-1])

    assert said.returncode == found["exit"] == FAILED
    assert [one["where"] for one in found["findings"]] == ["DSN_NO_SUCH"]
