"""Which facts are alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dsn_consumers.alarms import kinds
from dsn_consumers.alarms.facts import (
    CertificateFacts,
    DiskFacts,
    Facts,
    LagFacts,
    SourceFacts,
    Thresholds,
)
from dsn_consumers.alarms.rules import Level, raised

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
LIMITS = Thresholds()
WELL = SourceFacts(
    source="chum-adt",
    last_change_at=NOW - timedelta(minutes=2),
    heard_at=NOW - timedelta(seconds=3),
    skew_s=-2.0,
    volume=900,
    volumes_before=(1000, 1100, 900, 1000, 950),
    unconfirmed=3,
    unconfirmed_since=NOW - timedelta(seconds=9),
    outbox_bytes=10,
    outbox_bytes_max=1000,
    disk_free_bytes=1000,
    disk_free_bytes_min=100,
    unexplained=0,
)


def ago(**words: float) -> datetime:
    return NOW - timedelta(**words)


def said(facts: Facts) -> list[tuple[str, Level]]:
    return [(alarm.kind.name, alarm.level) for alarm in raised(facts, LIMITS)]


def test_a_system_that_is_well_raises_nothing() -> None:
    """A disk of half, a certificate of a year, a few records to read, a source that speaks."""
    facts = Facts(
        now=NOW,
        sources=(WELL,),
        disks=(DiskFacts(name="data", used=0.5, free_bytes=1),),
        certificates=(CertificateFacts(name="a.pem", expires_at=NOW + timedelta(days=365)),),
        lags=(LagFacts(reader="store", records=12),),
    )

    assert raised(facts, LIMITS) == []


@pytest.mark.parametrize(
    ("change", "kind", "level"),
    [
        ({"last_change_at": ago(hours=13)}, "source-silent", Level.WARNING),
        ({"heard_at": ago(minutes=6)}, "source-silent", Level.ERROR),
        ({"volume": 100}, "volume-low", Level.WARNING),
        ({"skew_s": 61.0}, "clock-skew", Level.WARNING),
        ({"skew_s": -3600.0}, "clock-skew", Level.WARNING),
        ({"outbox_bytes": 700}, "outbox-full", Level.WARNING),
        ({"outbox_bytes": 900}, "outbox-full", Level.ERROR),
        ({"disk_free_bytes": 150}, "outbox-full", Level.ERROR),
        ({"unconfirmed_since": ago(minutes=11)}, "receipts-late", Level.WARNING),
        ({"unconfirmed_since": ago(hours=5)}, "outbox-old", Level.ERROR),
        ({"gaps": 2, "gap_since": ago(minutes=6)}, "gaps", Level.ERROR),
        ({"unexplained": 1}, "unexplained", Level.ERROR),
        ({"unexplained": -1}, "unexplained", Level.ERROR),
        ({"quarantined": 1, "quarantined_since": ago(hours=25)}, "quarantine", Level.WARNING),
        ({"quarantined": 100, "quarantined_since": ago(hours=1)}, "quarantine", Level.ERROR),
        ({"retrying_since": ago(minutes=20)}, "quarantine", Level.WARNING),
    ],
)
def test_each_thing_wrong_with_a_source_is_one_alarm(
    change: dict[str, object], kind: str, level: Level
) -> None:
    """And it names the source, in both languages."""
    facts = Facts(now=NOW, sources=(replace(WELL, **change),))  # type: ignore[arg-type] # by name

    assert said(facts) == [(kind, level)]
    (alarm,) = raised(facts, LIMITS)
    assert alarm.subject == "chum-adt"
    assert alarm.measure.fr and alarm.measure.en


@pytest.mark.parametrize(
    "change",
    [
        {"volume": 100, "volumes_before": (1000,) * 4},  # nothing is usual yet
        {"volume": 1, "volumes_before": (40,) * 9},  # a small clinic
        {"volume": None},
        {"skew_s": None},
        {"quarantined": 1, "quarantined_since": ago(hours=1)},
        {"gaps": 1, "gap_since": ago(seconds=30)},  # its outbox is being asked
        {"heard_at": None, "last_change_at": None},
        {"unexplained": None},
    ],
)
def test_what_is_not_known_or_not_yet_wrong_is_no_alarm(change: dict[str, object]) -> None:
    """A wrong alarm costs trust in the right ones."""
    facts = Facts(now=NOW, sources=(replace(WELL, **change),))  # type: ignore[arg-type] # by name

    assert raised(facts, LIMITS) == []


def test_neighbours_readers_disks_and_certificates() -> None:
    """The worst first, each under its own kind."""
    facts = Facts(
        now=NOW,
        disks=(
            DiskFacts(name="data", used=0.75, free_bytes=1 << 30),
            DiskFacts(name="pg", used=0.95, free_bytes=1),
        ),
        certificates=(
            CertificateFacts(name="old.pem", expires_at=ago(days=1)),
            CertificateFacts(name="soon.pem", expires_at=NOW + timedelta(days=10)),
        ),
        lags=(
            LagFacts(reader="audit", records=20_000),
            LagFacts(reader="identity", records=20_001),
            LagFacts(reader="store", records=600_000),
            LagFacts(reader="streams", records=19_999),
        ),
        away=("kafka", "registry", "database"),
        down=("web",),
    )

    assert [(alarm.kind.name, alarm.subject, alarm.level) for alarm in raised(facts, LIMITS)] == [
        ("disk-full", "pg", Level.ERROR),
        ("certificate-expiring", "old.pem", Level.ERROR),
        ("store-behind", "store", Level.ERROR),
        ("kafka-down", "kafka", Level.ERROR),
        ("database-down", "database", Level.ERROR),
        ("service-down", "web", Level.ERROR),
        ("disk-full", "data", Level.WARNING),
        ("certificate-expiring", "soon.pem", Level.WARNING),
        ("identity-behind", "identity", Level.WARNING),
        ("audit-behind", "audit", Level.WARNING),
        ("registry-down", "registry", Level.WARNING),
    ]


def test_thresholds_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clinic that is closed on Sundays says so."""
    facts = Facts(now=NOW, sources=(replace(WELL, last_change_at=ago(hours=30)),))
    assert said(facts) == [("source-silent", Level.WARNING)]
    monkeypatch.setenv("DSN_ALARM_SILENT_S", str(72 * 3600))

    assert raised(facts, Thresholds()) == []


def test_every_kind_says_what_it_means_in_two_languages() -> None:
    """Consequence and next step, and no two of one name."""
    assert len({kind.name for kind in kinds.KINDS}) == len(kinds.KINDS)
    for kind in kinds.KINDS:
        for words in (kind.title, kind.consequence, kind.next_step):
            assert words.fr.strip() and words.en.strip() and words.fr != words.en
