"""What the forwarder does with the centre's words, and with what they allow to be freed.

A full disk stops none of it: what could not be kept now is said again within a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from dsn_producers import receipted, restoring, sending
from dsn_producers.errors import JournalLost, OutboxRefused, Restored
from dsn_producers.health import health
from dsn_producers.limits import Limits
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipted import Served
from dsn_producers.receipts import Finding, Word
from dsn_producers.receiving import Feed
from dsn_schemas.records import ResendRequest, RetryRequest

log = structlog.get_logger(__name__)

#: Seconds between two looks for words, for another journal, and for rows to free.
HEAR_S = 0.2
TOPIC_S = 5.0
FREE_S = 10.0
#: Rows freed at a time: some milliseconds, for which those who take messages wait.
FREE_MAX = 2000
#: Seconds in which everything the centre ever said can be read, over a line of 64 kbit/s as well.
CATCH_UP_S = 30.0

#: Freed pages that stay in the file, to be used again, as long as its disk has room.
REUSABLE_BYTES_MAX = 64 * 1024 * 1024
#: Pages given back to the disk at a time: some milliseconds.
GIVE_BACK_PAGES = 1000

_DAY_MS = 24 * 3600 * 1000


def catch_up(file: OutboxFile, feed: Feed) -> None:
    """Before anything is sent: hear what the centre knows, and whether the journal is still ours.

    1. Judge the receipts and serve the requests that still hold.
    2. Compare the journal's id with the one that was written to.
    3. From here the numbers given since the file was opened are known to be new.

    Raises ``NotHeard``, ``Restored``, ``JournalLost``, ``OutboxRefused``.
    """
    take_words(file, feed.catch_up(CATCH_UP_S))  # 1
    check_journal(file, feed)  # 2
    restoring.trust(file)  # 3


def take_words(file: OutboxFile, words: Iterable[Word]) -> None:
    """Do what the centre says. Raises ``Restored``, ``OutboxRefused``."""
    newest: Restored | None = None
    for word in words:
        if isinstance(word, ResendRequest):
            _serve(file, word)
        elif isinstance(word, RetryRequest):
            if count := receipted.note_retry(file, word):
                log.warning("retry_requested", source=file.source, messages=count)
        elif receipted.take_receipt(file, word) is Finding.RESTORED:
            newest = Restored(word.epoch, max(word.seen, word.seq))
    if newest is not None:
        raise newest


def check_journal(file: OutboxFile, feed: Feed) -> None:
    """Raise ``JournalLost`` when the topic is not the one that confirmed what was sent."""
    found = feed.topic_id()
    if found is None:
        return
    row = file.one("meta", "topic_id")
    known = None if row is None else str(row[0])
    if known == found:
        return
    if known is None:
        with file.transaction():
            file.put_meta("topic_id", found)
        return
    count = sending.resend_all(file, found)
    raise JournalLost(f"its topic was made anew ({found}, not {known}): {count} changes go again")


class Hearing:
    """The words of one session."""

    def __init__(
        self, file: OutboxFile, feed: Feed, limits: Limits, *, clock: Callable[[], int] = now_ms
    ) -> None:
        self._file = file
        self._feed = feed
        self._limits = limits
        self._clock = clock
        self._keep_ms = int(limits.outbox_keep_days * _DAY_MS)
        self._heard = self._looked = self._freed = 0.0

    def listen(self, now: float, *, answers: bool) -> None:
        """Hear and do what is due; ``answers``: the journal answers, so it can be asked for its id.

        Raises ``Restored``, ``JournalLost``, ``NotHeard``.
        """
        try:
            if now - self._heard >= HEAR_S:
                self._heard = now
                take_words(self._file, self._feed.poll())
                restoring.trust(self._file)
            if answers and now - self._looked >= TOPIC_S:
                self._looked = now
                check_journal(self._file, self._feed)
            if now - self._freed >= FREE_S:
                gone = receipted.free(self._file, self._clock() - self._keep_ms, FREE_MAX)
                more = give_back(self._file, self._limits)
                self._freed = self._freed if gone or more else now
                if gone or more:
                    self._file.checkpoint()
        except OutboxRefused as error:
            log.warning("word_not_kept", source=self._file.source, reason=error.reason)


def give_back(file: OutboxFile, limits: Limits) -> bool:
    """Give freed pages back to the disk where they are many or it is short; whether some remain.

    Without it an outbox that refused because its disk was full would refuse for ever: the file
    would keep the room of what was freed, and nobody would see it.
    """
    reusable = file.reusable_bytes()
    said = health(file, limits)
    short = said.disk_free_bytes < 2 * said.disk_free_bytes_min
    if not reusable or (reusable <= REUSABLE_BYTES_MAX and not short):
        return False
    file.give_back(GIVE_BACK_PAGES)
    return 0 < file.reusable_bytes() < reusable


def _serve(file: OutboxFile, request: ResendRequest) -> None:
    served = receipted.serve(file, request)
    if served is Served.NOTHING:
        return
    said = log.error if served is Served.GONE else log.warning
    said(
        "resend_requested",
        source=file.source,
        epoch=request.epoch,
        after=request.after,
        upto=request.upto,
        outcome=served.value,
    )
