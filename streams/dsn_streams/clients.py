"""What a lane asks of Kafka and of its disk; the simulation brings its own.

A lane decides in which order they are asked, which is all that makes it right; so it is the same
code over real ones and over simulated ones.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from rocksdict import Cache

from dsn_schemas.asking import described
from dsn_streams.stage import State
from dsn_streams.state import RocksState

Config = dict[str, str | int | float | bool]

#: What is fetched already is there within this time, s.
GATHER_S = 0.02
#: An end is told when nothing came for this long, ms; the client's default is half a second.
END_WAIT_MS = 10
#: Answers of the brokers about topics come in milliseconds or not at all, s.
ASK_S = 30.0


class Produces(Protocol):
    """The part of ``confluent_kafka.Producer`` that takes a record; raises ``KafkaException``."""

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[Any, Any], None] | None = None,
    ) -> None: ...


class TransactionalProducer(Produces, Protocol):
    """What lanes write with."""

    def init_transactions(self, timeout: float) -> None: ...
    def begin_transaction(self) -> None: ...
    def commit_transaction(self, timeout: float) -> None: ...
    def abort_transaction(self, timeout: float) -> None: ...
    def poll(self, timeout: float) -> int: ...


class PlainProducer(Produces, Protocol):
    """What says who claims a lane."""

    def flush(self, timeout: float) -> int: ...


class RestoreConsumer(Protocol):
    """The part of ``confluent_kafka.Consumer`` that a lane restores its state with."""

    def get_watermark_offsets(self, partition: Any, timeout: float) -> tuple[int, int]: ...
    def assign(self, partitions: list[Any]) -> None: ...
    def consume(self, num_messages: int, timeout: float) -> list[Any]: ...
    def close(self) -> None: ...


class KeptState(State, Protocol):
    """Rows with their positions; ``RocksState``."""

    positions: dict[tuple[str, int], int]
    changelog: int
    #: Ids of the topics that positions and changelog are offsets of; kept with each commit.
    topics: dict[str, str]

    def commit(
        self,
        writes: Mapping[bytes, bytes | None],
        positions: Mapping[tuple[str, int], int],
        changelog: int,
        now_s: float,
    ) -> None: ...
    def close(self) -> None: ...


class Clients:
    """The real ones."""

    def producer(self, config: Config) -> TransactionalProducer:
        """A transactional producer."""
        producer: Any = Producer(config)
        return producer  # type: ignore[no-any-return]  # its stubs name other optional arguments

    def plain_producer(self, config: Config) -> PlainProducer:
        """A producer without transactions."""
        producer: Any = Producer(config)
        return producer  # type: ignore[no-any-return]

    def unique(self) -> str:
        """A word that nobody else has, and nobody will have again."""
        return uuid.uuid4().hex

    def consumer(self, config: Config) -> RestoreConsumer:
        """A consumer that assigns by itself."""
        consumer: Any = Consumer(config)
        return consumer  # type: ignore[no-any-return]

    def topic_ids(self, kafka: str, names: Collection[str]) -> dict[str, str]:
        """See ``topic_ids``."""
        return topic_ids(AdminClient({"bootstrap.servers": kafka, "log_level": 3}), names)

    def state(self, path: Path, cache: Cache) -> KeptState:
        """The rows on disk. Raises ``DamagedState``."""
        return RocksState(path, cache, self.now_s())

    def wipe(self, path: Path) -> None:
        """Forget the rows on disk."""
        RocksState.wipe(path)

    def now_s(self) -> float:
        """This machine's clock, seconds since 1970: only to tell a state too old to be caught up."""
        return time.time()


def topic_ids(admin: AdminClient, names: Collection[str]) -> dict[str, str]:
    """The id of each topic that exists: one made anew has another. Raises ``KafkaException``."""
    return {name: str(one.topic_id) for name, one in described(admin, names, ASK_S).items()}
