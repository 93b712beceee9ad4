"""Whatever a hospital sends, it is told why it cannot be used, and the next message goes on."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest
from acceptance.fates import (
    ARRIVES_S,
    UPDATE,
    assert_next_goes_on,
    assert_refused,
    nothing_dies,
    quarantined,
    reason_of,
    shown,
)
from acceptance.hospital import allergy, merge, message, problem
from acceptance.system import System, eventually

from dsn_producers.framing import END, START


@pytest.fixture(scope="module", autouse=True)
def nothing_died(system: System) -> Iterator[None]:
    """Whatever these tests send."""
    with nothing_dies(system, "bad"):
        yield


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
    """A name that no table has is no reason to guess: the source's own setting counts."""
    text = message("BAD", UPDATE, "5", "CS2", family="Bélanger", charset="KLINGON")
    with system.sender("bad-adt") as sender:
        assert sender.send(text.encode()).code == "AA"
    assert_refused(system, text.encode("latin-1"), "AE", "wrong-charset")

    (person,) = shown(system, "5", "demographics")
    assert {name["family"] for name in person["names"]} == {"Bélanger"}


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
            assert quarantined(system, text.encode()) == [reason_of(answer)]
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
            assert quarantined(system, text) == [reason_of(answer)]
        assert_next_goes_on(system, sender)


def test_garbage_between_and_inside_frames(system: System) -> None:
    """Random bytes outside a frame are skipped; inside a frame they are refused and kept."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    noise = random.Random(seed).randbytes(5_000).translate(None, b"\x0b\x1c\0")
    with system.sender("bad-adt") as sender:
        sender.send_raw(noise)
        answer = sender.send(b"ZZZ" + noise)

        assert (answer.code, reason_of(answer)) == ("AR", "not-hl7")
        assert quarantined(system, b"ZZZ" + noise) == ["not-hl7"]
        assert_next_goes_on(system, sender)


def test_an_empty_frame(system: System) -> None:
    """Nothing between VT and FS."""
    with system.sender("bad-adt") as sender:
        answer = sender.send(b"")

        assert answer.code == "AR"
        assert answer.text
        assert_next_goes_on(system, sender)
