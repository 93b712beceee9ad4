"""The MLLP listener, over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from dsn_producers.framing import CARRIAGE_RETURN, END, START
from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.mapping import Mapper
from dsn_producers.mllp import Listener
from dsn_producers.mllp_client import MllpClient, NoAnswer
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sources import Source
from dsn_schemas.records import RejectedMessage
from dsn_schemas.settings import Settings
from support.establishment import assert_chained, changes_in, map_words, message_of

A = message_of([("1", "a", "x")], "A")
B = message_of([("1", "a", "y")], "B")


def framed(*messages: bytes) -> bytes:
    """Messages as MLLP frames."""
    return b"".join(START + m + END + CARRIAGE_RETURN for m in messages)


class Running:
    """A listener in an event loop of its own thread."""

    def __init__(
        self, settings: Settings, source: Source, limits: Limits, mapper: Mapper = map_words
    ) -> None:
        self.outbox = Outbox(settings, source.name, limits=limits)
        self._intake = Intake(source, self.outbox, mapper, kind="hl7v2")
        self.listener = Listener(self._intake, limits)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._call(self.listener.start())

    def _call(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)  # type: ignore[arg-type]

    def client(self, **options: object) -> MllpClient:
        """A client of it."""
        return MllpClient("127.0.0.1", self.listener.port, **options)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Drain and close."""
        self._call(self.listener.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._intake.close()
        self.outbox.close()


@pytest.fixture
def run(settings: Settings, source: Source) -> Iterator[Callable[..., Running]]:
    """Starts listeners; stops them at the end of the test."""
    started: list[Running] = []

    def start(limits: Limits | None = None, **options: object) -> Running:
        started.append(Running(settings, source, limits or Limits(), **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for running in started:
        running.stop()


Run = Callable[..., Running]


def test_an_acceptance_says_that_the_message_is_on_disk(
    run: Run, settings: Settings, source: Source
) -> None:
    """When AA is read, another process finds the change in the outbox."""
    with run().client() as client:
        answer = client.send(A)
        changes = changes_in(settings, source.name)

    assert (answer.code, answer.control_id) == ("AA", "A")
    assert [(c.number, c.item) for c in changes] == [("1", "a")]


def test_pipelined_messages_are_answered_in_order(
    run: Run, settings: Settings, source: Source
) -> None:
    """A sender that does not wait gets its answers in the order of its messages."""
    messages = [message_of([(str(n % 9), "a", str(n))], str(n)) for n in range(500)]
    with run().client() as client:
        assert client.send(messages.pop(0)).control_id == "0"
        sender = threading.Thread(target=client.send_raw, args=(framed(*messages),))
        sender.start()
        answers = [client.receive() for _ in messages]
        sender.join()

    assert [(a.code, a.control_id) for a in answers] == [("AA", str(n)) for n in range(1, 500)]
    changes = changes_in(settings, source.name)
    assert_chained(changes, settings.partitions)
    assert [c.content.code.text for c in changes] == [str(n) for n in range(500)]


BAD: list[tuple[str, bytes, list[tuple[str, str]]]] = [
    ("unknown segment", framed(b"MSH|^~\\&|\rZZZ\r"), [("AE", "unknown-segment")]),
    ("no header", framed(b"PID|1"), [("AR", "no-header")]),
    ("an empty frame", framed(b""), [("AR", "no-header")]),
    ("NUL bytes", framed(b"MSH|^~\\&|\r\0\0\0"), [("AE", "unknown-segment")]),
    ("the mapper fails", framed(b"MSH|^~\\&|\rZBUG\r"), [("AE", "mapper-failed")]),
    ("binary noise", framed(bytes(range(29, 256)) * 9), [("AR", "no-header")]),
    ("cut by the next frame", START + A[:40], [("AR", "truncated-frame")]),
    ("garbage", b"GET / HTTP/1.1\r\n\r\n", []),
]


@pytest.mark.parametrize(("_name", "data", "expected"), BAD, ids=[row[0] for row in BAD])
def test_a_bad_message_gets_its_reason_and_the_next_goes_on(
    run: Run,
    settings: Settings,
    source: Source,
    _name: str,
    data: bytes,
    expected: list[tuple[str, str]],
) -> None:
    """On the same connection; and what was refused is kept byte for byte."""
    with run().client() as client:
        client.send_raw(data + framed(B))
        answers = [client.receive() for _ in range(len(expected) + 1)]

    assert [(a.code, a.text.partition(":")[0]) for a in answers[:-1]] == expected
    assert (answers[-1].code, answers[-1].control_id) == ("AA", "B")
    kept = [c.content for c in changes_in(settings, source.name) if c.section == "rejected"]
    assert [k.payload for k in kept if isinstance(k, RejectedMessage)] == [
        data.strip(START + END + CARRIAGE_RETURN)
        + (b"\r" if b"ZZZ" in data or b"ZBUG" in data else b"")
        for _ in expected
    ]


def test_the_answer_is_in_the_senders_character_set(run: Run) -> None:
    """MSH-18 and the bytes of MSH-3 come back as they were."""
    with run().client() as client:
        answer = client.send(A.replace(b"|ADT|CHUM|", b"|ADT|H\xf4pital|", 1))

    assert b"|ADT|H\xf4pital|" in answer.data and b"|8859/1\r" in answer.data


def test_the_same_bytes_again_are_accepted_and_change_nothing(run: Run) -> None:
    """A sender that lost the answer sends again and is told yes."""
    running = run()
    with running.client() as client:
        answers = [client.send(A) for _ in range(3)]
    counters = running.outbox.counters()

    assert [a.code for a in answers] == ["AA"] * 3
    assert (counters.received, counters.numbered, counters.duplicate) == (3, 1, 2)


def test_a_message_too_large_to_map_is_kept_and_refused(
    run: Run, settings: Settings, source: Source
) -> None:
    """50 MB by default settings: byte for byte at the edge, AR, and the next goes on."""
    large = A + b"x" * (50 * 1000 * 1000)
    with run().client() as client:
        answers = [client.send(large), client.send(B)]

    assert [a.code for a in answers] == ["AR", "AA"]
    assert answers[0].text.startswith("message-too-large:") and answers[0].control_id == "A"
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    assert file.one("rejected", hashlib.sha256(large).digest()) == (large,)
    file.close()
    first = changes_in(settings, source.name)[0].content
    assert isinstance(first, RejectedMessage)
    assert (first.payload, first.size, first.reason) == (b"", len(large), "message-too-large")


def test_a_message_without_end_is_refused_and_its_connection_closed(run: Run) -> None:
    """Above what is kept at all there is nothing to wait for; other connections go on."""
    running = run(Limits(message_bytes_max=2048, kept_bytes_max=100_000))
    with running.client() as client, running.client() as other:
        client.send_raw(START + A + b"x" * 200_000)
        answer = client.receive()
        assert (answer.code, answer.control_id) == ("AR", "A")
        with pytest.raises(OSError):
            client.receive()
        assert other.send(B).code == "AA"


def test_a_frame_cut_by_the_end_of_the_connection_is_kept(
    run: Run, settings: Settings, source: Source
) -> None:
    """It was never accepted; what came of it is there for whoever looks for it."""
    running = run()
    plain = socket.create_connection(("127.0.0.1", running.listener.port))
    plain.sendall(START + A)
    plain.shutdown(socket.SHUT_WR)
    answer = plain.makefile("rb").read()
    plain.close()

    assert b"MSA|AR|A|truncated-frame" in answer
    (change,) = changes_in(settings, source.name)
    assert isinstance(change.content, RejectedMessage) and change.content.payload == A


def test_a_slow_sender_is_cut_off(run: Run) -> None:
    """Silence inside a frame ends at the deadline; silence between frames may last for hours."""
    running = run(Limits(read_s_max=0.2))
    with running.client() as slow, running.client() as idle:
        assert idle.send(A).code == "AA"
        slow.send_raw(START + B[:30])
        assert slow.receive().code == "AR"
        with pytest.raises(OSError):
            slow.receive()
        time.sleep(0.3)
        assert idle.send(B).code == "AA"


def test_a_sender_of_single_bytes_is_cut_off(run: Run) -> None:
    """A frame must be whole in time, however diligently it drips."""
    running = run(Limits(read_s_max=5, frame_s_max=0.5))
    with running.client() as client:
        client.send_raw(START)
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 5:
                client.send_raw(b"x")
                time.sleep(0.05)

    assert time.monotonic() - started < 4


def test_an_end_without_its_carriage_return_is_an_end(run: Run) -> None:
    """Some senders leave it out and wait: they are answered after a short pause."""
    with run().client(wait_s=5) as client:
        client.send_raw(START + A + END)

        assert client.receive().code == "AA"


def test_a_sender_that_takes_no_answers_is_cut_off(run: Run) -> None:
    """Its answers may not fill our memory; everybody else goes on."""
    running = run(Limits(read_s_max=0.3, pipelined_max=4))
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", running.listener.port))
    plain.settimeout(10)
    head = A.replace(b"|A|", b"|" + b"9" * 3000 + b"|")
    with pytest.raises(ConnectionError):
        for _ in range(20_000):
            plain.sendall(framed(head))
    plain.close()
    with running.client() as client:
        assert client.send(B).code == "AA"


def test_connections_above_the_bound_are_closed(run: Run) -> None:
    """The ones that are there go on."""
    running = run(Limits(connections_max=2))
    with running.client() as first, running.client() as second:
        assert first.send(A).code == second.send(A).code == "AA"
        with running.client(attempts=2, sleep=lambda _: None) as third, pytest.raises(NoAnswer):
            third.send(A)
        assert first.send(B).code == "AA"


def test_a_full_outbox_is_said_to_the_sender(run: Run) -> None:
    """AR with the reason, before anything is acknowledged; the connection stays."""
    running = run(Limits(outbox_bytes_max=1024 * 1024))
    big = [message_of([("1", f"b{n}", "x" * 600_000)], str(n)) for n in range(3)]
    with running.client() as client:
        answers = [client.send(m) for m in big]

    assert answers[0].code == "AA" and answers[-1].code == "AR"
    assert answers[-1].text.startswith("outbox-full:")
    assert b"207^Application internal error" in answers[-1].data


def test_stopping_answers_what_has_begun(run: Run) -> None:
    """A message that is being mapped is answered; nothing new is accepted."""
    begun, go_on = threading.Event(), threading.Event()

    def slowly(data: bytes, source: Source, captured_at: int) -> object:
        begun.set()
        go_on.wait(10)
        return map_words(data, source, captured_at)

    running = run(mapper=slowly)
    with running.client() as client:
        client.send_raw(framed(A))
        begun.wait(10)
        port = running.listener.port
        stopping = threading.Thread(target=running._call, args=(running.listener.stop(),))
        stopping.start()
        time.sleep(0.1)
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=2)
        go_on.set()
        assert client.receive().code == "AA"
        stopping.join()


@contextmanager
def captured() -> Iterator[list[dict[str, object]]]:
    """Log events, from every thread."""
    with structlog.testing.capture_logs() as logs:
        yield logs  # type: ignore[misc] # plain dictionaries


def test_logs_hold_nothing_of_a_message(run: Run) -> None:
    """Names, numbers and content appear in no event, whatever happens to the message."""
    canary = message_of([("CANARY-7", "a", "CANARY-8")]).replace(b"ZAL", b"ZQQ")
    with captured() as logs:
        with run().client() as client:
            client.send(canary)
            client.send(canary.replace(b"ZQQ", b"ZBUG"))
            client.send_raw(canary + framed(A))
            client.receive()
        assert {"message_rejected", "mapper_failed", "garbage_skipped"} <= {
            str(event["event"]) for event in logs
        }
        assert "CANARY" not in repr(logs)
