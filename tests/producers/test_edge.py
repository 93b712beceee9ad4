"""The edge as a process: it serves, drains and ends; and what its status says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsn_producers.feed import feed
from dsn_producers.lock import Lock
from dsn_producers.mllp_client import MllpClient
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.restoring import begin_new_epoch
from dsn_producers.sending import mark_sent, position_of
from dsn_producers.sources import Source
from dsn_producers.status import status
from dsn_schemas.settings import Settings
from support.establishment import changes_in, message_of, taken_form

ADT = (
    "MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301101500||ADT^A08^ADT_A01|{n}|P|2.5||||||8859/1\r"
    "EVN|A08|20260301101500\r"
    "PID|1||{n}^^^CHUM^MR||GAGNÉ^ÉLISE||19700101|F\r"
    "PV1|1|I\r"
)


def adt(number: int) -> bytes:
    """A registration, in Latin-1."""
    return ADT.format(n=number).encode("latin-1")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def edge(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """An edge process without a Kafka to talk to."""
    code = "from dsn_producers.edge import main; from dsn_schemas.settings import Settings; main(Settings())"
    environment = {
        **os.environ,
        "DSN_DATA": str(settings.data),
        "DSN_SOURCES": str(settings.sources),
        "DSN_KAFKA": f"127.0.0.1:{free_port()}",
        "DSN_REGISTRY": f"http://127.0.0.1:{free_port()}",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def port(settings: Settings) -> int:
    """The MLLP port of a configured source."""
    port = free_port()
    settings.sources.write_text(
        f"""
[[source]]
name = "chum-adt"
establishment = "chum"
authority = "CHUM"
charset = "latin-1"
mllp_port = {port}

[[source]]
name = "chum-fhir"
establishment = "chum"
authority = "CHUM"
"""
    )
    return port


def client(port: int) -> MllpClient:
    """A client that waits until the edge listens."""
    return MllpClient("127.0.0.1", port, attempts=12)


def test_it_acknowledges_with_everything_behind_it_away(settings: Settings, port: int) -> None:
    """No Kafka, no registry, at the very first start: AA, on disk; SIGTERM ends it with status 0."""
    with edge(settings) as process:
        with client(port) as sender:
            answers = [sender.send(adt(n)) for n in range(20)]
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert [a.code for a in answers] == ["AA"] * 20
    assert code == 0
    numbers = {c.number for c in changes_in(settings, "chum-adt") if c.section == "demographics"}
    assert numbers == {str(n) for n in range(20)}


def test_killed_it_goes_on_where_it_was(settings: Settings, port: int) -> None:
    """kill -9 between two messages: nothing acknowledged is lost, the repeated one is known."""
    with edge(settings) as process, client(port) as sender:
        assert sender.send(adt(1)).code == "AA"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with edge(settings), client(port) as sender:
        assert sender.send(adt(1)).code == "AA"
        assert sender.send(adt(2)).code == "AA"
        (row, _) = status(settings)

    first, second = {c.number for c in changes_in(settings, "chum-adt")}
    assert {first, second} == {"1", "2"}
    assert (row.messages, row.received - row.duplicate) == (3, row.queued)


def test_a_port_that_is_taken_ends_it_with_an_error(settings: Settings, port: int) -> None:
    """Non-zero, for the supervisor; and soon."""
    with socket.create_server(("127.0.0.1", port)), edge(settings) as process:
        assert process.wait(30) not in (0, None)


def test_another_edge_on_the_same_outbox_ends_it(settings: Settings, port: int) -> None:
    """Two forwarders would mix their copies."""
    lock = Lock(path_of(settings, "chum-adt").with_suffix(".forwarder.lock"))
    with edge(settings) as process:
        assert process.wait(30) not in (0, None)
        assert process.stdout is not None and "another edge" in process.stdout.read()
    lock.release()


def test_a_sources_file_that_is_missing_is_named(settings: Settings) -> None:
    """Before anything starts."""
    with edge(settings) as process:
        assert process.wait(30) not in (0, None)
        assert process.stdout is not None and "sources.toml: no such file" in process.stdout.read()


def test_status_says_what_each_source_has(settings: Settings, source: Source, port: int) -> None:
    """Received = queued + sent + duplicate; a source without an outbox has nothing."""
    outbox = Outbox(settings, "chum-adt", clock=lambda: 1000)
    for n in (1, 2, 3, 3):
        outbox.take(taken_form(message_of([(str(n), "a", "x")]), source)).result(10)
    outbox.take(taken_form(b"MSH|^~\\&|\rZZZ\r", source)).result(10)
    outbox.close()
    file = OutboxFile(path_of(settings, "chum-adt"), source="chum-adt", partitions=4)
    mark_sent(file, position_of(1, 1), {})
    first, second = status(settings)
    assert (first.received, first.sent, first.queued, first.duplicate) == (5, 1, 3, 1)
    assert (first.messages, first.rejected, first.last_message_at) == (5, 1, 1000)
    assert first.oldest_queued_s > 10**9 and first.outbox_bytes > 0
    assert (second.source, second.epoch, second.received) == ("chum-fhir", 0, 0)
    assert not path_of(settings, "chum-fhir").exists()

    file.put_meta("unverified", position_of(1, 4))
    begin_new_epoch(file, 0)
    file.close()
    first, _ = status(settings)
    assert (first.epoch, first.received, first.sent, first.queued) == (2, 0, 0, 3)


def test_a_feed_and_a_listener_agree(settings: Settings, port: int, tmp_path: Path) -> None:
    """The same message by file and by network is one message."""
    (tmp_path / "in.hl7").write_bytes(b"".join(adt(n).replace(b"\r", b"\n") for n in range(5)))
    source = Source(name="chum-adt", establishment="chum", authority="CHUM", charset="latin-1")
    with edge(settings), client(port) as sender:
        assert sender.send(adt(3)).code == "AA"
        result = feed(settings, tmp_path / "in.hl7", source)

    assert (result.messages, result.rejected) == (5, 0)
    assert result.numbered > 0 and result.duplicate == result.received // 5
