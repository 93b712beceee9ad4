"""From the bytes of a message to its fate, in the order the messages came.

One mapping thread for each source keeps the listener's event loop free; the outbox's writer commits
what it prepared. Called by ``mllp``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from dsn_producers.mapping import Mapper
from dsn_producers.message import Message, Rejection, digest_of, mapped, rejected
from dsn_producers.outbox import Outbox, now_ms
from dsn_producers.sources import Source
from dsn_producers.taking import Taken


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message on its way to the disk."""

    message: Message
    #: Done when it is durable, failed with ``OutboxRefused``.
    taken: Future[Taken]


class Intake:
    """Maps and takes the messages of one source."""

    def __init__(
        self,
        source: Source,
        outbox: Outbox,
        mapper: Mapper,
        *,
        kind: str,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """``kind`` names the format in what is kept of a rejected message: hl7v2 or fhir."""
        self.source = source
        self._outbox = outbox
        self._mapper = mapper
        self._kind = kind
        self._clock = clock
        self._mapping = ThreadPoolExecutor(1, thread_name_prefix=f"mapping-{source.name}")

    def accept(self, data: bytes) -> Future[Accepted]:
        """Map and take a message; in the order of the calls."""
        return self._mapping.submit(self._accept, data)

    def reject(self, data: bytes, rejection: Rejection) -> Future[Accepted]:
        """Keep a message that need not be mapped to know that it cannot be."""
        return self._mapping.submit(self._reject, data, rejection)

    def close(self) -> None:
        """Finish what was given."""
        self._mapping.shutdown()

    def prepared(self, data: bytes) -> Message:
        """The message mapped, unless it was taken before."""
        digest = digest_of(data)
        if self._outbox.seen(digest):
            return Message(digest=digest, seen=True)
        return mapped(
            data,
            source=self.source,
            mapper=self._mapper,
            kind=self._kind,
            captured_at=self._clock(),
            partitions=self._outbox.partitions,
        )

    def _accept(self, data: bytes) -> Accepted:
        message = self.prepared(data)
        return Accepted(message, self._outbox.take(message))

    def _reject(self, data: bytes, rejection: Rejection) -> Accepted:
        message = rejected(
            data,
            rejection,
            source=self.source,
            kind=self._kind,
            message_id="",
            captured_at=self._clock(),
            partitions=self._outbox.partitions,
        )
        return Accepted(message, self._outbox.take(message))
