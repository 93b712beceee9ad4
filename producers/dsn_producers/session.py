"""The life of one producer of the forwarder: rows handed over, reports heard, marks sent.

A row is *sent* once the broker confirmed it and all before it; after any failure everything behind
that point is sent again under the same numbers, and the centre drops what it has. While Kafka is
away nothing grows here: rows wait on disk.

A backlog goes in batches with a rest behind each (``pace``), so that others' changes go between.
Between two batches it does the rest: hears the centre (receipts, requests), frees what is old and
covered, and sees by offsets and topic id whether the journal is still the one that confirmed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import structlog

from dsn_producers import folded, sending
from dsn_producers.backoff import Backoff
from dsn_producers.change import parsed_schema, upgraded
from dsn_producers.ending import Ending
from dsn_producers.errors import JournalLost, OutboxRefused, SendFailed
from dsn_producers.filling import Filling
from dsn_producers.health import health
from dsn_producers.hearing import Hearing
from dsn_producers.journal import Journal
from dsn_producers.journal_ends import JournalEnds
from dsn_producers.limits import Limits
from dsn_producers.marks import Marks, mark_of
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile
from dsn_producers.pace import rest_s
from dsn_producers.receiving import Feed, Silence
from dsn_producers.sending import Row
from dsn_producers.window import Window
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec

log = structlog.get_logger(__name__)

#: On their way at once: enough for 15,000/s over a round trip of a second.
IN_FLIGHT_MAX = 20_000
IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024
#: Rows read at a time.
ROWS_MAX = 1000
#: Seconds between two looks for changes that another process took.
LOOK_S = 0.05
#: Seconds without any report after which the state is logged, and after which the client is
#: replaced: one that hangs (librdkafka #4134) never says so.
QUIET_S = 5.0
STALLED_S = 120.0
#: Seconds between two writes of how far we are.
KEEP_S = 0.1
#: Seconds between two foldings of the WAL, which the writer must not pay for.
FOLD_S = 1.0


class Session:
    """The life of one producer."""

    def __init__(
        self,
        file: OutboxFile,
        settings: Settings,
        topic: str,
        codec: Codec,
        frame: bytes,
        journal: Journal,
        *,
        feed: Feed | None = None,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """Without a ``feed`` the centre is not heard. ``monotonic`` in seconds, ``clock`` in
        milliseconds since 1970 UTC."""
        self._file = file
        self._monotonic = monotonic
        self._clock = clock
        self._limits = limits or Limits()
        self._partitions = settings.partitions
        self._topic = topic
        self._codec = codec
        self._frame = frame
        self._journal = journal
        folded.keep_frame(file, frame)
        sending.start_resend(file)
        self._window = Window(file.meta("sent"))
        self._kept = self._window.acked
        self._heads = sending.heads_sent(file, self._epoch)
        self._ends = JournalEnds(sending.journal_ends(file))
        self._hearing = Hearing(file, feed or Silence(), self._limits, clock=clock)
        self._filling = Filling(file, codec, clock=clock)
        self._ending = Ending(file, codec, settings.partitions, clock=clock)
        self._marks = Marks(monotonic())
        self._marks_out = 0
        self._error: str | None = None
        self._confirmed = False
        self._quiet = False
        self._reported = self._kept_at = self._folded_at = self._rests_until = monotonic()

    @property
    def _epoch(self) -> int:
        return self._window.handed // EPOCH_SPAN

    def run(
        self,
        committed: threading.Event,
        stopping: threading.Event,
        backoff: Backoff,
        drain_s_max: float,
    ) -> None:
        """Forward until stopped and empty, or stopped for too long.

        Raises ``SendFailed``, ``JournalLost``, ``Restored``.
        """
        deadline: float | None = None
        while True:
            committed.clear()
            empty = self.step(last=stopping.is_set())
            if self._confirmed:
                backoff.succeeded()
            if stopping.is_set():
                now = self._monotonic()
                deadline = deadline or now + drain_s_max
                if now >= deadline or empty:
                    return
            elif empty:
                committed.wait(LOOK_S)

    def step(self, *, last: bool = False) -> bool:
        """Hand over, hear reports, keep how far we are; ``True`` when nothing is on its way.

        ``last``: the marks cannot wait. Raises ``SendFailed``, ``Restored``.
        """
        now = self._monotonic()
        pause = len(self._window) > 0 and self._marks.forced(now)
        rests = now < self._rests_until and not last
        handed = 0 if pause or rests else self._hand_over(now)
        self._serve(0 if handed else 0.005)
        now = self._monotonic()
        self._keep(now)
        self._watch(now)
        self._listen(now)
        if handed or len(self._window):
            return False
        self._filling.fill(self._produce, self._note)
        self._ending.tell(self._produce, self._note, self._epoch)
        self._send_marks(now, last=last)
        self._turn()
        return not self._marks_out

    def end(self) -> None:
        """Keep what was confirmed, and give up the rest; every record is reported before this ends."""
        self._journal.purge()
        self._journal.flush(2)
        self._keep_now()

    def _hand_over(self, now: float) -> int:
        """Hand the next rows to the producer, as far as there is room; returns how many."""
        window = self._window
        before = window.handed
        if len(window) + ROWS_MAX > IN_FLIGHT_MAX or window.size_bytes > IN_FLIGHT_BYTES_MAX:
            return 0
        rows = sending.rows_after(self._file, window.handed, ROWS_MAX)
        handed = 0
        for row in rows:
            report = partial(self._report, row.position, self._ends.known(row.partition))
            self._produce(row.key, self._value(row), row.partition, report)
            window.add(row.position, row.partition, len(row.body))
            self._heads[row.partition] = row.seq
            handed += 1
            if window.size_bytes > IN_FLIGHT_BYTES_MAX:
                break
        if len(rows) == ROWS_MAX:
            self._rests_until = now + self._rest_s(before, handed)
        return len(rows)

    def _rest_s(self, before: int, count: int) -> float:
        """How long to rest behind ``count`` changes of a backlog; not at its end."""
        first = sending.first_after(self._file, before)
        following = sending.first_after(self._file, self._window.handed)
        return 0.0 if first is None or following is None else rest_s(count, following - first)

    def _value(self, row: Row) -> bytes:
        if row.schema == self._file.own_schema:
            return self._frame + row.body
        return self._frame + upgraded(row.body, _parsed(self._file.schema_text(row.schema)))

    def _produce(
        self, key: bytes, value: bytes, partition: int, report: Callable[[object, object], None]
    ) -> None:
        for _ in range(100):
            try:
                self._journal.produce(
                    self._topic, value=value, key=key, partition=partition, on_delivery=report
                )
                return
            except BufferError:
                self._serve(0.1)
        raise SendFailed("the producer's queue stayed full for 10 s")

    def _report(self, position: int, end: int, error: object, record: object) -> None:
        if error is None:
            self._window.written(position)
            self._ends.reached(record, end)
        self._note(error)

    def _report_mark(self, end: int, error: object, record: object) -> None:
        self._marks_out -= 1
        if error is None:
            self._ends.reached(record, end)
        self._note(error)

    def _note(self, error: object) -> None:
        self._reported = self._monotonic()
        if error is None:
            self._confirmed = True
        else:
            self._error = self._error or str(error)

    def _serve(self, timeout_s: float) -> None:
        self._journal.poll(timeout_s)
        if self._ends.lost is not None:
            lost, self._ends = self._ends.lost, JournalEnds({})
            count = sending.resend_all(self._file)
            raise JournalLost(f"{lost}: {count} changes go again")
        if self._error is not None:
            raise SendFailed(self._error)

    def _listen(self, now: float) -> None:
        try:
            self._hearing.listen(now, answers=self._confirmed and not self._quiet)
        except JournalLost:
            self._ends = JournalEnds({})  # of a journal that is gone: not to be kept at the end
            raise

    def _keep(self, now: float) -> None:
        if now - self._kept_at >= KEEP_S:
            self._kept_at = now
            self._keep_now()
        if now - self._folded_at >= FOLD_S:
            self._folded_at = now
            try:
                self._file.checkpoint()
            except OutboxRefused as error:
                log.warning("outbox_not_folded", source=self._file.source, reason=error.reason)

    def _keep_now(self) -> None:
        ends = self._ends.moved()
        if self._window.acked <= self._kept and not ends:
            return
        try:
            sending.mark_sent(self._file, self._window.acked, self._window.heads, ends)
            self._kept = self._window.acked
            self._ends.keep(ends)
        except OutboxRefused as error:
            # A full disk must not stop what empties it; forgetting this costs a resend.
            log.warning("progress_not_kept", source=self._file.source, reason=error.reason)

    def _watch(self, now: float) -> None:
        """Say when Kafka stops answering and when it answers again; end a session that hangs."""
        waits = len(self._window) + self._marks_out
        if not waits or now - self._reported < QUIET_S:
            if self._quiet:
                self._quiet = False
                log.info("forwarding_resumed", source=self._file.source)
            if not waits:
                self._reported = now
            return
        if not self._quiet:
            self._quiet = True
            log.warning("forwarding_waits", source=self._file.source, records=waits)
        if now - self._reported >= STALLED_S:
            raise SendFailed(f"no report for {STALLED_S:.0f} s")

    def _send_marks(self, now: float, *, last: bool) -> None:
        """Tell every partition how far the source has come; only while nothing is on its way."""
        counters = self._file.counters(self._epoch)
        seq = self._window.acked % EPOCH_SPAN
        progress = (self._epoch, seq, counters)
        if self._marks_out or not self._marks.due(now, progress, last=last):
            return
        self._keep_now()
        said = health(self._file, self._limits)
        for partition in range(self._partitions):
            mark = mark_of(
                self._file.source,
                self._epoch,
                seq,
                previous=self._heads.get(partition, 0),
                counters=counters,
                health=said,
                now_ms=self._clock(),
            )
            self._marks_out += 1
            key = self._file.source.encode()
            report = partial(self._report_mark, self._ends.known(partition))
            self._produce(key, self._codec.encode(mark), partition, report)

    def _turn(self) -> None:
        """Between two batches: go back when asked to, or on to the next epoch."""
        if self._file.meta("resend", -1) >= 0:
            self._keep_now()
            sending.start_resend(self._file)
            self._begin_at(self._file.meta("sent"))
        elif self._file.epoch > self._epoch and self._is_over():
            # Numbers of epochs may have holes: what stands beside the outbox, or what the centre
            # told, can be far above ours.
            epoch = self._file.next_epoch(self._epoch) or self._file.epoch
            self._window.skip_to(sending.position_of(epoch, 0))
            self._keep_now()
            self._begin_at(self._window.acked)

    def _is_over(self) -> bool:
        """Whether all of the window's epoch is written and marked. Marks alone do not say so: in the
        middle of a backlog they are sent as well."""
        acked = self._window.acked
        told = self._marks.told(acked % EPOCH_SPAN)
        return told and not sending.rows_after(self._file, acked, 1)

    def _begin_at(self, position: int) -> None:
        log.info("forwarding_from", source=self._file.source, position=position)
        self._window = Window(position)
        self._kept = position
        self._heads = sending.heads_sent(self._file, self._epoch)


@cache
def _parsed(schema: str) -> Any:
    return parsed_schema(schema)
