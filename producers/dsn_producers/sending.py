"""What the forwarder does with an outbox: read on, mark, go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsn_producers.errors import Removed
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


def mark_sent(
    file: OutboxFile, position: int, heads: Mapping[int, int], ends: Mapping[int, int] | None = None
) -> None:
    """Keep how far the journal has everything, the last number each partition got, and where."""
    epoch = position // EPOCH_SPAN
    with file.transaction():
        file.put_meta("sent", position)
        file.many("put_head_sent", [(seq, epoch, partition) for partition, seq in heads.items()])
        file.many("put_journal_end", (ends or {}).items())


def journal_ends(file: OutboxFile) -> dict[int, int]:
    """Highest offset the journal confirmed in each partition, as far as it was kept."""
    return dict(file.all("journal_ends"))


def ask_resend(file: OutboxFile, epoch: int, after_seq: int, *, dry_run: bool = False) -> int:
    """Ask the forwarder to send again everything behind a number; how many changes that is.

    Raises ``Removed`` when some of it was confirmed and removed.
    """
    position = position_of(epoch, after_seq)
    with file.transaction():
        row = file.one("receipt", epoch)
        if row is not None and after_seq < row[5]:
            raise Removed(
                f"changes of {file.source} behind {after_seq} of epoch {epoch} were confirmed"
                f" and removed up to {row[5]}: only the centre has them"
            )
        if not dry_run:
            go_back(file, position)
        return _count_after(file, position)


def resend_all(file: OutboxFile, topic_id: str | None = None) -> int:
    """Ask for everything that is held to be sent again, because the journal lost some of it.

    Returns how many changes that is. What is known of the journal's offsets is forgotten: they were
    of a journal that is gone. The new journal's id is kept in the same transaction: dying between
    the two would forget the loss.
    """
    with file.transaction():
        if topic_id is not None:
            file.put_meta("topic_id", topic_id)
        after = before_first_held(file)
        go_back(file, after)
        file.execute("forget_journal_ends")
        file.execute("forget_stores")
        file.execute("forget_told_ends")
        return _count_after(file, after)


def before_first_held(file: OutboxFile) -> int:
    """The position behind which everything is that the outbox holds."""
    row = file.one("first_held")
    return file.meta("sent") if row is None or row[0] is None else int(row[0]) - 1


def _count_after(file: OutboxFile, position: int) -> int:
    row = file.one("count_after", position)
    return 0 if row is None else int(row[0])


def go_back(file: OutboxFile, position: int) -> None:
    """Ask for everything behind ``position``, and not for less than was asked before."""
    asked = file.meta("resend", -1)
    file.put_meta("resend", position if asked < 0 else min(asked, position))


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
