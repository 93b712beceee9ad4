"""Links as bad as they are asked to be, with real connections."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from dsn_deploy.faults.cluster import FreePorts
from dsn_deploy.faults.proxy import FINE, Link, Proxy, Weather
from dsn_deploy.stack import EmbeddedStack

#: Nothing here takes longer, even on a crowded machine.
SOON_S = 20.0
#: Silence that is long enough to be called one.
SILENCE_S = 0.5


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


@pytest.fixture
def link() -> Iterator[Link]:
    """A link to a server that says what it is told."""
    ports = FreePorts()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        proxy = Proxy(seed=1)
        made = proxy.link("echo", ports.next(), server.server_address[1])
        with proxy:
            yield made
        server.shutdown()
        thread.join()


def connected(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=SOON_S)


def silent(client: socket.socket) -> bool:
    client.settimeout(SILENCE_S)
    try:
        return not client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(SOON_S)


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("weather", [Weather(silent_up=True), Weather(silent_down=True)])
def test_silence_holds_bytes_back_and_then_gives_them(link: Link, weather: Weather) -> None:
    """Nothing is lost on a connection that lives through a one-way partition."""
    with closing(connected(link)) as client:
        link.turn(weather)
        client.sendall(b"x")

        assert silent(client)

        link.turn(FINE)

        assert client.recv(1) == b"x"


def test_a_link_that_is_down_ends_and_refuses_connections(link: Link) -> None:
    """Those there are, and new ones."""
    with closing(connected(link)) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        link.turn(Weather(down=True))

        assert ended(client)
        with closing(connected(link)) as another:
            assert ended(another)


def test_delay_and_bandwidth_take_their_time(link: Link) -> None:
    """Both ways: never quicker than asked, which holds on any machine."""
    link.turn(Weather(delay_s=0.1, bytes_per_s=10_000))
    with closing(connected(link)) as client:
        began = time.monotonic()
        client.sendall(bytes(1_000))
        got = 0
        while got < 1_000:
            got += len(client.recv(1_000))

        assert time.monotonic() - began >= 2 * (0.1 + 0.1)


def test_a_reset_comes_in_the_middle_of_a_piece(link: Link) -> None:
    """The client has half of it at most."""
    link.turn(Weather(reset_after_bytes=100))
    with closing(connected(link)) as client:
        client.sendall(bytes(1_000))
        got = 0
        while True:
            try:
                data = client.recv(1_000)
            except ConnectionError:
                break
            if not data:
                break
            got += len(data)

        assert got <= 500


def test_a_commit_whose_report_is_cut_is_in_the_database(stack: EmbeddedStack) -> None:
    """The client cannot know, and the row is there."""
    import psycopg

    ports = FreePorts()
    proxy = Proxy(seed=1)
    link = proxy.link("postgres-test", ports.next(), stack.ports.postgres)
    straight = stack.postgres.conninfo()
    through = straight.replace(f"port={stack.ports.postgres}", f"port={link.port}")
    with proxy, psycopg.connect(straight, autocommit=True) as seen:
        seen.execute("CREATE TABLE cut_commits (n integer)")
        link.turn(Weather(cut_commits=1.0))
        with (
            pytest.raises(psycopg.OperationalError),
            psycopg.connect(through) as connection,
            connection.transaction(),
        ):
            connection.execute("INSERT INTO cut_commits VALUES (1)")
        found = seen.execute("SELECT n FROM cut_commits").fetchall()
        seen.execute("DROP TABLE cut_commits")

    assert found == [(1,)]
    assert link.cuts == 1
