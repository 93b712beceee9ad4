"""The service of an establishment: listeners, outboxes and forwarders of all its sources.

Runs until SIGTERM or SIGINT, then drains: what was acknowledged is on disk, what is on disk is sent
as far as Kafka answers, the rest waits for the next start.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass

import structlog
from prometheus_client import REGISTRY

from dsn_producers import retrying, sources
from dsn_producers.errors import EdgeError, OutboxRefused
from dsn_producers.forwarder import Forwarder
from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.mappers import mapper_of
from dsn_producers.measures import OutboxCollector
from dsn_producers.mllp import Listener
from dsn_producers.outbox import Outbox
from dsn_producers.sources import Source
from dsn_producers.status import SourceStatus, status
from dsn_schemas import metrics
from dsn_schemas.settings import Settings

__all__ = ["SourceStatus", "main", "status"]

log = structlog.get_logger(__name__)

#: Seconds between two looks whether every forwarder lives.
_WATCH_S = 0.5
#: Threads map, write and forward beside the listeners; Python's default of 5 ms for a turn would
#: by itself cost a third of the acknowledgement's time.
_SWITCH_S = 0.001


@dataclass(frozen=True, slots=True)
class _Served:
    """The parts of one source."""

    outbox: Outbox
    forwarder: Forwarder
    intake: Intake
    #: None when the source has no port: it is fed from files.
    listener: Listener | None


class EdgeFailed(EdgeError):
    """A part ended that must not; the supervisor restarts the edge."""


def main(settings: Settings, limits: Limits | None = None) -> None:
    """Serve every source of ``settings.sources`` until told to stop.

    Raises ``SourcesError``, ``OutboxUnusable``, ``Locked``, ``OSError`` (a port is taken) at the
    start, and ``EdgeFailed`` later.
    """
    sys.setswitchinterval(_SWITCH_S)
    asyncio.run(serve(settings, limits or Limits()))


async def serve(settings: Settings, limits: Limits, stopping: asyncio.Event | None = None) -> None:
    """``main`` inside an event loop; ``stopping`` does what SIGTERM does."""
    stopping = stopping or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    served: list[_Served] = []
    outboxes = OutboxCollector(settings, limits)
    REGISTRY.register(outboxes)
    try:
        for source in sources.load(settings.sources):
            served.append(_opened(settings, limits, source))
        await _listen(served)
        metrics.readiness.set("edge", True)
        log.info("edge_started", sources=len(served))
        await _watch(settings, limits, served, stopping)
    finally:
        metrics.readiness.forget("edge")
        REGISTRY.unregister(outboxes)
        await _drain(served)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    log.info("edge_ended")


def _opened(settings: Settings, limits: Limits, source: Source) -> _Served:
    outbox = Outbox(settings, source.name, limits=limits)
    try:
        forwarder = Forwarder(settings, source, committed=outbox.committed, limits=limits)
    except BaseException:
        outbox.close()
        raise
    forwarder.start()
    intake = Intake(source, outbox, mapper_of("hl7v2"), kind="hl7v2")
    return _Served(
        outbox, forwarder, intake, Listener(intake, limits) if source.mllp_port else None
    )


async def _listen(served: list[_Served]) -> None:
    for one in served:
        if one.listener is not None:
            await one.listener.start()


async def _watch(
    settings: Settings, limits: Limits, served: list[_Served], stopping: asyncio.Event
) -> None:
    """See that every forwarder lives, and map again what the centre asks for."""
    while not stopping.is_set():
        await _retry(settings, limits, served)
        for one in served:
            if not one.forwarder.alive:
                error = one.forwarder.failure
                raise EdgeFailed(f"a forwarder ended ({type(error).__name__})") from error
        try:
            async with asyncio.timeout(_WATCH_S):
                await stopping.wait()
        except TimeoutError:
            continue


async def _retry(settings: Settings, limits: Limits, served: list[_Served]) -> None:
    for one in served:
        if one.outbox.retry_asked():
            try:
                await asyncio.to_thread(retrying.serve, settings, one.intake.source, limits)
            except OutboxRefused as error:
                log.warning("retry_waits", source=one.outbox.source, reason=error.reason)


async def _drain(served: list[_Served]) -> None:
    """End every part in the order of a message.

    1. Stop listening; answer what has begun.
    2. Finish mapping, commit.
    3. Send what is on disk, for a bounded time.
    """
    await asyncio.gather(*(one.listener.stop() for one in served if one.listener))  # 1
    for one in served:  # 2
        await asyncio.to_thread(one.intake.close)
        await asyncio.to_thread(one.outbox.close)
    await asyncio.gather(*(asyncio.to_thread(one.forwarder.stop) for one in served))  # 3
