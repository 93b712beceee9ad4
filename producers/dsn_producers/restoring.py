"""An outbox that was lost or restored from an old copy begins a new epoch.

It would otherwise give numbers the centre knows with other bytes. What was taken since the file was
opened, and before the centre could be asked, stands under such numbers: it moves to the new epoch.
What is older keeps its numbers, because it is what the centre has, or would have had.

The forwarder sends nothing before the centre's word was read, so nothing that moves was ever sent by
this file. A copy made while the centre could not be asked moves what its original sent later: the
centre has it twice then, and what stands is under the new numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from dsn_producers import epochs
from dsn_producers.change import parsed_schema, renumbered, source_prefix, upgraded
from dsn_producers.lock import forwarder_lock, is_held
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile
from dsn_producers.sending import position_of


def doubt(file: OutboxFile) -> None:
    """Note, at opening, from where on numbers are given that the centre may know with other bytes.

    An older note stays: numbers given behind it have not been checked either. While somebody
    forwards the file there is nothing to note: the file was checked at that start, and by now the
    centre may know what is not marked as sent yet. Asked within the transaction, so that a start
    meanwhile finds the note before it checks.
    """
    with file.transaction():
        if file.one("meta", "unverified") is None and not is_held(forwarder_lock(file.path)):
            at = position_of(file.epoch, file.counters(file.epoch).numbered)
            file.put_meta("unverified", at)


def trust(file: OutboxFile) -> None:
    """The centre's word was read, and it knows no number that is not ours."""
    if file.one("meta", "unverified") is not None:
        with file.transaction():
            file.execute("drop_meta", "unverified")


def begin_new_epoch(file: OutboxFile, epoch_told: int) -> int:
    """Begin an epoch greater than any; returns how many changes moved to it.

    1. Keep its number beside the file, so that it is never used again.
    2. Renumber what was taken since the file was opened.
    3. Correct the counters and chains of the epochs it leaves.
    4. Forget what was said: the file does not know what was published after it was copied.
    5. Commit 2 to 4; dying before this uses up an epoch and changes nothing else.
    """
    with file.transaction():
        epoch = max(file.epoch, epochs.newest(file.path), epoch_told) + 1
        epochs.remember(file.path, epoch)  # 1
        since = max(file.meta("unverified"), file.meta("sent"))
        moved = _move(file, since, epoch)  # 2
        _correct(file, moved, epoch)  # 3
        file.execute("forget_items")  # 4
        file.execute("forget_messages")
        file.execute("forget_refused")
        file.execute("drop_meta", "unverified")
        file.put_meta("epoch", epoch)
    return len(moved)  # 5


#: (old position, partition, previous number in the old epoch) of a change that moved.
_Moved = list[tuple[int, int, int]]


def _move(file: OutboxFile, since: int, epoch: int) -> _Moved:
    heads: dict[int, int] = {}
    moved: _Moved = []
    prefix = source_prefix(file.source, epoch)
    rows = file.all("rows_to_renumber", since)
    for seq, row in enumerate(rows, start=1):
        position, partition, previous, captured_at, schema, key, data = row
        if schema != file.own_schema:
            data = upgraded(data, parsed_schema(file.schema_text(schema)))
        data = renumbered(data, prefix, seq, heads.get(partition, 0))
        at = (epoch * EPOCH_SPAN + seq, partition, heads.get(partition, 0), captured_at)
        file.execute("drop_change", position)
        file.execute("put_change", *at, file.own_schema, key, data)
        heads[partition] = seq
        moved.append((position, partition, previous))
    file.many("put_head", [(epoch, partition, seq) for partition, seq in heads.items()])
    return moved


def _correct(file: OutboxFile, moved: _Moved, epoch: int) -> None:
    file.execute("start_counters", epoch)
    file.execute("take_back", -len(moved), -len(moved), epoch)
    left: dict[int, int] = {}
    ends: dict[tuple[int, int], int] = {}
    for position, partition, previous in moved:
        left[position // EPOCH_SPAN] = left.get(position // EPOCH_SPAN, 0) + 1
        ends.setdefault((position // EPOCH_SPAN, partition), previous)
    file.many("take_back", [(count, count, old) for old, count in left.items()])
    file.many("put_head_numbered", _rows(ends))


def _rows(ends: Mapping[tuple[int, int], int]) -> list[tuple[int, int, int]]:
    return [(previous, epoch, partition) for (epoch, partition), previous in ends.items()]
