"""Links that can be bad: a TCP proxy on loopback between a client and a server.

Each ``Link`` listens on one port, forwards to another, and has a ``Weather`` that may be changed at
any moment: silence in one direction, delay, little bandwidth, no connections at all, or a cut in
the moment PostgreSQL reports a commit. All links of a ``Proxy`` run on one event loop in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dsn_deploy.faults.postgres_wire import Backend

_PIECE_BYTES = 64 * 1024
#: Between two looks whether a silent direction may speak again, s.
_LOOK_S = 0.05
#: For the server to take a connection, s.
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a link is."""

    #: No connection is made, and those there are end.
    down: bool = False
    #: Bytes from the client wait: a one-way partition, as TCP shows it.
    silent_up: bool = False
    #: Bytes from the server wait.
    silent_down: bool = False
    #: Each piece waits this long, s.
    delay_s: float = 0.0
    #: Bytes a second in each direction; 0: as many as there are.
    bytes_per_s: int = 0
    #: Of the commits that PostgreSQL reports, this share is cut off before the client hears of it.
    cut_commits: float = 0.0
    #: After so many bytes a connection is reset, in the middle of a frame; 0: never.
    reset_after_bytes: int = 0


FINE = Weather()


class Link:
    """One listening port and where it leads."""

    def __init__(self, name: str, port: int, target: int, chance: random.Random) -> None:
        #: For messages.
        self.name = name
        #: Where clients connect.
        self.port = port
        #: Port of the server; a later connection goes to whatever stands here then.
        self.target = target
        #: Commits whose report was cut off.
        self.cuts = 0
        self._chance = chance
        self._weather = FINE
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def weather(self) -> Weather:
        """How it is now."""
        return self._weather

    def turn(self, weather: Weather) -> None:
        """Change it; returns at once."""
        self._weather = weather
        if weather.down:
            self.cut()

    def cut(self) -> None:
        """End every connection there is."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)

    async def open(self) -> asyncio.Server:
        """Listen. Raises ``OSError`` when the port is taken."""
        self._loop = asyncio.get_running_loop()
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.down:
            writer.transport.abort()
            return
        try:
            server = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", self.target), _CONNECT_S
            )
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        connection = _Connection(self, (reader, writer), server)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def must_cut(self, backend: Backend, piece: bytes) -> bool:
        """Whether this piece is not to reach the client, nor anything after it."""
        share = self._weather.cut_commits
        if not backend.commits(piece) or self._chance.random() >= share:
            return False
        self.cuts += 1
        return True


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection:
    """A client's connection and the one to the server."""

    def __init__(self, link: Link, client: _Streams, server: _Streams) -> None:
        self._link = link
        self._client = client
        self._server = server
        self._carried = 0

    def abort(self) -> None:
        """Reset both sides."""
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def run(self) -> None:
        """Carry bytes both ways until a side ends or the link does."""
        (up, to_client), (down, to_server) = self._client, self._server
        backend = Backend()
        watched = self._link.name.startswith(WATCHED)

        def silent_up() -> bool:
            return self._link.weather.silent_up

        def silent_down() -> bool:
            return self._link.weather.silent_down

        def lets_pass(piece: bytes) -> bool:
            return not (watched and self._link.must_cut(backend, piece))

        carriers = (
            asyncio.ensure_future(self._carry(up, to_server, silent_up, lambda _: True)),
            asyncio.ensure_future(self._carry(down, to_client, silent_down, lets_pass)),
        )
        try:
            await asyncio.wait(carriers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for carrier in carriers:
                carrier.cancel()
            await asyncio.gather(*carriers, return_exceptions=True)
            self.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        silent: Callable[[], bool],
        lets_pass: Callable[[bytes], bool],
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE_BYTES):
                await self._wait(len(piece), silent)
                limit = self._link.weather.reset_after_bytes
                self._carried += len(piece)
                if limit and self._carried > limit:
                    writer.write(piece[: len(piece) // 2])
                    return
                if not lets_pass(piece):
                    return
                writer.write(piece)
                await writer.drain()

    async def _wait(self, size: int, silent: Callable[[], bool]) -> None:
        weather = self._link.weather
        pause_s = weather.delay_s + (size / weather.bytes_per_s if weather.bytes_per_s else 0.0)
        if pause_s:
            await asyncio.sleep(pause_s)
        while silent():
            await asyncio.sleep(_LOOK_S)


#: Links of this name carry PostgreSQL's protocol, and are read along.
WATCHED = "postgres"


class Proxy:
    """Several links, open inside ``with``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._links: list[Link] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._servers: list[asyncio.Server] = []

    def link(self, name: str, port: int, target: int) -> Link:
        """A new link; ``open`` opens it."""
        link = Link(name, port, target, random.Random(f"{self._seed}/{name}"))
        self._links.append(link)
        return link

    def __enter__(self) -> Self:
        """Open every link. Raises ``OSError`` when a port is taken."""
        self._thread.start()
        try:
            for link in self._links:
                opened = asyncio.run_coroutine_threadsafe(link.open(), self._loop)
                self._servers.append(opened.result(10))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for link in self._links:
            link.turn(FINE)
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
