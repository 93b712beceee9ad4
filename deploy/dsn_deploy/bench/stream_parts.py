"""Where the time of a merge goes: the neighbours of a lane with a clock in front of each.

The clock is the CPU time of the thread that works, so waiting for the broker costs nothing; what
client and database do in threads of their own is the rest of the process.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rocksdict import Cache

from dsn_streams.clients import Clients, Config, KeptState, TransactionalProducer


class Parts:
    """CPU seconds of the working thread, by part."""

    def __init__(self) -> None:
        self.cpu_s: defaultdict[str, float] = defaultdict(float)

    def total_s(self) -> float:
        """Of every part so far."""
        return sum(self.cpu_s.values())

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Charge what happens inside to ``name``."""
        began = time.thread_time()
        try:
            yield
        finally:
            self.cpu_s[name] += time.thread_time() - began


class TimedClients(Clients):
    """The real ones, timed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def producer(self, config: Config) -> TransactionalProducer:
        return _Producer(super().producer(config), self._parts)

    def state(self, path: Path, cache: Cache) -> KeptState:
        return _State(super().state(path, cache), self._parts)


class _Producer:
    """Only the two ends of a transaction are timed: a clock at each record would be most of it."""

    def __init__(self, inner: TransactionalProducer, parts: Parts) -> None:
        self._inner, self._parts = inner, parts
        self.init_transactions = inner.init_transactions
        self.abort_transaction = inner.abort_transaction
        self.produce = inner.produce
        self.poll = inner.poll
        self._began = 0.0

    def begin_transaction(self) -> None:
        self._inner.begin_transaction()
        self._began = time.thread_time()

    def commit_transaction(self, timeout: float) -> None:
        self._parts.cpu_s["produce"] += time.thread_time() - self._began
        with self._parts.of("flush"):
            self._inner.commit_transaction(timeout)
        self._began = time.thread_time()


class _State:
    def __init__(self, inner: KeptState, parts: Parts) -> None:
        self._inner, self._parts = inner, parts
        self.scan: Callable[[bytes], Iterator[tuple[bytes, bytes]]] = inner.scan
        self.close = inner.close

    @property
    def positions(self) -> dict[tuple[str, int], int]:
        return self._inner.positions

    @positions.setter
    def positions(self, value: dict[tuple[str, int], int]) -> None:
        self._inner.positions = value

    @property
    def changelog(self) -> int:
        return self._inner.changelog

    @changelog.setter
    def changelog(self, value: int) -> None:
        self._inner.changelog = value

    @property
    def topics(self) -> dict[str, str]:
        return self._inner.topics

    @topics.setter
    def topics(self, value: dict[str, str]) -> None:
        self._inner.topics = value

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        with self._parts.of("state get"):
            return self._inner.get_many(keys)

    def commit(self, writes: Mapping[bytes, bytes | None], *rest: Any) -> None:
        with self._parts.of("state put"):
            self._inner.commit(writes, *rest)
