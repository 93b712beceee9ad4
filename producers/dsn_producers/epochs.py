"""The newest epoch a source ever used, kept beside its outbox and not in it.

An outbox that was moved away or deleted begins a new epoch: were it to begin at epoch 1 and
number 1 again, the centre would take everything for repeats and drop it without a word.
"""

from __future__ import annotations

import os
from pathlib import Path

from dsn_producers.errors import OutboxUnusable


def newest(outbox: Path) -> int:
    """The newest epoch of the outbox at this path; 0 when there never was one.

    Raises ``OutboxUnusable`` when the file beside the outbox does not hold a number.
    """
    path = _beside(outbox)
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except ValueError:
        raise OutboxUnusable(
            f"{path} must hold the newest epoch of the source as a number; write one that is"
            " greater than any the centre has seen"
        ) from None


def remember(outbox: Path, epoch: int) -> None:
    """Keep ``epoch``, on disk before this returns: before the first number is given under it."""
    partial = _beside(outbox).with_suffix(".epoch.new")
    with partial.open("w", encoding="ascii") as file:
        file.write(str(epoch))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(_beside(outbox))
    folder = os.open(outbox.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _beside(outbox: Path) -> Path:
    return outbox.with_suffix(".epoch")
