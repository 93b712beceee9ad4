"""The embedded stack: real servers, on loopback, that keep what they were given."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from dsn_deploy.errors import Busy, NotReady
from dsn_deploy.process import ProcessIdentity, children
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.embedded import environment
from dsn_deploy.stack.postgres import Postgres
from dsn_deploy.stack.server import Server
from dsn_deploy.statefile import read
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX

SCHEMA = Schema('{"type": "record", "name": "Kept", "fields": []}', "AVRO")


def make_topic(settings: Settings, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)


def produce(settings: Settings, topic: str, value: bytes) -> KafkaError | None:
    failures: list[KafkaError | None] = []
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka,
            "message.max.bytes": MESSAGE_BYTES_MAX + 1_000_000,
            "topic.metadata.propagation.max.ms": 1000,  # how long an unknown topic is hoped for
        }
    )
    producer.produce(topic, value, on_delivery=lambda error, _message: failures.append(error))
    assert producer.flush(30) == 0
    return failures[0]


def consume(settings: Settings, topic: str) -> bytes | None:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": f"read-{topic}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        return message.value()
    finally:
        consumer.close()


def register(settings: Settings, subject: str) -> int:
    with SchemaRegistryClient({"url": settings.registry}) as client:
        return int(client.register_schema(subject, SCHEMA))


def listening(process: ProcessIdentity) -> set[str]:
    """Addresses a process listens on, as the kernel has them in hexadecimal."""
    sockets = set()
    for handle in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            sockets.add(handle.readlink().name)
        except FileNotFoundError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1].partition(":")[0])
    return found


def test_servers_listen_on_loopback_only(stack: EmbeddedStack) -> None:
    """No server can be reached from another machine, on any of its ports."""
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    for server in stack.servers:
        assert server.identity is not None
        addresses = listening(server.identity)

        assert addresses, server.name
        assert addresses <= loopback, server.name


def test_settings_reach_the_servers(stack: EmbeddedStack) -> None:
    """The settings of the stack are all a service needs."""
    make_topic(stack.settings, "reach")
    assert produce(stack.settings, "reach", b"here") is None

    assert consume(stack.settings, "reach") == b"here"
    assert register(stack.settings, "reach") > 0
    with psycopg.connect(stack.settings.conninfo) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("dsn",)


def test_settings_travel_as_an_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come back as they were, those without a value too."""
    for key in (None, tmp_path / "centre.key"):
        given = Settings(data=tmp_path, sources=tmp_path / "sources.toml", signing_key=key)
        with monkeypatch.context() as patched:
            for name, value in environment(given).items():
                patched.setenv(name, value)

            assert Settings() == given


def test_largest_message_passes(stack: EmbeddedStack) -> None:
    """A record of nearly 20 MB is taken; the limit is the one of the topics' declaration."""
    make_topic(stack.settings, "large")

    assert produce(stack.settings, "large", bytes(MESSAGE_BYTES_MAX - 1000)) is None


def test_undeclared_topic_is_refused(stack: EmbeddedStack) -> None:
    """Writing to a topic that nobody declared does not create it."""
    error = produce(stack.settings, "undeclared", b"lost?")

    assert error is not None
    assert error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_database_wants_its_password(stack: EmbeddedStack, tmp_path: Path) -> None:
    """Being on this machine is not enough to read the central store."""
    passfile = tmp_path / "passfile"
    passfile.write_text("*:*:*:dsn:wrong\n")
    passfile.chmod(0o600)
    conninfo = f"host=127.0.0.1 port={stack.ports.postgres} dbname=dsn user=dsn passfile={passfile}"

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(conninfo)


def test_passwords_are_ours_alone(stack: EmbeddedStack) -> None:
    """Nobody else on the machine can read the passwords, or look into the data folder."""
    assert stack.postgres.passfile.stat().st_mode & 0o077 == 0
    assert stack.data.stat().st_mode & 0o066 == 0


def test_database_checks_its_pages(stack: EmbeddedStack) -> None:
    """A page that the disk changed is noticed, and what is committed is on disk."""
    with psycopg.connect(stack.settings.conninfo) as connection:
        for setting in ("data_checksums", "fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


@pytest.mark.parametrize("name", ["kafka", "registry", "postgres"])
def test_killed_server_comes_back(stack: EmbeddedStack, name: str) -> None:
    """A killed server starts again on the same address, with nothing of it left before."""
    server = next(server for server in stack.servers if server.name == name)
    before = server.identity
    assert before is not None
    workers = children(before.pid)

    server.kill()
    assert not server.is_alive()
    assert not server.probe()
    assert not any(worker.is_alive() for worker in workers)

    server.start()
    server.wait_ready()
    assert server.identity not in (None, before)


def test_folder_is_refused_to_a_second_stack(stack: EmbeddedStack) -> None:
    """Two stacks never share a folder."""
    with pytest.raises(Busy, match="in use by another process"):
        EmbeddedStack(data=stack.data).start()
    assert stack.kafka.is_alive()


def test_restart_keeps_everything(tmp_path: Path) -> None:
    """Records, rows and schema ids are there after a restart, a kill, and at the same address."""
    with EmbeddedStack(data=tmp_path) as first:
        settings = first.settings
        make_topic(settings, "kept")
        assert produce(settings, "kept", b"for ever") is None
        schema_id = register(settings, "kept")
        with psycopg.connect(settings.conninfo) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        first.registry.kill()
        owned = [server.identity for server in first.servers]

    assert not any(identity.is_alive() for identity in owned if identity)
    assert read(tmp_path) is None

    with EmbeddedStack(data=tmp_path) as second:
        assert second.settings == settings
        assert consume(settings, "kept") == b"for ever"
        assert register(settings, "another") == schema_id
        with psycopg.connect(settings.conninfo) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


def test_failing_server_shows_its_log(tmp_path: Path) -> None:
    """When a server cannot start, the error names it and shows its own last words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotReady) as caught:
            EmbeddedStack(data=tmp_path, ports={"postgres": port}).start()

    assert caught.value.server == "postgres"
    assert "could not bind" in str(caught.value)
    assert read(tmp_path) is None


def test_half_made_database_is_made_again(tmp_path: Path) -> None:
    """Dying while the database is made leaves nothing that the next start trips over."""
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Postgres(folder=tmp_path / "postgres", log=tmp_path / "log", port=port)
    try:
        server.start()
        server.wait_ready()
    finally:
        server.stop()


class Silent(Server):
    """A server that runs, says something, and never answers."""

    def command(self) -> Sequence[str]:
        return ["/bin/sh", "-c", "echo still thinking; exec sleep 60"]

    def prepare(self) -> None:
        return

    def probe(self) -> bool:
        return False


def test_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Waiting has a deadline, and its end shows what the server said."""
    server = Silent("silent", log=tmp_path / "log")
    server.start()
    try:
        with pytest.raises(NotReady, match=r"(?s)did not answer within 0.5 s.*still thinking"):
            server.wait_ready(0.5)
    finally:
        server.kill()
