"""What the forwarder and the receipts do with an outbox: read on, mark, go back, free."""

from __future__ import annotations

from dataclasses import dataclass

from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile


@dataclass(frozen=True, slots=True)
class Row:
    """A numbered change as it waits for the forwarder."""

    #: Its place in the order of numbers: epoch and seq in one.
    position: int
    partition: int
    #: Row of ``schemas`` its body was written with.
    schema: int
    key: bytes
    body: bytes

    @property
    def seq(self) -> int:
        """Its number within its epoch."""
        return self.position % EPOCH_SPAN


def position_of(epoch: int, seq: int) -> int:
    """The place of a number in the order of all numbers of the source."""
    return epoch * EPOCH_SPAN + seq


def rows_after(file: OutboxFile, position: int, count_max: int) -> list[Row]:
    """The next changes behind ``position``, in order, of its epoch only."""
    limit = position_of(position // EPOCH_SPAN + 1, 0)
    return [Row(*row) for row in file.all("rows_after", position, limit, count_max)]


def first_after(file: OutboxFile, position: int) -> int | None:
    """Edge clock (ms) of the first change behind ``position``; None when there is none."""
    row = file.one("first_after", position)
    return None if row is None else int(row[0])


def heads_sent(file: OutboxFile, epoch: int) -> dict[int, int]:
    """The last number sent to each partition."""
    return dict(file.all("heads_sent", epoch))


def mark_sent(file: OutboxFile, position: int, heads: dict[int, int]) -> None:
    """Keep how far the journal has everything, and the last number each partition got."""
    epoch = position // EPOCH_SPAN
    with file.transaction():
        file.put_meta("sent", position)
        file.many("put_head_sent", [(seq, epoch, partition) for partition, seq in heads.items()])


def ask_resend(file: OutboxFile, epoch: int, after_seq: int) -> None:
    """Ask the forwarder to send again everything behind a number.

    Raises ``ValueError`` when some of it was confirmed and removed.
    """
    position = position_of(epoch, after_seq)
    with file.transaction():
        if position < file.meta("trimmed"):
            raise ValueError(
                f"changes of {file.source} behind {after_seq} of epoch {epoch} were confirmed"
                " and removed: only the centre has them"
            )
        file.put_meta("resend", position)


def start_resend(file: OutboxFile) -> bool:
    """Go back as asked, in the forwarder's own thread; False when nobody asked."""
    if file.meta("resend", -1) < 0:
        return False
    with file.transaction():
        after = min(file.meta("resend"), file.meta("sent"))
        epoch = after // EPOCH_SPAN
        file.execute("unsend_later_epochs", epoch)
        found = file.all("previous_after", after, position_of(epoch + 1, 0))
        rows = [(previous, epoch, partition) for partition, previous, _ in found]
        file.many("put_head_sent", rows)
        file.put_meta("sent", after)
        file.execute("drop_meta", "resend")
    return True


def cover(file: OutboxFile, epoch: int, seq: int) -> None:
    """A receipt says that everything up to a number is safe; coverage never goes back."""
    with file.transaction():
        position = position_of(epoch, seq)
        if position > file.meta("covered"):
            file.put_meta("covered", position)


def trim(file: OutboxFile, captured_before: int, count_max: int) -> int:
    """Remove rows that were sent, are covered and were taken before an instant (ms).

    Returns how many, ``count_max`` at most: a long transaction would keep senders waiting.
    """
    with file.transaction():
        limit = min(file.meta("covered"), file.meta("sent"))
        old = file.all("trimmable", limit, count_max, captured_before)
        if not old:
            return 0
        file.many("drop_change", old)
        file.put_meta("trimmed", max(position for (position,) in old))
        return len(old)
