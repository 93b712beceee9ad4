"""What the centre's words do to an outbox: cover, free, send again, fill.

Called in the forwarder's thread, and by ``status`` for what is not covered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dsn_producers import refused
from dsn_producers.folded import Fold, Frames
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipts import Finding, Known, end_of, judge
from dsn_producers.sending import go_back, position_of
from dsn_schemas.digest_tree import PAYLOAD_BYTES
from dsn_schemas.records import Receipt, ResendRequest, RetryRequest

#: Removed in one transaction, about; SQLite may overwrite what it frees.
FREE_BYTES_MAX = 4 * 1024 * 1024


class Served(Enum):
    """What became of a request."""

    #: Served before, or of numbers this outbox does not have yet.
    NOTHING = "nothing"
    #: What is held of it is sent again.
    RESENT = "resent"
    #: Nothing of it is held any more, and the hole will be filled with the operator's reason.
    FILLED = "filled"
    #: Nothing of it is held any more: only an operator can explain the hole.
    GONE = "gone"


class Fill(NamedTuple):
    """A hole to be filled with a rejected message."""

    epoch: int
    partition: int
    after: int
    upto: int
    reason: str


class End(NamedTuple):
    """The highest number the centre knows of an epoch that an outbox was lost in."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """What no receipt covers."""

    changes: int
    #: Edge clock of the oldest, milliseconds; 0 when there is none.
    since: int


def take_receipt(file: OutboxFile, receipt: Receipt) -> Finding:
    """Keep a receipt. When it shows a new store that has less, ask for the rest to be sent again.

    A receipt that shows a restored outbox is not kept: ``restoring`` has to come first.
    """
    with file.transaction():
        row = file.one("receipt", receipt.epoch)
        known = None if row is None else Known(seq=row[0], store=row[2])
        finding = judge(known, receipt, epoch=file.epoch, numbered=_ours(file))
        if finding is Finding.RESTORED:
            return finding
        said = (receipt.seq, receipt.seen, receipt.store, receipt.issued, receipt.at)
        file.execute("put_receipt", receipt.epoch, *said)
        numbered = file.counters(receipt.epoch).numbered
        end = end_of(receipt, epoch=file.epoch, numbered=numbered)
        if end is not None:
            file.execute("put_end", receipt.epoch, end)
        if finding is Finding.NEW_STORE:
            freed = 0 if row is None else row[5]
            go_back(file, position_of(receipt.epoch, max(receipt.seq, freed)))
    return finding


def _ours(file: OutboxFile) -> int:
    """Highest number of the epoch that the centre can know from us.

    What was taken since the file was opened, and not sent, the centre cannot know: a restored outbox
    that has given as many numbers again as were lost would otherwise pass for a whole one.
    """
    numbered = file.counters(file.epoch).numbered
    doubted = file.meta("unverified", -1)
    if doubted < 0:
        return numbered
    known = max(doubted, file.meta("sent")) - position_of(file.epoch, 0)
    return max(0, min(numbered, known))


def serve(file: OutboxFile, request: ResendRequest) -> Served:
    """Serve a request once: send again what is held of it, or note the hole to be filled."""
    with file.transaction():
        if not _is_new(file, request):
            return Served.NOTHING
        if request.epoch > file.epoch:
            return Served.NOTHING
        after = position_of(request.epoch, request.after)
        end = position_of(request.epoch + 1, 0) - 1
        upto = position_of(request.epoch, request.upto) if request.upto else end
        if file.one("holds", after, upto, request.partition, request.partition):
            row = file.one("receipt", request.epoch)
            freed = 0 if row is None else row[5]
            go_back(file, max(after, position_of(request.epoch, freed)))
            return Served.RESENT
        if not request.fill or request.partition < 0 or request.upto <= request.after:
            return Served.GONE
        place = (request.epoch, request.partition, request.upto, request.after)
        file.execute("put_fill", *place, request.reason)
    return Served.FILLED


def note_retry(file: OutboxFile, request: RetryRequest) -> int:
    """Keep which messages are to be mapped again, once a request; how many of them wait here."""
    with file.transaction():
        if not _is_new(file, request):
            return 0
        asked = (bytes.fromhex(message) for message in request.messages if _is_digest(message))
        return sum(file.execute("put_retry", digest) for digest in asked)


def _is_new(file: OutboxFile, request: ResendRequest | RetryRequest) -> bool:
    """Whether a request was not served before; notes that it is."""
    store = (file.one("meta", "asked_store") or ("",))[0]
    if store == request.store and request.number <= file.meta("asked"):
        return False
    file.put_meta("asked_store", request.store)
    file.put_meta("asked", request.number)
    return True


def _is_digest(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def fills(file: OutboxFile) -> list[Fill]:
    """Holes to be filled."""
    return [Fill(*row) for row in file.all("fills")]


def filled(file: OutboxFile, done: Sequence[Fill]) -> None:
    """The journal has these."""
    with file.transaction():
        file.many("drop_fill", [(fill.epoch, fill.partition, fill.upto) for fill in done])


def ends(file: OutboxFile) -> list[End]:
    """Ends of epochs that the journal has not been told."""
    return [End(*row) for row in file.all("ends")]


def ended(file: OutboxFile, end: End) -> None:
    """Every partition of the journal has this one."""
    with file.transaction():
        file.execute("told_end", end.seq, end.epoch)


def free(file: OutboxFile, captured_before: int, count_max: int) -> int:
    """Remove rows that were sent, are covered by a receipt and were taken before an instant (ms).

    What makes "twice is once" work stays: the digests of messages and of items; and what the centre's
    word is checked against, a digest for each day and 16 bytes for each change. Returns how many rows
    went, ``count_max`` and some MB at most: a long transaction would keep senders waiting, and what
    is removed is first written to the disk that may be full.
    """
    removed = size_bytes = 0
    with file.transaction():
        sent, carriers, frames = file.meta("sent"), refused.carriers(file), Frames(file)
        for epoch, _, covered, freed in file.all("epochs_numbered"):
            limit = min(position_of(epoch, covered), sent)
            first = position_of(epoch, freed)
            last = first
            rows = file.all("trimmable", first, limit, count_max - removed, captured_before)
            fold = Fold(file, epoch, frames)
            for position, captured_at, schema, body in rows:
                if size_bytes >= FREE_BYTES_MAX:
                    break
                if position in carriers:
                    refused.keep_bytes(file, position)
                payload = fold.add(position - position_of(epoch, 0), captured_at, schema, body)
                schema_id = frames.schema_id(schema)
                file.execute("put_removed", position, schema_id, payload[:PAYLOAD_BYTES])
                file.execute("drop_change", position)
                last, size_bytes, removed = position, size_bytes + len(body), removed + 1
            fold.keep()
            if last > first:
                seq = last - position_of(epoch, 0)
                file.execute("put_freed", seq, epoch, seq)
    return removed


def unconfirmed(file: OutboxFile) -> Unconfirmed:
    """What no receipt covers, over every epoch."""
    changes, since = 0, 0
    for epoch, numbered, covered, _ in file.all("epochs_numbered"):
        if numbered <= covered:
            continue
        changes += numbered - covered
        here = (position_of(epoch, covered), position_of(epoch + 1, 0))
        row = file.one("first_between", *here)
        if row is not None and (not since or row[0] < since):
            since = int(row[0])
    return Unconfirmed(changes=changes, since=since)
