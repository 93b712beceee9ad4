"""Feed files into a source's outbox: the same way as over MLLP, without the network.

Doing it again changes nothing: a message that was taken is recognised by its bytes, so a feed that
was interrupted is simply started again. The edge may run meanwhile, and forwards what is taken.
"""

from __future__ import annotations

import tarfile
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from dsn_producers.errors import EdgeError
from dsn_producers.feed_files import TooLarge, files_of, messages_of
from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.mappers import Kind, kind_of, mapper_of
from dsn_producers.mapping import Mapper
from dsn_producers.message import Message, Rejection, rejected
from dsn_producers.outbox import Outbox, now_ms
from dsn_producers.sources import Source
from dsn_producers.taking import Taken
from dsn_schemas.settings import Settings

log = structlog.get_logger(__name__)

#: Taken and not yet known to be durable: several groups, so that mapping never waits for the disk.
_PENDING_MAX = 2000
#: Seconds for one commit, another process's turn included.
_COMMIT_S_MAX = 60


class UnreadableFile(EdgeError):
    """A file that cannot be read to its end; what was read of it is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResult:
    """What was made of the files so far."""

    #: Bytes of the files read, and of all of them; compressed where they are.
    bytes_read: int = 0
    bytes_total: int = 0
    files: int = 0
    messages: int = 0
    #: Changes: received = numbered + duplicate.
    received: int = 0
    numbered: int = 0
    duplicate: int = 0
    #: Messages kept unmapped, with a reason.
    rejected: int = 0
    #: Messages larger than anything is kept for; they stay in their file only.
    too_large: int = 0


Progress = Callable[[FeedResult], None]


def feed(
    settings: Settings,
    path: Path,
    source: Source,
    progress: Progress = lambda _: None,
    *,
    limits: Limits | None = None,
    mapper_of: Callable[[Kind], Mapper] = mapper_of,
) -> FeedResult:
    """Take every message of a file, or of all files of a folder; durable when it returns.

    Raises ``FileNotFoundError``, ``UnreadableFile``, ``OutboxRefused`` (full: what was taken stays
    taken) and ``OutboxUnusable``.
    """
    limits = limits or Limits()
    files = files_of(path)
    outbox = Outbox(settings, source.name, limits=limits)
    try:
        feeding = _Feeding(outbox, source, limits, progress, mapper_of, files)
        return feeding.run()
    finally:
        outbox.close()


class _Feeding:
    """One feed; results are counted once they are durable."""

    def __init__(
        self,
        outbox: Outbox,
        source: Source,
        limits: Limits,
        progress: Progress,
        mapper_of: Callable[[Kind], Mapper],
        files: list[Path],
    ) -> None:
        self._outbox = outbox
        self._source = source
        self._limits = limits
        self._progress = progress
        self._mapper_of = mapper_of
        self._intakes: dict[Kind, Intake] = {}
        self._files = files
        self._result = FeedResult(bytes_total=sum(f.stat().st_size for f in files))
        self._pending: deque[tuple[Message, Future[Taken]]] = deque()

    def run(self) -> FeedResult:
        for path in self._files:
            self._feed_file(path)
        while self._pending:
            self._settle()
        self._progress(self._result)
        for intake in self._intakes.values():
            intake.close()
        return self._result

    def _feed_file(self, path: Path) -> None:
        before, size_bytes = self._result.bytes_read, path.stat().st_size
        try:
            with path.open("rb", buffering=0) as file:
                for found in messages_of(
                    file,
                    path.name,
                    bytes_max=self._limits.kept_bytes_max,
                    charset=self._source.charset,
                ):
                    self._take(found)
                    self._result = replace(self._result, bytes_read=before + file.tell())
        except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
            raise UnreadableFile(
                f"{path} cannot be read to its end ({type(error).__name__})"
            ) from error
        self._result = replace(
            self._result, bytes_read=before + size_bytes, files=self._result.files + 1
        )

    def _take(self, found: bytes | TooLarge) -> None:
        if isinstance(found, TooLarge):
            log.warning("message_too_large", source=self._source.name)
            self._result = replace(self._result, too_large=self._result.too_large + 1)
            return
        message = self._prepared(found)
        self._pending.append((message, self._outbox.take(message)))
        while len(self._pending) > _PENDING_MAX or (self._pending and self._pending[0][1].done()):
            self._settle()

    def _prepared(self, data: bytes) -> Message:
        kind = kind_of(data)
        if len(data) > self._limits.message_bytes_max and kind == "hl7v2":
            return self._too_large(data, kind)
        intake = self._intakes.get(kind)
        if intake is None:
            mapper = self._mapper_of(kind)
            intake = Intake(self._source, self._outbox, mapper, kind=kind)
            self._intakes[kind] = intake
        return intake.prepared(data)

    def _too_large(self, data: bytes, kind: Kind) -> Message:
        detail = f"more than {self._limits.message_bytes_max} bytes are not mapped: split it"
        return rejected(
            data,
            Rejection(refusal="AR", reason="message-too-large", detail=detail),
            source=self._source,
            kind=kind,
            message_id="",
            captured_at=now_ms(),
            partitions=self._outbox.partitions,
        )

    def _settle(self) -> None:
        message, future = self._pending.popleft()
        taken = future.result(timeout=_COMMIT_S_MAX)
        result = self._result
        self._result = replace(
            result,
            messages=result.messages + 1,
            received=result.received + taken.numbered + taken.duplicate,
            numbered=result.numbered + taken.numbered,
            duplicate=result.duplicate + taken.duplicate,
            rejected=result.rejected + (message.rejection is not None),
        )
        if result.messages % 100 == 0:
            self._progress(self._result)
