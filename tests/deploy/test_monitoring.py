"""Dashboards and alert rules name what exists; units start what exists; metrics name nobody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from dsn_consumers.alarms.facts import (
    CertificateFacts,
    DiskFacts,
    Facts,
    LagFacts,
    SourceFacts,
    Thresholds,
)
from dsn_consumers.alarms.kinds import KINDS
from dsn_consumers.alarms.rules import raised
from dsn_deploy.services import ON_DEMAND, SERVICES
from dsn_deploy.watch.measures import Looked
from dsn_producers import taking
from dsn_producers.limits import Limits
from dsn_producers.measures import OutboxCollector
from dsn_producers.message import mapped
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sources import Source
from dsn_schemas.metrics import PORTS
from dsn_schemas.settings import Settings
from support.establishment import map_words, message_of

DEPLOY = Path(__file__).parents[2] / "deploy"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
#: Given by Prometheus itself, and functions of its language.
_ITS_OWN = {"up"}
_NAME = re.compile(r"\b(dsn_[a-z_]+|up)\b(?!\()")


@pytest.fixture
def outboxes(tmp_path: Path) -> OutboxCollector:
    """An outbox that took a message and refused one."""
    settings = Settings(data=tmp_path / "data", sources=tmp_path / "sources.toml")
    settings.sources.write_text(
        '[[source]]\nname = "chum-adt"\nestablishment = "chum"\nauthority = "CHUM"\n'
    )
    source = Source(name="chum-adt", establishment="chum", authority="CHUM", charset="latin-1")
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    told = (message_of([("TREM70010112", "a", "Élise Tremblay")]), b"MSH|x\rPID|GAGNE\r")
    for data in told:
        message = mapped(
            data, source=source, mapper=map_words, kind="hl7v2", captured_at=1, partitions=4
        )
        taking.take(file, [message], 1_772_000_000_000)
    file.close()
    return OutboxCollector(settings, Limits())


@pytest.fixture
def looked() -> Looked:
    """A look at a system in which everything is wrong."""
    old = NOW - timedelta(days=3)
    facts = Facts(
        now=NOW,
        sources=(
            SourceFacts(
                source="chum-adt",
                last_change_at=old,
                heard_at=old,
                skew_s=90.0,
                unconfirmed=2,
                unconfirmed_since=old,
                gaps=1,
                gap_since=old,
                unexplained=1,
                quarantined=200,
                quarantined_since=old,
            ),
        ),
        disks=(DiskFacts(name="data", used=0.95, free_bytes=1),),
        certificates=(CertificateFacts(name="a.pem", expires_at=old),),
        lags=(LagFacts(reader="store", records=1_000_000),),
        away=("kafka",),
    )
    return Looked(facts, raised(facts, Thresholds()))


def exposed(*collectors: Collector) -> str:
    """What Prometheus reads of these."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry).decode()


def names(*collectors: Collector) -> set[str]:
    """Every name that can be asked for, those of this process included."""
    texts = exposed(*collectors) + generate_latest(REGISTRY).decode()
    families = re.findall(r"^# TYPE (\w+) (\w+)$", texts, re.MULTILINE)
    found = {name for name, _ in families}
    for name, kind in families:
        if kind == "histogram":
            found |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and of the rules, with where it is."""
    board = json.loads((DEPLOY / "grafana" / "dsn.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    rules = (DEPLOY / "prometheus" / "dsn.rules.yml").read_text("utf-8")
    for expression in re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE):
        yield "dsn.rules.yml", expression


def test_dashboard_and_rules_name_metrics_that_exist(
    outboxes: OutboxCollector, looked: Looked
) -> None:
    """A panel of a metric that nobody gives stays empty, and nobody knows why."""
    known = names(outboxes, looked) | _ITS_OWN
    found = [(where, name) for where, text in expressions() for name in _NAME.findall(text)]

    assert {(where, name) for where, name in found if name not in known} == set()
    assert len(found) >= 25


def test_every_rule_links_to_a_runbook() -> None:
    """That exists; where the kind is a label, each kind has one."""
    text = (DEPLOY / "prometheus" / "dsn.rules.yml").read_text("utf-8")
    pages = re.findall(r"^ +runbook: \"?([^\"\n]+)\"?$", text, re.MULTILINE)

    assert len(pages) == text.count("- alert:") >= 8
    for page in pages:
        for kind in KINDS if "{{" in page else [None]:
            name = page if kind is None else page.replace("{{ $labels.kind }}", kind.name)
            assert (DEPLOY.parent / name).is_file(), name


def test_no_metric_says_anything_of_a_person(outboxes: OutboxCollector, looked: Looked) -> None:
    """Names and numbers of the messages that were taken and refused are in no line."""
    text = exposed(outboxes, looked) + generate_latest(REGISTRY).decode()

    assert 'dsn_edge_messages_total{source="chum-adt"} 2.0' in text
    assert 'dsn_edge_rejected_messages_total{source="chum-adt"} 1.0' in text
    for word in ("TREM70010112", "Tremblay", "Élise", "GAGNE", "CHUM|"):
        assert word not in text
    labels = set(re.findall(r'[{,](\w+)="', text))
    allowed = {
        "source", "kind", "level", "reader", "disk", "file", "neighbour", "stage", "consumer", "le",
        "implementation", "major", "minor", "patchlevel", "version", "generation",
    }  # fmt: skip
    assert labels <= allowed


def test_a_look_at_everything_wrong_is_told(looked: Looked) -> None:
    """Alarms by kind and level, and the facts behind them."""
    text = exposed(looked)

    assert 'dsn_alarms{kind="unexplained",level="error"} 1.0' in text
    assert 'dsn_alarms{kind="clock-skew",level="warning"} 1.0' in text
    assert 'dsn_neighbour_away{neighbour="kafka"} 1.0' in text
    assert 'dsn_neighbour_away{neighbour="database"} 0.0' in text
    assert 'dsn_quarantine_open{source="chum-adt"} 200.0' in text
    assert "dsn_looked_timestamp_seconds" in exposed(Looked()), "named before the first look"


def unit(name: str) -> dict[str, list[str]]:
    """Settings of a unit file, each with its values."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_units_run_services_that_exist_without_rights() -> None:
    """One template for every service; it restarts for ever, and writes to its own folder alone."""
    service = unit("dsn@.service")
    services = {*SERVICES, *ON_DEMAND}
    text = (DEPLOY / "systemd" / "dsn@.service").read_text("utf-8")

    assert service["ExecStart"] == ["/opt/dsn/.venv/bin/dsn run %i"]
    assert set(re.findall(r"dsn@([a-z]+)", text)) <= services
    assert services <= PORTS.keys()
    assert service["Restart"] == ["always"] and service["StartLimitIntervalSec"] == ["0"]
    assert service["User"] == ["dsn"] and service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"] and service["CapabilityBoundingSet"] == [""]
    for name in sorted(file.name for file in (DEPLOY / "systemd").glob("dsn*.[st]*")):
        sections = re.findall(
            r"^\[(\w+)\]$", (DEPLOY / "systemd" / name).read_text("utf-8"), re.MULTILINE
        )
        assert sections[0] == "Unit"


def test_the_example_of_settings_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name in it is a setting."""
    from dsn_deploy.check.finding import Verdict
    from dsn_deploy.check.here import settings_findings

    text = (DEPLOY / "systemd" / "dsn.env.example").read_text("utf-8")
    given = dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    found = list(settings_findings(given))
    assert [one for one in found if one.verdict is not Verdict.GOOD] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """What systemd itself says of them, but for programs that are not installed here."""
    for file in (DEPLOY / "systemd").glob("dsn*"):
        text = file.read_text("utf-8").replace("/opt/dsn/.venv/bin/dsn", "/bin/true")
        (tmp_path / file.name).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "dsn@store.service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Unknown" not in said.stderr and "ignoring" not in said.stderr, said.stderr
