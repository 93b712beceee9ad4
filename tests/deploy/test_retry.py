"""Where each thing in quarantine is tried again, and what a dry run says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsn_consumers.quarantine.desk import Place, Quarantined
from dsn_deploy.retry import Outcome, Retry
from dsn_producers import taking
from dsn_producers.message import mapped
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sources import load
from dsn_schemas.settings import Settings
from support.changes import ALERT
from support.establishment import map_words
from support.world import World

CODEC = World(seed=1, partitions=1).codec
CHANGE = replace(ALERT, source="lab", seq=4, previous=3)
#: What the HL7 mapper refuses, and takes once MSH-18 is believed.
MESSAGE = (
    "MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301101500||ADT^A08^ADT_A01|7|P|2.5\r"
    "EVN|A08|20260301101500\rPID|1||7^^^CHUM^MR||GAGNÉ^ANNE||19700101|F\rPV1|1|I\r"
).encode("latin-1")


def row(
    offset: int, stage: str, reason: str, *, source: str = "lab", item: str = ""
) -> Quarantined:
    return Quarantined(
        topic="dsn.changes.chum",
        partition=0,
        offset=offset,
        source=source,
        epoch=1,
        seq=4 if reason != "unreadable-record" else 0,
        stage=stage,
        reason=reason,
        detail="",
        item=item,
        captured_at=datetime(2026, 3, 1, tzinfo=UTC),
        state="open",
        owner="",
        retries=0,
        acted_by=None,
        acted_why=None,
        acted_at=None,
        size_bytes=1,
    )


class Desk:
    """Notes what it is told and holds the bytes."""

    def __init__(self, payloads: dict[int, bytes]) -> None:
        self.payloads = payloads
        self.begun: list[int] = []
        self.asked: list[tuple[str, list[str]]] = []

    def run(self, settings: Settings, rows: Sequence[Quarantined], dry_run: bool) -> list[Outcome]:
        def begun(places: Sequence[Place]) -> None:
            self.begun += [place.offset for place in places]

        def ask(source: str, items: Sequence[str]) -> None:
            self.asked.append((source, list(items)))

        retry = Retry(
            settings,
            CODEC,
            dry_run=dry_run,
            rate=100_000,
            payload=lambda place: self.payloads[place.offset],
            begun=begun,
            ask=ask,
        )
        return list(retry.run(rows))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A machine that knows one source, whose outbox is elsewhere."""
    found = Settings(data=tmp_path / "data", sources=tmp_path / "sources.toml")
    found.sources.write_text(
        '[[source]]\nname = "chum-adt"\nestablishment = "chum"\nauthority = "CHUM"\n'
        'charset = "latin-1"\n'
    )
    return found


def test_a_dry_run_says_what_would_pass_and_why_the_rest_would_not(settings: Settings) -> None:
    """By the rules of admit and the mappers of this version; nothing is noted and nobody asked."""
    wrong = replace(CHANGE, content=None)
    desk = Desk({1: CODEC.encode(CHANGE), 2: CODEC.encode(wrong), 3: b"\x01", 6: MESSAGE, 7: b""})
    rows = [
        row(1, "admit", "unknown-section"),
        row(2, "admit", "content-mismatch"),
        row(3, "admit", "unknown-section"),
        row(4, "audit", "number-conflict"),
        row(5, "admit", "unreadable-record"),
        row(6, "edge", "wrong-charset", source="chum-adt", item="f00d"),
        row(7, "edge", "mapper-failed", source="gone-adt", item="f00e"),
        row(8, "edge", "no-patient"),
    ]
    said = {one.place.rpartition(":")[2]: one for one in desk.run(settings, rows, dry_run=True)}

    assert [(place, said[place].how, said[place].accepted) for place in sorted(said)] == [
        ("1", "journal", True),
        ("2", "journal", False),
        ("3", "journal", False),
        ("4", "nowhere", False),
        ("5", "nowhere", False),
        ("6", "asked", True),
        ("7", "asked", None),
        ("8", "nowhere", False),
    ]
    assert said["2"].reason == "content-mismatch" and said["3"].reason == "unreadable-record"
    assert "sent anew" in said["4"].detail and "dsn gaps" in said["5"].detail
    assert said["6"].numbered > 1
    assert (desk.begun, desk.asked) == ([], [])


def test_an_outbox_that_is_elsewhere_is_asked_once_for_all(settings: Settings) -> None:
    """Who retries what is noted first."""
    desk = Desk({})
    rows = [row(n, "edge", "wrong-charset", source="chum-adt", item=f"f{n}") for n in (1, 2)]

    outcomes = desk.run(settings, rows, dry_run=False)

    assert [one.accepted for one in outcomes] == [None, None]
    assert desk.begun == [1, 2]
    assert desk.asked == [("chum-adt", ["f1", "f2"])]


def test_an_outbox_that_is_here_maps_again(settings: Settings) -> None:
    """And says so when it does not hold the message any more."""
    (source,) = load(settings.sources)
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    refused = mapped(
        MESSAGE, source=source, mapper=map_words, kind="hl7v2", captured_at=1, partitions=4
    )
    taking.take(file, [refused], 1_772_000_000_000)
    file.close()
    rows = [
        row(1, "edge", "unknown-segment", source="chum-adt", item=refused.digest.hex()),
        row(2, "edge", "unknown-segment", source="chum-adt", item="0" * 64),
    ]
    desk = Desk({})

    (dry, _), (first, second) = (desk.run(settings, rows, dry_run=d) for d in (True, False))

    assert dry.accepted and dry.numbered == first.numbered > 1
    assert (first.how, first.accepted) == ("outbox", True)
    assert (second.accepted, second.reason) == (False, "not-in-outbox")
    assert desk.begun == [1, 2]
