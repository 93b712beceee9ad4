"""Closes a hole that nobody can fill any more: in the place of the lost changes stands a rejected
message with the operator's reason.

So the hole has a fate that everybody can see (quarantine), the chain of its partition is whole
again, and what is complete can go on. Only the edge can do it: nobody else writes to its topic.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from dsn_producers import receipted
from dsn_producers.errors import OutboxRefused
from dsn_producers.message import EDGE_AUTHORITY
from dsn_producers.outbox import now_ms
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipted import Fill
from dsn_schemas.keys import record_key
from dsn_schemas.records import RecordChange, RejectedMessage
from dsn_schemas.wire import Codec

log = structlog.get_logger(__name__)

#: Reason class of a hole that was explained.
REASON = "number-lost"

#: As ``Session`` produces: key, value, partition, what to call with the outcome.
Produce = Callable[[bytes, bytes, int, Callable[[object, object], None]], None]


class Filling:
    """The holes of one session; each is published until it is confirmed once."""

    def __init__(
        self, file: OutboxFile, codec: Codec, *, clock: Callable[[], int] = now_ms
    ) -> None:
        self._file = file
        self._codec = codec
        self._clock = clock
        self._out: set[Fill] = set()
        self._done: list[Fill] = []

    def fill(self, produce: Produce, note: Callable[[object], None]) -> None:
        """Publish what is to be filled, and forget what is confirmed."""
        if self._done:
            try:
                receipted.filled(self._file, self._done)
                self._done = []
            except OutboxRefused as error:
                # A full disk must not stop what empties it; forgetting this costs a repeat.
                log.warning("fill_not_kept", source=self._file.source, reason=error.reason)
        for fill in receipted.fills(self._file):
            if fill not in self._out:
                self._out.add(fill)
                key = record_key(EDGE_AUTHORITY, self._file.source).encode()
                value = self._codec.encode(change_of_fill(fill, self._file.source, self._clock()))
                produce(key, value, fill.partition, partial(self._report, fill, note))

    def _report(self, fill: Fill, note: Callable[[object], None], error: object, _: object) -> None:
        if error is None:
            self._done.append(fill)
        note(error)


def change_of_fill(fill: Fill, source: str, at: int) -> RecordChange:
    """The rejected message under the last number that is missing, behind the last that is not."""
    detail = f"numbers above {fill.after} up to {fill.upto} of partition {fill.partition} are lost"
    return RecordChange(
        source=source,
        epoch=fill.epoch,
        seq=fill.upto,
        previous=fill.after,
        authority=EDGE_AUTHORITY,
        number=source,
        section="rejected",
        item=f"lost-{fill.epoch}-{fill.partition}-{fill.upto}",
        entry="",
        op="upsert",
        status="",
        occurred_at=at,
        captured_at=at,
        content=RejectedMessage(reason=REASON, detail=f"{detail}: {fill.reason}"),
    )
