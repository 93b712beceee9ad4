"""Whatever arrives, somebody is told why it cannot be used, and the next message goes on."""

from __future__ import annotations

import itertools
import json
import random
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from acceptance.hospital import allergy, merge, message, problem
from acceptance.system import System, eventually
from acceptance.tables import assert_balanced
from confluent_kafka import Producer

from dsn_producers.framing import END, START
from dsn_producers.mllp_client import Answer
from dsn_schemas.topics import changes_topic

_NUMBERS = itertools.count(1)
#: Seconds from the answer of a good message to its entry in the store, on a crowded machine.
ARRIVES_S = 60.0
UPDATE = "ADT^A08^ADT_A01"


def assert_next_goes_on(system: System, sender: Any = None) -> None:
    """A good message on the same connection is acknowledged and read in the store."""
    number = str(100_000 + next(_NUMBERS))
    text = message("BAD", UPDATE, number, f"NEXT{number}", allergy("abeilles"))
    if sender is None:
        with system.sender("bad-adt") as own:
            answer = own.send(text.encode())
    else:
        answer = sender.send(text.encode())

    assert (answer.code, answer.control_id) == ("AA", f"NEXT{number}")

    eventually(lambda: shown(system, number, "allergies"), "the next message shown", ARRIVES_S)


def shown(system: System, number: str, section: str, authority: str = "BAD") -> list[Any]:
    """Contents of a section in the chart of a record."""
    return [
        content
        for (content,) in system.rows(
            "SELECT DISTINCT e.content FROM dsn.entries AS e JOIN dsn.people_records AS p"
            " USING (person_id) WHERE e.section = %s AND p.authority = %s AND p.number = %s",
            section,
            authority,
            number,
        )
    ]


def quarantined(system: System, payload: bytes) -> list[str]:
    """Reasons of the quarantine rows that hold these bytes; waits for the first."""

    def found() -> list[str]:
        rows = system.rows("SELECT reason FROM dsn.quarantine WHERE payload = %s", payload)
        return [reason for (reason,) in rows]

    eventually(found, "a quarantine row", ARRIVES_S)
    return found()


def assert_refused(system: System, data: bytes, code: str, reason: str) -> Answer:
    """The answer and the quarantine say the same reason; the next message goes on."""
    with system.sender("bad-adt") as sender:
        answer = sender.send(data)

        assert (answer.code, answer.text.split(" ")[0].rstrip(":")) == (code, reason)
        assert quarantined(system, data) == [reason]
        assert_next_goes_on(system, sender)
    return answer


@pytest.fixture(scope="module", autouse=True)
def nothing_died(system: System) -> Any:
    """After all of it every process is the one that was started, and the books balance."""
    before = {name: entry.restarts for name, entry in system.processes().items()}
    yield
    system.await_arrival()

    assert {name: entry.restarts for name, entry in system.processes().items()} == before
    assert_balanced(system, lambda name: name.startswith("bad"))


def test_a_truncated_frame(system: System) -> None:
    """A frame cut by the next one is refused with its reason, the next is taken."""
    text = message("BAD", UPDATE, "1", "CUT1", allergy("noix")).encode()
    with system.sender("bad-adt") as sender:
        sender.send_raw(START + text[:-30])
        whole = message("BAD", UPDATE, "2", "AFTER1", allergy("noix")).encode()
        sender.send_raw(START + whole + END + b"\r")
        first, second = sender.receive(), sender.receive()

        assert (first.code, first.control_id) == ("AR", "CUT1")
        assert first.text.startswith("truncated-frame")
        assert (second.code, second.control_id) == ("AA", "AFTER1")
        assert quarantined(system, text[:-30]) == ["truncated-frame"]
        assert_next_goes_on(system, sender)


def test_a_frame_cut_by_the_end_of_the_connection(system: System) -> None:
    """The line drops within a message: what came of it is kept with its reason."""
    text = message("BAD", UPDATE, "3", "CUT2", allergy("noix")).encode()
    source = system.source("bad-adt")
    with socket.create_connection((source.mllp_host, source.mllp_port), 10) as line:
        line.sendall(START + text[:100])

    assert quarantined(system, text[:100]) == ["truncated-frame"]

    assert_next_goes_on(system)


def test_a_segment_cut_short(system: System) -> None:
    """A whole frame of half a message says what is missing, and is no chart."""
    assert_refused(system, b"MSH|^~\\&|ADT|BAD|DSN|QC|2026\r", "AR", "unknown-message-type")


def test_a_wrong_character_set(system: System) -> None:
    """Latin-1 under the name of UTF-8 is refused, and not read as something else."""
    text = message("BAD", UPDATE, "4", "CS1", allergy("noix"), family="Bélanger")

    assert_refused(system, text.encode("latin-1"), "AE", "wrong-charset")


def test_an_unknown_character_set(system: System) -> None:
    """A character set that nobody knows is named in the refusal."""
    text = message("BAD", UPDATE, "5", "CS2", allergy("noix"), charset="KLINGON")

    assert_refused(system, text.encode(), "AE", "wrong-charset")


def test_an_unknown_message_type(system: System) -> None:
    """A type that nobody agreed on."""
    text = message("BAD", "ZZZ^Z99", "6", "TYPE1")

    assert_refused(system, text.encode(), "AR", "unknown-message-type")


def test_fifty_megabytes(system: System) -> None:
    """A message of 50 MB is refused as too large; the same connection goes on."""
    text = message("BAD", UPDATE, "7", "LARGE1", allergy("noix"), "NTE|1||" + "x" * 50_000_000)
    with system.sender("bad-adt") as sender:
        answer = sender.send(text.encode())

        assert (answer.code, answer.control_id) == ("AR", "LARGE1")
        assert answer.text.startswith("message-too-large")
        eventually(
            lambda: system.rows(
                "SELECT FROM dsn.quarantine WHERE source = 'bad-adt' AND reason = %s",
                "message-too-large",
            ),
            "a quarantine row",
            ARRIVES_S,
        )
        assert_next_goes_on(system, sender)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("name", message("BAD", UPDATE, "8", "NUL1", allergy("noix"), family="Ga\0gné")),
        ("text", message("BAD", UPDATE, "9", "NUL2", allergy("noix", "de\0coco"))),
        ("code", message("BAD", UPDATE, "10", "NUL3", allergy("no\0ix"))),
        ("item", message("BAD", UPDATE, "11", "NUL4", problem("I10", "P\0"), allergy("noix"))),
        ("number", message("BAD", UPDATE, "1\x002", "NUL5", allergy("noix"))),
        ("control id", message("BAD", UPDATE, "13", "NUL\0", allergy("noix"))),
        ("escape", message("BAD", UPDATE, "14", "NUL7", allergy("noix", "de\\X00\\coco"))),
        ("merge", merge("BAD", "1\x005", "1\x006", "NUL8")),
        ("padding", message("BAD", UPDATE, "17", "NUL9", allergy("noix")) + "\0\0\0"),
    ],
)
def test_nul_bytes(system: System, where: str, text: str) -> None:
    """A NUL anywhere: refused with a reason, or taken and shown; never a stop."""
    with system.sender("bad-adt") as sender:
        answer = sender.send(text.encode())

        if answer.code == "AA":
            system.await_arrival()
        else:
            assert answer.text
            assert quarantined(system, text.encode()) == [answer.text.split(" ")[0].rstrip(":")]
        assert_next_goes_on(system, sender)


@pytest.mark.parametrize("number", ["1\x8f", "\ufeff9", "9" * 3000, "é" * 500, "%s{}'\"", "\ue000"])
def test_odd_record_numbers(system: System, number: str) -> None:
    """Numbers that no hospital should give out: refused with a reason, or a chart of their own."""
    text = message("BAD", UPDATE, number, "ODD", allergy("noix")).encode()
    with system.sender("bad-adt") as sender:
        answer = sender.send(text)

        if answer.code == "AA":
            system.await_arrival()
        else:
            assert quarantined(system, text) == [answer.text.split(" ")[0].rstrip(":")]
        assert_next_goes_on(system, sender)


def test_garbage_between_and_inside_frames(system: System) -> None:
    """Random bytes outside a frame are skipped; inside a frame they are refused and kept."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    noise = random.Random(seed).randbytes(5_000).translate(None, b"\x0b\x1c\0")
    with system.sender("bad-adt") as sender:
        sender.send_raw(noise)
        answer = sender.send(b"ZZZ" + noise)

        assert (answer.code, answer.text.split(" ")[0].rstrip(":")) == ("AR", "not-hl7")
        assert quarantined(system, b"ZZZ" + noise) == ["not-hl7"]
        assert_next_goes_on(system, sender)


def test_an_empty_frame(system: System) -> None:
    """Nothing between VT and FS."""
    with system.sender("bad-adt") as sender:
        answer = sender.send(b"")

        assert answer.code == "AR"
        assert answer.text
        assert_next_goes_on(system, sender)


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
            'SELECT reason, detail FROM dsn.quarantine WHERE payload = %s AND topic = %s',
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
