"""Runs the pages until SIGTERM or SIGINT, then finishes what is being served and returns."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from dsn_consumers.web.app import create_app
from dsn_consumers.web.desk import StewardsDesk
from dsn_consumers.web.postgres import PostgresReader
from dsn_schemas import metrics
from dsn_schemas.settings import Settings

#: Pages being served at a signal have this long to end.
DRAIN_S = 5
#: Requests at once beyond which a reader is told to come back.
CONCURRENCY_MAX = 64

log = structlog.get_logger(__name__)


class NotLoopback(ValueError):
    """The pages have no sign-in yet, so they answer on this machine only."""


def main(settings: Settings) -> None:
    """Serve the pages. Raises ``NotLoopback`` for any other address, ``OSError`` when it is taken.

    1. Take the address, so that a wrong one fails before anything else starts.
    2. Connect in the background: without a database the pages answer, in words.
    3. Serve until a signal; then give the connections back.
    """
    listener = _listen(settings.web_host, settings.web_port)  # 1
    reader = PostgresReader(settings.conninfo)
    try:
        reader.open()  # 2
        config = uvicorn.Config(
            create_app(reader, desk=StewardsDesk(settings)),
            access_log=False,  # our own line names the route and nothing that was asked for
            log_config=None,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            limit_concurrency=CONCURRENCY_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=DRAIN_S,
        )
        metrics.readiness.set("web", True)
        log.info("pages_listening", host=settings.web_host, port=listener.getsockname()[1])
        _Server(config).run(sockets=[listener])  # 3
        log.info("pages_stopped")
    finally:
        reader.close()
        listener.close()


class _Server(uvicorn.Server):
    """Uvicorn, except that a signal which stopped it is not raised again afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the serving; ``main`` then returns and the process exits with 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(f"web_host is {host}: the pages have no sign-in, use a loopback address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)
