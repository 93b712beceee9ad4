"""Maps refused messages again after a fix: ``dsn quarantine retry`` at the establishment.

A retried message takes the place it was refused at. What it says of an item is numbered now only if
nothing was said of that item since; so an old message never overtakes a newer one, and a bad message
never holds up the ones behind it. They are taken in the order in which they were refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import structlog

from dsn_producers import taking
from dsn_producers.limits import Limits
from dsn_producers.mappers import Kind, kind_of, mapper_of
from dsn_producers.mapping import Mapper
from dsn_producers.message import Message, Rejection, mapped, rejected
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.refused import Refused, bytes_of, refused
from dsn_producers.sources import Source
from dsn_schemas.settings import Settings

log = structlog.get_logger(__name__)

#: Messages a second unless another number is given: an outbox takes some thousands.
RATE = 100
#: Messages mapped again before the edge looks after the rest of its work.
SERVED_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became, or would become, of one message."""

    #: SHA-256 of its bytes, hexadecimal.
    message: str
    source: str
    accepted: bool
    #: Why not, when it is refused again.
    reason: str = ""
    detail: str = ""
    #: Changes of it that are numbered.
    numbered: int = 0
    #: Changes of it that say nothing new, or of whose item something was said since.
    passed_over: int = 0


def waiting(settings: Settings, source: str) -> list[Refused]:
    """What the outbox of a source waits to take. Raises ``OutboxUnusable``."""
    file = _open(settings, source)
    try:
        return refused(file)
    finally:
        file.close()


def retry(
    settings: Settings,
    source: Source,
    *,
    messages: Collection[str] | None = None,
    dry_run: bool,
    rate: int = RATE,
    limits: Limits | None = None,
    mapper_of: Callable[[Kind], Mapper] = mapper_of,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Retried]:
    """Map these messages again (digests, hexadecimal; ``None``: all), at most ``rate`` a second.

    Each is durable when it is told. Stopped anywhere, the rest waits as before. A dry run writes
    nothing. Raises ``OutboxRefused``, ``OutboxUnusable``.
    """
    file = _open(settings, source.name)
    limits, began = limits or Limits(), time.monotonic()
    try:
        chosen = [r for r in refused(file) if messages is None or r.digest.hex() in messages]
        for count, one in enumerate(chosen, start=1):
            try:
                data = bytes_of(file, one)
            except KeyError:
                # A damaged file: nobody else's messages may wait for it.
                yield _lost(source, one)
                continue
            message = _mapped(file, source, one, data, limits, mapper_of)
            if dry_run:
                yield _would(file, source, one, message)
                continue
            taking.check_room(file, limits, message.size_bytes)
            taken = taking.take(file, [message], now_ms())[0]
            # The last number says that the refusal is over.
            numbered = taken.numbered - (message.rejection is None)
            yield _told(source, message, numbered, taken.duplicate)
            ahead_s = count / rate - (time.monotonic() - began)
            if ahead_s > 0:
                wait(ahead_s)
    finally:
        file.close()


def serve(settings: Settings, source: Source, limits: Limits) -> None:
    """Map again some of what the centre asks for. Raises ``OutboxRefused``, ``OutboxUnusable``.

    Dying anywhere leaves what was not tried; trying one twice costs a number.
    """
    file = _open(settings, source.name)
    try:
        asked = {digest.hex() for (digest,) in file.all("retries", SERVED_MAX)}
        for told in retry(settings, source, messages=asked, dry_run=False, limits=limits):
            log.info("message_retried", source=source.name, accepted=told.accepted, why=told.reason)
            _done(file, told.message)
            asked.discard(told.message)
        for message in asked:  # taken or forgotten meanwhile
            _done(file, message)
    finally:
        file.close()


def _done(file: OutboxFile, message: str) -> None:
    with file.transaction():
        file.execute("drop_retry", bytes.fromhex(message))


def _open(settings: Settings, source: str) -> OutboxFile:
    path = path_of(settings, source)
    return OutboxFile(path, source=source, partitions=settings.partitions)


def _mapped(
    file: OutboxFile,
    source: Source,
    one: Refused,
    data: bytes,
    limits: Limits,
    mapper_of: Callable[[Kind], Mapper],
) -> Message:
    """The message as it maps now; of one refused again the detail counts how often it was tried, so
    that the centre hears of each try."""
    kind = kind_of(data)
    now = now_ms()
    if len(data) > limits.message_bytes_max and kind == "hl7v2":
        detail = f"more than {limits.message_bytes_max} bytes are not mapped: split it"
        message = _refused_again(
            data, Rejection(refusal="AR", reason=one.reason, detail=detail), source, one, file, now
        )
        return replace(message, digest=one.digest, retried=True)
    message = mapped(
        data,
        source=source,
        mapper=mapper_of(kind),
        kind=kind,
        captured_at=now,
        partitions=file.partitions,
    )
    if message.rejection is not None:
        message = _refused_again(data, message.rejection, source, one, file, now)
    return replace(message, retried=True)


def _refused_again(
    data: bytes, rejection: Rejection, source: Source, one: Refused, file: OutboxFile, now: int
) -> Message:
    detail = f"{rejection.detail} (retry {one.attempts + 1})"
    return rejected(
        data,
        replace(rejection, detail=detail),
        source=source,
        kind=one.kind,
        message_id="",
        captured_at=now,
        partitions=file.partitions,
    )


def _would(file: OutboxFile, source: Source, one: Refused, message: Message) -> Retried:
    """What a retry would do, by looking only."""
    if message.rejection is not None:
        return _told(source, message, 0, 0)
    known = [file.one("item", change.item) for change in message.changes]
    passed_over = sum(
        row is not None and taking.passed_over(row, change, one.position)
        for row, change in zip(known, message.changes, strict=True)
    )
    return _told(source, message, len(known) - passed_over, passed_over)


def _lost(source: Source, one: Refused) -> Retried:
    return Retried(
        message=one.digest.hex(),
        source=source.name,
        accepted=False,
        reason="not-in-outbox",
        detail="the outbox has lost its bytes: have it sent anew, then abandon this one",
    )


def _told(source: Source, message: Message, numbered: int, passed_over: int) -> Retried:
    rejection = message.rejection
    return Retried(
        message=message.digest.hex(),
        source=source.name,
        accepted=rejection is None,
        reason="" if rejection is None else rejection.reason,
        detail="" if rejection is None else rejection.detail,
        numbered=0 if rejection is not None else numbered,
        passed_over=0 if rejection is not None else passed_over,
    )
