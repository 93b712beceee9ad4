"""The MLLP listener of a source: it accepts connections, bounds them and ends them.

What happens on one is in ``connection``. Called by ``edge``.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter

import structlog

from dsn_producers.connection import READ_BYTES, Connection
from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.sources import Source, Tls

log = structlog.get_logger(__name__)

#: Large messages on all connections together: memory stays under 256 connections of 1 MiB and
#: four messages of 128 MiB.
LARGE_MAX = 4


class Listener:
    """Listens for one source."""

    def __init__(self, intake: Intake, limits: Limits) -> None:
        self.source: Source = intake.source
        self._intake = intake
        self._limits = limits
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._large = asyncio.Semaphore(LARGE_MAX)

    @property
    def port(self) -> int:
        """The port it listens on, the one the system chose when the source says none."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when the port is taken."""
        source = self.source
        self._server = await asyncio.start_server(
            self._serve,
            source.mllp_host,
            source.mllp_port,
            limit=READ_BYTES,
            ssl=tls_context(source.tls) if source.tls else None,
        )
        log.info("listening", source=source.name, host=source.mllp_host, port=self.port)

    async def stop(self) -> None:
        """Accept nothing more, answer what has begun, close; bounded by ``drain_s_max``."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.stop()
        tasks = [connection.task for connection in self._connections]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._limits.drain_s_max)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        log.info("listening_ended", source=self.source.name)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        if len(self._connections) >= self._limits.connections_max:
            log.warning("connection_refused", source=self.source.name, reason="too-many")
            writer.close()
            return
        connection = Connection(reader, writer, self._intake, self._limits, self._large)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A server's context; a client certificate is asked for when a CA is named.

    Raises ``OSError`` (``ssl.SSLError``) when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.ca)
    return context
