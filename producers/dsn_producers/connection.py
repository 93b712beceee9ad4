"""One MLLP connection: frames in, acknowledgements out, in the order of the messages.

AA says: on this edge's disk, numbered. AE and AR say why not. Whatever one message is, the next
goes on. Called by ``mllp``.
"""

from __future__ import annotations

import asyncio
import itertools
from asyncio import StreamReader, StreamWriter
from concurrent.futures import Future
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from dsn_producers.ack import Header, acknowledgement, header_of
from dsn_producers.errors import OutboxRefused
from dsn_producers.framing import (
    CARRIAGE_RETURN,
    END,
    START,
    Endless,
    Event,
    Frame,
    Framer,
    Garbage,
    Truncated,
)
from dsn_producers.intake import Accepted, Intake
from dsn_producers.limits import Limits
from dsn_producers.message import Rejection
from dsn_producers.outbox import now_ms

log = structlog.get_logger(__name__)

#: Bytes of one read, and of what the operating system's buffer is emptied into.
READ_BYTES = 64 * 1024
#: Messages above this are taken one at a time, ``mllp.LARGE_MAX`` on all connections together:
#: so memory is bounded for all of them.
_LARGE_BYTES = 1024 * 1024
#: Seconds after which FS without its carriage return is taken for an end.
_END_S = 0.2

_TRUNCATED = Rejection(
    refusal="AR", reason="truncated-frame", detail="the end of the frame never came: send it again"
)


class Connection:
    """One sender: a reading half and an answering half with a bounded queue between them."""

    def __init__(
        self,
        reader: StreamReader,
        writer: StreamWriter,
        intake: Intake,
        limits: Limits,
        large: asyncio.Semaphore,
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self._reader = reader
        self._writer = writer
        self._intake = intake
        self._limits = limits
        self._large = large
        self._framer = Framer(limits.kept_bytes_max)
        self._answers: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(
            limits.pipelined_max
        )
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False
        self._holds_large = False
        self._frame_until: float | None = None
        self._source = intake.source.name
        self._zone = ZoneInfo(intake.source.zone)

    async def run(self) -> None:
        """Until the sender leaves, or is too slow, or ``stop``."""
        self._reading = asyncio.create_task(self._read_all())
        answering = asyncio.create_task(self._answer_all())
        try:
            # A sender that takes no answers ends both halves.
            await asyncio.wait({self._reading, answering}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                ending = asyncio.create_task(self._answers.put(None))
                await asyncio.wait({ending, answering}, return_when=asyncio.FIRST_COMPLETED)
                ending.cancel()
            else:
                self._reading.cancel()
            await asyncio.gather(self._reading, answering, return_exceptions=True)
        finally:
            self._reading.cancel()
            answering.cancel()
            self._drop_answers()
            await self._hang_up(at_once=_failed(answering))
        for half in (self._reading, answering):
            self._note_end(half)

    async def _hang_up(self, *, at_once: bool) -> None:
        """Close; a sender that takes nothing would keep a polite close waiting for ever."""
        if not at_once:
            try:
                self._writer.close()
                async with asyncio.timeout(self._limits.read_s_max):
                    await self._writer.wait_closed()
                return
            except (OSError, TimeoutError):
                pass  # it left before us, or takes nothing: the abort below is what remains
        self._writer.transport.abort()

    def stop(self) -> None:
        """Read no further than the message that has begun."""
        self._stopping = True
        if self._reading is not None and not self._framer.inside:
            self._reading.cancel()

    async def _read_all(self) -> None:
        try:
            while not (self._stopping and not self._framer.inside):
                data = await self._read_some()
                slow = data is None and not self._framer.perhaps_ended
                events = self._framer.feed(data) if data else self._framer.finish()
                for event in events:
                    await self._handle(event)
                if data == b"" or slow or any(isinstance(event, Endless) for event in events):
                    return
                await self._mind_size()
        finally:
            self._let_go()

    async def _read_some(self) -> bytes | None:
        """Some bytes; empty when the sender left, None when it was silent for too long."""
        wait_s: float | None = None
        if self._framer.perhaps_ended:
            wait_s = _END_S
        elif self._framer.inside:
            now = asyncio.get_running_loop().time()
            self._frame_until = self._frame_until or now + self._limits.frame_s_max
            wait_s = min(self._limits.read_s_max, max(0.0, self._frame_until - now))
        try:
            async with asyncio.timeout(wait_s):
                return await self._reader.read(READ_BYTES)
        except TimeoutError:
            return None

    async def _mind_size(self) -> None:
        """Wait for a turn before a message grows large; so memory is bounded for all together."""
        if self._framer.pending_bytes > _LARGE_BYTES and not self._holds_large:
            async with asyncio.timeout(self._limits.frame_s_max):
                await self._large.acquire()
            self._holds_large = True

    def _let_go(self) -> None:
        if self._holds_large:
            self._holds_large = False
            self._large.release()

    async def _handle(self, event: Event) -> None:
        self._frame_until = None
        match event:
            case Frame(data) if len(data) > self._limits.message_bytes_max:
                await self._give(data, self._intake.reject(data, _too_large(self._limits)))
            case Frame(data):
                await self._give(data, self._intake.accept(data))
            case Truncated(data):
                await self._give(data, self._intake.reject(data, _TRUNCATED))
            case Endless(head, size_bytes):
                log.warning("message_endless", source=self._source, size_bytes=size_bytes)
                kept = self._limits.kept_bytes_max
                rejection = _rejection_of_size(f"more than {kept} bytes are not kept: split it")
                await self._answers.put(asyncio.create_task(self._refuse(head, rejection)))
            case Garbage(size_bytes):
                log.warning("garbage_skipped", source=self._source, size_bytes=size_bytes)

    async def _give(self, data: bytes, accepted: Future[Accepted]) -> None:
        await self._answers.put(asyncio.create_task(self._answer(header_of(data), accepted)))
        if self._holds_large:
            await self._answers.join()
            self._let_go()

    async def _answer(self, header: Header, accepted: Future[Accepted]) -> bytes:
        """The acknowledgement of a message, made when its fate is on disk."""
        try:
            message = (await asyncio.wrap_future(accepted)).message
            await asyncio.wrap_future(accepted.result().taken)
        except OutboxRefused as error:
            rejection = Rejection(refusal="AR", reason=error.reason, detail=str(error))
            return self._acknowledged(header, rejection)
        if message.rejection is not None:
            log.warning(
                "message_rejected",
                source=self._source,
                reason=message.rejection.reason,
                sha256=message.digest.hex(),
            )
        return self._acknowledged(header, message.rejection)

    async def _refuse(self, head: bytes, rejection: Rejection) -> bytes:
        return self._acknowledged(header_of(head), rejection)

    def _acknowledged(self, header: Header, rejection: Rejection | None) -> bytes:
        return acknowledgement(
            header,
            rejection.refusal if rejection else "AA",
            control_id=f"{now_ms():x}{next(_CONTROL_IDS) % 0x10000:04x}",
            at=datetime.now(self._zone),
            reason=rejection.reason if rejection else "",
            detail=rejection.detail if rejection else "",
        )

    async def _answer_all(self) -> None:
        while (answer := await self._answers.get()) is not None:
            self._writer.write(START + await answer + END + CARRIAGE_RETURN)
            async with asyncio.timeout(self._limits.read_s_max):
                await self._writer.drain()
            self._answers.task_done()

    def _drop_answers(self) -> None:
        while not self._answers.empty():
            answer = self._answers.get_nowait()
            if answer is not None:
                answer.cancel()

    def _note_end(self, half: asyncio.Task[None]) -> None:
        """Say why a half ended, unless the sender just left or we stopped it."""
        if half.cancelled() or (error := half.exception()) is None:
            return
        log.warning("connection_ended", source=self._source, error=type(error).__name__)


def _failed(half: asyncio.Task[None]) -> bool:
    return half.done() and not half.cancelled() and half.exception() is not None


_CONTROL_IDS = itertools.count()


def _rejection_of_size(detail: str) -> Rejection:
    return Rejection(refusal="AR", reason="message-too-large", detail=detail)


def _too_large(limits: Limits) -> Rejection:
    return _rejection_of_size(
        f"more than {limits.message_bytes_max} bytes are kept but not mapped: split it"
    )
