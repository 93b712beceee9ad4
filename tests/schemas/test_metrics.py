"""Metrics and health of a service, asked over loopback."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from dsn_schemas import metrics
from dsn_schemas.metrics import PORTS, Readiness, Server, serve


@pytest.fixture
def state() -> Readiness:
    return Readiness()


@pytest.fixture
def server(state: Readiness) -> Iterator[Server]:
    running = Server(0, state)
    yield running
    running.close()


def asked(server: Server, path: str) -> tuple[int, str]:
    """Status and body of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_is_live_before_it_is_ready(server: Server, state: Readiness) -> None:
    """Ready once every part says so; a part that cannot is named."""
    assert asked(server, "/health/live")[0] == 200
    assert asked(server, "/health/ready")[0] == 503
    state.set("store", True)
    assert asked(server, "/health/ready")[0] == 200
    state.set("records-1", False)
    code, body = asked(server, "/health/ready")
    assert (code, json.loads(body)["checks"]) == (503, {"store": True, "records-1": False})
    state.forget("records-1")
    assert asked(server, "/health/ready")[0] == 200
    assert asked(server, "/")[0] == 404


def test_turns_and_batches_are_counted(server: Server) -> None:
    """By stage and by consumer, with their records."""
    metrics.turn("records", 40, 0.02)
    metrics.turn("records", 2, 0.5)
    metrics.batch("store", 7)
    metrics.pause("audit")
    code, text = asked(server, "/metrics")
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    assert code == 200
    assert float(lines['dsn_turn_records_total{stage="records"}']) >= 42
    assert float(lines['dsn_turn_seconds_count{stage="records"}']) >= 2
    assert float(lines['dsn_batch_records_total{consumer="store"}']) >= 7
    assert float(lines['dsn_pauses_total{consumer="audit"}']) >= 1


def test_a_port_that_is_taken_stops_no_service() -> None:
    """What it does is worth more than what it says of itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        base = taken.getsockname()[1] - PORTS["store"]

        assert serve("store", base) is None
    assert serve("store", 0) is None, "none is wanted"


def test_every_service_has_a_port_of_its_own() -> None:
    """Two of one would be without metrics."""
    assert len(set(PORTS.values())) == len(PORTS)
