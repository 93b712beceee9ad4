"""Says where an epoch ended of which the centre knows more than this outbox.

An outbox that was lost or restored from an old copy goes on in a new epoch (``restoring``). The numbers
that the centre had of the old one and this outbox has not can never be vouched for by the marks it
would send: what is *complete* of that epoch would stay behind what was seen for ever. So each partition
gets a last mark of it: nothing follows the highest number the centre knows. What arrived is complete
then; what a later number shows to be missing stays a gap until somebody explains it; and what nobody
saw arrive is *unexplained* in the ledger, number by number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from dsn_producers import receipted
from dsn_producers.errors import OutboxRefused
from dsn_producers.filling import Produce
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipted import End
from dsn_schemas.marks import bare_mark
from dsn_schemas.wire import Codec

log = structlog.get_logger(__name__)


class Ending:
    """The ends of one session; each is told until every partition confirmed it once."""

    def __init__(
        self,
        file: OutboxFile,
        codec: Codec,
        partitions: int,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._file = file
        self._codec = codec
        self._partitions = partitions
        self._clock = clock
        #: Partitions that have not confirmed it yet.
        self._out: dict[End, set[int]] = {}

    def tell(self, produce: Produce, note: Callable[[object], None], before: int) -> None:
        """Publish the ends of epochs before this one, and keep which are confirmed."""
        for end in receipted.ends(self._file):
            if end.epoch >= before:
                continue  # some of what this outbox has of it may still have to be sent
            if end not in self._out:
                self._publish(end, produce, note)
            elif not self._out[end]:
                try:
                    receipted.ended(self._file, end)
                except OutboxRefused as error:
                    # A full disk must not stop what empties it; forgetting this costs a repeat.
                    log.warning("end_not_kept", source=self._file.source, reason=error.reason)

    def _publish(self, end: End, produce: Produce, note: Callable[[object], None]) -> None:
        numbered = self._file.counters(end.epoch).numbered
        log.error(
            "epoch_ended",
            source=self._file.source,
            epoch=end.epoch,
            numbered_here=numbered,
            seen_at_centre=end.seq,
        )
        heads = dict(self._file.all("heads", end.epoch))
        self._out[end] = set(range(self._partitions))
        for number in range(self._partitions):
            # Without counts: those of the lost outbox, which are higher, stand.
            place = (end.epoch, end.seq, heads.get(number, 0))
            value = self._codec.encode(bare_mark(self._file.source, *place, self._clock()))
            produce(
                self._file.source.encode(), value, number, partial(self._report, end, number, note)
            )

    def _report(
        self, end: End, number: int, note: Callable[[object], None], error: object, _: object
    ) -> None:
        if error is None:
            self._out[end].discard(number)
        note(error)
