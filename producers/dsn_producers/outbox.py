"""The outbox: an acknowledged message is on this disk, numbered, before anybody is told so.

Group commit: a writer thread takes whatever waits and commits it with one fsync, so that many
connections share the wait for the disk. ``take`` gives a future that is done after that commit.

Called by ``mllp`` and ``feed``. ``forwarder`` sends what is taken and frees it on a receipt.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from dsn_producers import restoring, taking
from dsn_producers.errors import OutboxClosed, OutboxRefused
from dsn_producers.limits import Limits
from dsn_producers.message import Message
from dsn_producers.outbox_file import Counters, OutboxFile, path_of
from dsn_producers.taking import Taken
from dsn_schemas.settings import Settings

log = structlog.get_logger(__name__)

#: One transaction: enough to hide the fsync, short enough (about 15 ms) for those who wait behind.
GROUP_MESSAGES_MAX = 512
GROUP_CHANGES_MAX = 1000
GROUP_BYTES_MAX = 8 * 1024 * 1024
#: What may wait for the writer before ``take`` itself waits.
QUEUE_MESSAGES_MAX = 4096
QUEUE_BYTES_MAX = 256 * 1024 * 1024
#: Seconds ``take`` waits for room in the queue.
QUEUE_S_MAX = 30.0


def now_ms() -> int:
    """The edge's clock: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class _Waiting:
    message: Message
    future: Future[Taken] = field(default_factory=Future)


class Outbox:
    """The outbox of one source in this process; safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        source: str,
        *,
        limits: Limits | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """Open or create it and start its writer. Raises ``OutboxUnusable``."""
        self.source = source
        self.partitions = settings.partitions
        self._limits = limits or Limits()
        self._clock = clock
        path = path_of(settings, source)
        self._file = OutboxFile(path, source=source, partitions=settings.partitions)
        self._reader = OutboxFile(path, source=source, partitions=settings.partitions)
        restoring.doubt(self._file)
        self._reading = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        #: Set after each commit; the forwarder of this process waits for it.
        self.committed = threading.Event()
        self._writer = threading.Thread(target=self._write, name=f"outbox-{source}", daemon=True)
        self._writer.start()

    def take(self, message: Message) -> Future[Taken]:
        """Take a message; done when it is durable, or failed with ``OutboxRefused``.

        Waits while too much waits already. Raises ``OutboxClosed``.
        """
        waiting = _Waiting(message)
        # A sender that went away may cancel its wait, but not what the writer will say.
        waiting.future.set_running_or_notify_cancel()
        with self._changed:
            room = self._changed.wait_for(self._has_room, timeout=QUEUE_S_MAX)
            if self._closed:
                raise OutboxClosed("the edge is stopping: send the message again")
            if not room:
                raise OutboxRefused("the outbox's disk is too slow: send the message again")
            self._waiting.append(waiting)
            self._waiting_bytes += message.size_bytes
            self._changed.notify_all()
        return waiting.future

    def seen(self, digest: bytes) -> bool:
        """Whether a message of this digest was taken before, so that it need not be mapped."""
        with self._reading:
            return taking.seen(self._reader, digest)

    def counters(self) -> Counters:
        """What was made of the messages of this epoch."""
        with self._reading:
            return self._reader.counters(self._reader.epoch)

    def retry_asked(self) -> bool:
        """Whether the centre asks for refused messages to be mapped again."""
        with self._reading:
            return self._reader.one("any_retry") is not None

    def close(self) -> None:
        """Commit what was taken, then close; a later ``take`` raises ``OutboxClosed``."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._writer.join()
        with self._reading:
            self._reader.close()
        self._file.close()

    def _has_room(self) -> bool:
        return self._closed or (
            len(self._waiting) < QUEUE_MESSAGES_MAX and self._waiting_bytes < QUEUE_BYTES_MAX
        )

    def _write(self) -> None:
        while group := self._next_group():
            self._commit(group)

    def _next_group(self) -> list[_Waiting]:
        """What waits, up to the size of a group; empty when closed and done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group: list[_Waiting] = []
            changes = size_bytes = 0
            while self._waiting and _fits(len(group), changes, size_bytes):
                waiting = self._waiting.popleft()
                group.append(waiting)
                changes += len(waiting.message.changes)
                size_bytes += waiting.message.size_bytes
            self._waiting_bytes -= size_bytes
            self._changed.notify_all()
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        """Commit the group, then tell each of its senders; none before all is durable."""
        messages = [waiting.message for waiting in group]
        try:
            taking.check_room(self._file, self._limits, sum(m.size_bytes for m in messages))
            taken = taking.take(self._file, messages, self._clock())
        except Exception as error:  # noqa: BLE001 - whatever it is, the senders must be told
            self._refuse(group, error)
            return
        self.committed.set()
        for waiting, result in zip(group, taken, strict=True):
            waiting.future.set_result(result)

    def _refuse(self, group: list[_Waiting], error: Exception) -> None:
        refused = error if isinstance(error, OutboxRefused) else OutboxRefused(_unforeseen(error))
        log.error(
            "outbox_refused",
            source=self.source,
            reason=refused.reason,
            detail=str(refused),
            messages=len(group),
        )
        for waiting in group:
            waiting.future.set_exception(refused)


def _fits(messages: int, changes: int, size_bytes: int) -> bool:
    return (
        messages < GROUP_MESSAGES_MAX
        and changes < GROUP_CHANGES_MAX
        and size_bytes < GROUP_BYTES_MAX
    )


def _unforeseen(error: Exception) -> str:
    return f"the outbox could not take it ({type(error).__name__}): report it"
