"""A real journal for tests: topics, publishing changes, reading the view back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import RecordChange
from dsn_schemas.registry import RegistryIds, register_all
from dsn_schemas.settings import Settings
from dsn_schemas.topics import VIEW, changes_topic, topics
from dsn_schemas.wire import Codec
from support.reading import committed


class Journal:
    """Topics of this contract on a real Kafka."""

    def __init__(self, settings: Settings, establishments: tuple[str, ...] = ("a",)) -> None:
        self.settings = settings
        #: Every change ever published here: what the view must be the fold of.
        self.published: list[RecordChange] = []
        register_all(settings)
        self.codec = Codec(RegistryIds(settings))
        admin = AdminClient({"bootstrap.servers": settings.kafka})
        wanted = topics(settings, establishments)
        created = admin.create_topics(
            [NewTopic(t.name, t.partitions, t.replication, config=t.config) for t in wanted]
        )
        for future in created.values():
            future.result(30)
        self._producer = Producer(
            {"bootstrap.servers": settings.kafka, "enable.idempotence": True, "linger.ms": 5}
        )

    def publish(self, changes: Iterable[RecordChange], establishment: str = "a") -> None:
        """Publish and wait until the broker has them."""
        for change in changes:
            self.published.append(change)
            key = record_key(change.authority, change.number)
            self.put(
                changes_topic(establishment),
                partition_of(key, self.settings.partitions),
                key.encode(),
                self.codec.encode(change),
            )
        assert self._producer.flush(30) == 0

    def make_anew(self, topic: str) -> None:
        """Delete a topic with all it holds, and make it again."""
        admin = AdminClient({"bootstrap.servers": self.settings.kafka})
        for future in admin.delete_topics([topic]).values():
            future.result(30)
        for attempt in range(100):
            again = admin.create_topics([NewTopic(topic, self.settings.partitions, 1)])
            try:
                again[topic].result(30)
                return
            except KafkaException:  # the old one is still being deleted
                assert attempt < 99
                time.sleep(0.1)

    def put(self, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
        self._producer.produce(topic, value, key, partition=partition)
        self._producer.poll(0)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def compacted(self, topic: str) -> dict[bytes, bytes]:
        """The last value of every key, as a reader of committed records sees it now."""
        found: dict[bytes, bytes] = {}
        for key, value in self.records(topic):
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value
        return found

    def records(self, topic: str) -> list[tuple[bytes, bytes | None]]:
        """Every committed record of a topic, partition by partition, to its end."""
        return committed(self.settings.kafka, topic)

    def entries(self) -> dict[bytes, bytes]:
        """The entries of the view."""
        return {k: v for k, v in self.compacted(VIEW).items() if not k.startswith(b"|")}


class Worker:
    """A stream worker as a process of its own."""

    def __init__(self, settings: Settings, log: Path, slot: int = 0, code: str = "") -> None:
        self._settings = settings
        self._log = log
        self._slot = slot
        self._code = code
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment: Mapping[str, str] = {
            **os.environ,
            "DSN_KAFKA": self._settings.kafka,
            "DSN_REGISTRY": self._settings.registry,
            "DSN_DATA": str(self._settings.data),
            "DSN_SLOT": str(self._slot),
        }
        run = (
            f"{self._code}\n"
            "from dsn_streams.worker import main\n"
            "from dsn_schemas.logs import configure\n"
            "from dsn_schemas.settings import Settings\n"
            "configure('streams')\n"
            "main(Settings())"
        )
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", run], env=environment, stdout=log, stderr=log
            )

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout_s: float = 30) -> int:
        assert self.process is not None
        return self.process.wait(timeout_s)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.alive():
            self.signal(signal.SIGKILL)
            self.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")


def wait_until(condition, timeout_s: float, what: str, pause_s: float = 0.25) -> None:  # type: ignore[no-untyped-def]
    """Wait for ``condition()`` to be true; fails with ``what`` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout_s} s still not: {what}"
        time.sleep(pause_s)
