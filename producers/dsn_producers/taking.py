"""Taking messages into the outbox: duplicates found, the rest numbered, durable when it returns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dsn_producers.change import Change, body, source_prefix
from dsn_producers.errors import OutboxFull
from dsn_producers.limits import Limits
from dsn_producers.message import Message, withdrawn
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.sending import position_of
from dsn_schemas.statement import day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one message; it is durable when this is returned."""

    #: Changes that got a number.
    numbered: int
    #: Changes that said nothing new.
    duplicate: int
    #: Epoch, and highest number of the source after this message.
    epoch: int
    seq: int


def take(file: OutboxFile, messages: Sequence[Message], captured_at: int) -> list[Taken]:
    """Number the changes of these messages, all in one transaction; ``captured_at`` in ms.

    1. Begin: from here no other process numbers.
    2. Look up each message and item; number what says something new.
    3. Write the ends of the chains and the counters.
    4. Commit, with an fsync; dying before this leaves nothing, and nobody was answered.

    Raises ``OutboxRefused``; then none of them was taken.
    """
    with file.transaction():  # 1, 4
        group = _Group(file, captured_at)
        taken = [group.take(message) for message in messages]  # 2
        group.finish()  # 3
    return taken


def passed_over(known: Sequence[Any], change: Change, place: int | None) -> bool:
    """Whether a change gets no number: it says what its item says already, or it is of a message
    refused at ``place`` and something was said of the item since.

    ``known``: state of the item, and where it was last said.
    """
    return bool(known[0] == change.state or (place is not None and known[1] >= place))


def seen(file: OutboxFile, digest: bytes) -> bool:
    """Whether a message of this digest was taken before; a refused one is worth mapping again."""
    row = file.one("message", digest)
    return row is not None and not row[1]


def check_room(file: OutboxFile, limits: Limits, more_bytes: int) -> None:
    """Raise ``OutboxFull`` unless ``more_bytes`` fit under the quota and on the disk."""
    used = file.used_bytes()
    if used + more_bytes > limits.outbox_bytes_max:
        raise OutboxFull(
            f"the outbox holds {used} of the {limits.outbox_bytes_max} bytes allowed:"
            " see why changes are not confirmed, or raise DSN_EDGE_OUTBOX_BYTES_MAX"
        )
    disk = os.statvfs(file.path.parent)
    free_bytes = disk.f_bavail * disk.f_frsize
    used_part = 1 - disk.f_bavail / max(1, disk.f_blocks)
    # Twice: once in the WAL, once in the file.
    floor_bytes = limits.disk_free_bytes_min + 2 * more_bytes
    if used_part > limits.disk_use_max or free_bytes < floor_bytes:
        raise OutboxFull(
            f"the outbox's disk is {used_part:.0%} full, {free_bytes} bytes free: free space on it"
        )


class _Group:
    """The messages of one transaction, and the ends of the chains while they are numbered."""

    def __init__(self, file: OutboxFile, captured_at: int) -> None:
        self._file = file
        self._captured_at = captured_at
        self._epoch = file.epoch
        self._counters = file.counters(self._epoch)
        self._heads: dict[int, int] = dict(file.all("heads", self._epoch))
        self._moved: set[int] = set()
        self._seq = self._counters.numbered
        row = file.one("last_refused")
        #: Where the latest message that waits for a fix was refused; 0: none waits.
        self._refused = 0 if row is None or row[0] is None else int(row[0])
        self._prefix = source_prefix(file.source, self._epoch)
        #: Messages, the changes they made or would have made, and messages kept unmapped.
        self._counted = self._received = self._rejected = 0
        #: What was taken here, written together at the end: a third less time in SQLite.
        self._messages: dict[bytes, tuple[int, bool]] = {}
        self._items: dict[bytes, tuple[bytes, int]] = {}
        self._changes: list[tuple[object, ...]] = []

    def take(self, message: Message) -> Taken:
        known = self._messages.get(message.digest) or self._file.one("message", message.digest)
        if known is not None and known[1] and message.retried and message.rejection:
            return self._refuse_again(message)
        if known is not None and (message.seen or message.rejection or not known[1]):
            return self._count(message, numbered=0, received=int(known[0]))
        before, received = self._seq, len(message.changes)
        refused_at = self._file.one("refused_at", message.digest) if self._refused else None
        for change in message.changes:
            self._number(change, None if refused_at is None else int(refused_at[0]))
        if refused_at is not None:
            received += self._withdraw(message)
        self._messages[message.digest] = (len(message.changes), message.rejection is not None)
        if message.rejection is not None:
            self._refuse(message)
        return self._count(message, numbered=self._seq - before, received=received)

    def finish(self) -> None:
        self._file.many("put_change", self._changes)
        self._file.many("put_item", [(key, *row) for key, row in self._items.items()])
        self._file.many("put_message", [(key, *row) for key, row in self._messages.items()])
        heads = [(self._epoch, partition, self._heads[partition]) for partition in self._moved]
        self._file.many("put_head", heads)
        before = self._counters
        duplicate = self._received - (self._seq - before.numbered)
        self._file.execute(
            "put_counters",
            before.messages + self._counted,
            before.received + self._received,
            self._seq,
            before.duplicate + duplicate,
            before.rejected + self._rejected,
            self._captured_at,
            self._epoch,
        )
        day = day_of(self._captured_at).isoformat()
        self._file.execute("add_to_day", day, self._received, duplicate, self._rejected)

    def _number(self, change: Change, place: int | None = None) -> None:
        """Number what says something new.

        ``place`` of a message that was refused before: what was said of an item since then stands,
        and what is taken now keeps that place for those that were refused later.
        """
        known = self._items.get(change.item) or self._file.one("item", change.item)
        if known is not None and passed_over(known, change, place):
            if known[1] < (place or self._refused):
                said = self._position(self._seq) if place is None else place
                self._items[change.item] = (change.state, said)
            return
        seq = self._seq = self._seq + 1
        partition = change.partition
        previous = self._heads.get(partition, 0)
        self._heads[partition] = seq
        self._moved.add(partition)
        data = body(self._prefix, seq, previous, self._captured_at, change)
        self._changes.append(
            (self._position(seq), partition, previous, self._captured_at)
            + (self._file.own_schema, change.key, data)
        )
        said = self._position(seq) if place is None else place
        self._items[change.item] = (change.state, said)

    def _position(self, seq: int) -> int:
        return position_of(self._epoch, seq)

    def _refuse(self, message: Message) -> None:
        """Note where a message was refused, and keep the bytes that do not travel."""
        assert message.rejection is not None
        self._refused = self._position(self._seq)
        said = (message.rejection.reason, message.rejection.detail, self._captured_at)
        here = (self._refused, self._refused)
        self._file.execute("put_refused", message.digest, *here, message.kind, *said)
        if message.kept is not None:
            reason = message.rejection.reason
            self._file.execute(
                "put_rejected", message.digest, reason, self._captured_at, message.kept
            )

    def _refuse_again(self, message: Message) -> Taken:
        """A retry that failed: said anew, in a number of its own, under the place it had."""
        assert message.rejection is not None
        before = self._seq
        for change in message.changes:
            self._number(change)
        said = (message.rejection.reason, message.rejection.detail)
        self._file.execute("refuse_again", self._position(self._seq), *said, message.digest)
        received = len(message.changes)
        return self._count(message, numbered=self._seq - before, received=received)

    def _withdraw(self, message: Message) -> int:
        """Say that the refusal is over; how many changes that takes."""
        self._number(withdrawn(message.digest, self._file, self._captured_at))
        self._file.execute("drop_refused", message.digest)
        self._file.execute("drop_rejected", message.digest)
        return 1

    def _count(self, message: Message, *, numbered: int, received: int) -> Taken:
        self._counted += 1
        self._received += received
        self._rejected += message.rejection is not None
        return Taken(
            numbered=numbered, duplicate=received - numbered, epoch=self._epoch, seq=self._seq
        )
