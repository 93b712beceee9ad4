"""Publishes a source's outbox to the journal, in order, under the numbers it has.

One thread for each source, one session after another: a session is the life of one producer, and a
failure ends it. Called by ``edge``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaException

from dsn_producers import restoring
from dsn_producers.backoff import Backoff
from dsn_producers.errors import OutboxRefused, Restored, SendFailed
from dsn_producers.hearing import catch_up
from dsn_producers.journal import Journal, kafka_journal
from dsn_producers.limits import Limits
from dsn_producers.lock import Lock, forwarder_lock
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.receiving import Feed, KafkaFeed, NotHeard
from dsn_producers.session import Session
from dsn_producers.sources import Source
from dsn_schemas.registry import RegistryIds, RegistryUnreachable
from dsn_schemas.settings import Settings
from dsn_schemas.topics import changes_topic
from dsn_schemas.wire import Codec, Ids

log = structlog.get_logger(__name__)


class Forwarder:
    """The forwarder of one source; ``start`` it, ``stop`` it, watch ``failure``."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        *,
        committed: threading.Event | None = None,
        ids: Ids | None = None,
        journal: Callable[[Settings], Journal] = kafka_journal,
        feed: Callable[[Settings, Source], Feed] = KafkaFeed,
        limits: Limits | None = None,
        drain_s_max: float = 10.0,
    ) -> None:
        """``committed`` is set when this process took something; raises ``EdgeError`` when another
        process forwards this source already, ``OutboxUnusable``."""
        self._settings = settings
        self._source = source
        self._topic = changes_topic(source.establishment)
        self._committed = committed or threading.Event()
        self._ids = ids
        self._journal_of = journal
        self._feed_of = feed
        self._limits = limits or Limits()
        self._drain_s_max = drain_s_max
        path = path_of(settings, source.name)
        self._lock = Lock(forwarder_lock(path))
        try:
            self._file = OutboxFile(
                path, source=source.name, partitions=settings.partitions, durable=False
            )
        except BaseException:
            self._lock.release()
            raise
        self._stopping = threading.Event()
        #: What ended the thread other than ``stop``.
        self.failure: BaseException | None = None
        # A daemon: an edge that ends by mistake ends, and all that matters is on disk.
        self._thread = threading.Thread(
            target=self._run, name=f"forwarder-{source.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def stop(self) -> None:
        """Send what is ready, for a bounded time, then end; the rest waits on disk."""
        self._stopping.set()
        self._committed.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._forward()
        except BaseException as error:  # noqa: BLE001 - the edge ends because of it, see failure
            self.failure = error
            log.error("forwarder_failed", source=self._source.name, error=type(error).__name__)
        finally:
            self._file.close()
            self._lock.release()

    def _forward(self) -> None:
        """One session after another until stopped; each begins behind what is confirmed."""
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                self._session(backoff)
            except Restored as error:
                self._begin_new_epoch(error)
            except _AGAIN as error:
                delay_s = backoff.next_delay_s()
                log.warning(
                    "forwarding_failed",
                    source=self._source.name,
                    error=_said(error),
                    retry_s=round(delay_s, 1),
                )
                self._stopping.wait(delay_s)

    def _session(self, backoff: Backoff) -> None:
        """One producer, and one reader of what the centre says.

        1. Hear all the centre has said: nothing is sent before it is known to be new.
        2. Send, and go on hearing.
        """
        codec = Codec(self._ids or RegistryIds(self._settings))
        frame = codec.frame_of("RecordChange")
        feed = self._feed_of(self._settings, self._source)
        try:
            catch_up(self._file, feed)  # 1
            journal = self._journal_of(self._settings)
            session = Session(
                *(self._file, self._settings, self._topic, codec, frame, journal),
                feed=feed,
                limits=self._limits,
            )
            try:
                session.run(self._committed, self._stopping, backoff, self._drain_s_max)  # 2
            finally:
                session.end()
        finally:
            feed.close()

    def _begin_new_epoch(self, found: Restored) -> None:
        """Over a connection that is durable: an epoch must not be forgotten once it is used."""
        path = path_of(self._settings, self._source.name)
        file = OutboxFile(path, source=self._source.name, partitions=self._settings.partitions)
        try:
            moved = restoring.begin_new_epoch(file, found.epoch)
            epoch = file.epoch
        finally:
            file.close()
        log.error(
            "outbox_was_restored",
            source=self._source.name,
            why=str(found),
            epoch=epoch,
            changes_moved=moved,
        )


#: What passes, or is mended by sending again.
_AGAIN = (SendFailed, NotHeard, KafkaException, RegistryUnreachable, OutboxRefused)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
