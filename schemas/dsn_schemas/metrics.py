"""What every service counts, and where Prometheus and a load balancer ask for it.

On loopback, when ``DSN_METRICS_PORT`` is set; each service has its own port, counted from there.
Counted once a turn or batch and never once a record; what can be read when it is asked for is read
then. No label holds anything of a person.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

log = structlog.get_logger()

#: Place of each service's port behind ``metrics_port``; a second worker of one takes another base.
PORTS = {
    "edge": 0,
    "streams": 1,
    "store": 2,
    "audit": 3,
    "receipts": 4,
    "web": 5,
    "reconcile": 6,
    "watch": 7,
}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_turns = Histogram("dsn_turn_seconds", "Turns of a stream lane.", ["stage"], buckets=_SECONDS)
_turn_records = Counter("dsn_turn_records", "Records taken by turns.", ["stage"])
_batches = Counter("dsn_batches", "Batches a consumer has committed.", ["consumer"])
_batch_records = Counter("dsn_batch_records", "Offsets these batches moved on.", ["consumer"])
_pauses = Counter("dsn_pauses", "Times a neighbour was away.", ["consumer"])


def turn(stage: str, records: int, seconds: float) -> None:
    """A lane has taken a turn."""
    _turns.labels(stage).observe(seconds)
    _turn_records.labels(stage).inc(records)


def batch(consumer: str, records: int) -> None:
    """A consumer has committed a batch."""
    _batches.labels(consumer).inc()
    _batch_records.labels(consumer).inc(records)


def pause(consumer: str) -> None:
    """A consumer waits for a neighbour."""
    _pauses.labels(consumer).inc()


class Readiness:
    """Whether each part of this process can do its work."""

    def __init__(self) -> None:
        self._parts: dict[str, bool] = {}

    def set(self, part: str, ready: bool) -> None:
        """From now on."""
        self._parts[part] = ready

    def forget(self, part: str) -> None:
        """It is no part of this process any more."""
        self._parts.pop(part, None)

    @property
    def parts(self) -> dict[str, bool]:
        """Every part that ever said how it is."""
        return dict(self._parts)

    @property
    def ready(self) -> bool:
        """All of them can; before one has said so, none can."""
        return bool(self._parts) and all(self._parts.values())


#: Of this process.
readiness = Readiness()


class Server:
    """Answers /metrics, /health/live and /health/ready on loopback until it is closed."""

    def __init__(self, port: int, state: Readiness = readiness) -> None:
        """``port`` 0: any. Raises ``OSError`` when it is taken."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(state))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def serve(service: str, metrics_port: int) -> Server | None:
    """The server of a service; ``None`` when none is wanted, or its port is taken: what it does is
    worth more than what it says of itself."""
    if not metrics_port or service not in PORTS:
        return None
    port = metrics_port + PORTS[service]
    try:
        server = Server(port)
    except OSError as error:
        log.warning("metrics_port_taken", port=port, error=error.strerror)
        return None
    log.info("metrics_served", port=server.port)
    return server


def exposition() -> bytes:
    """What Prometheus reads."""
    return generate_latest(REGISTRY)


def _handler(state: Readiness) -> type[BaseHTTPRequestHandler]:
    def live() -> tuple[int, bytes, str]:
        return 200, b'{"status": "ok"}', "application/json"

    def ready() -> tuple[int, bytes, str]:
        ok = state.ready
        said = {"status": "ok" if ok else "down", "checks": state.parts}
        return 200 if ok else 503, json.dumps(said).encode(), "application/json"

    answers: dict[str, Callable[[], tuple[int, bytes, str]]] = {
        "/metrics": lambda: (200, exposition(), CONTENT_TYPE_LATEST),
        "/health/live": live,
        "/health/ready": ready,
    }

    class Handler(BaseHTTPRequestHandler):
        """One question."""

        def do_GET(self) -> None:
            answer = answers.get(self.path)
            if answer is None:
                self.send_error(404)
                return
            code, body, kind = answer()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A question every few seconds is no event."""

    return Handler
