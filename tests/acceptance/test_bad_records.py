"""Foreign records in the journal and broken files: set aside with a reason, the next one goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.fates import ARRIVES_S, assert_next_goes_on, nothing_dies, quarantined, shown
from acceptance.system import System, eventually
from confluent_kafka import Producer

from dsn_schemas.topics import changes_topic


@pytest.fixture(scope="module", autouse=True)
def nothing_died(system: System) -> Iterator[None]:
    """Whatever these tests send."""
    with nothing_dies(system, "bad"):
        yield


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("unknown schema", b"\0\x7f\xff\xff\xfe" + b"anything"),
        ("no schema", b"{}"),
        ("empty", b""),
        ("only a header", b"\0\0\0\0\x01"),
        ("NUL", b"\0" * 64),
    ],
)
def test_a_foreign_record_in_the_journal(system: System, name: str, value: bytes) -> None:
    """A record that nobody can decode goes to quarantine from its place; its partition goes on."""
    producer = Producer({"bootstrap.servers": system.settings.kafka})
    for partition in range(system.settings.partitions):
        producer.produce(changes_topic("bad"), value, partition=partition)
    assert producer.flush(30) == 0

    def kept() -> bool:
        rows = system.rows(
            "SELECT reason, detail FROM dsn.quarantine"
            " WHERE payload = %s AND topic = %s AND seq = 0",
            value,
            changes_topic("bad"),
        )
        return len(rows) == system.settings.partitions and all(all(row) for row in rows)

    eventually(kept, f"{name} in quarantine, once for each partition", ARRIVES_S)
    assert_next_goes_on(system)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nul", '{"resourceType":"Patient","id":"nul","identifier":[{"value":"N1"}],"name":[{"family":"Ga\\u0000gné"}]}'),
        ("nul-key", '{"resourceType":"Patient","id":"nul2","identifier":[{"value":"N\\u00002"}]}'),
        ("surrogate", '{"resourceType":"Patient","id":"sur","identifier":[{"value":"N3"}],"name":[{"family":"Ga\\ud800gné"}]}'),
        ("deep", '{"resourceType":"Patient","id":"deep","contact":' + "[" * 3_000 + "]" * 3_000 + "}"),
        ("infinite", '{"resourceType":"Observation","valueQuantity":{"value":1e999}}'),
        ("cut", '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resou'),
        ("empty", "{}"),
        ("list", "[1,2,3]"),
    ],
)  # fmt: skip
def test_bad_fhir_files(system: System, tmp_path: Path, name: str, text: str) -> None:
    """Each is taken or kept in quarantine with a reason; the next file goes on."""
    bad, good = tmp_path / f"{name}.json", tmp_path / "good.json"
    bad.write_text(text, encoding="utf-8")
    number = f"F{time.monotonic_ns()}"
    good.write_text(json.dumps(_patient(number)), encoding="utf-8")
    counts = system.feed(bad, "bad-fhir")
    system.feed(good, "bad-fhir")

    assert counts["messages"] == 1
    eventually(lambda: shown(system, number, "demographics", "BADF"), "the next file", ARRIVES_S)
    if counts["rejected"]:
        assert all(quarantined(system, text.encode()))


def _patient(number: str) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": number}],
        "name": [{"family": "Roy"}],
    }
