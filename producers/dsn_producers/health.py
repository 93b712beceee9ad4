"""How full and how far behind an outbox is: told in marks, so that the centre can alarm, and by
``dsn status``."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dsn_producers.limits import Limits
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.receipted import unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One outbox, now."""

    #: Numbered changes that no receipt covers.
    unconfirmed: int
    #: Edge clock of the oldest of them, milliseconds; 0 when there is none.
    unconfirmed_since: int
    #: Bytes in use, and the bytes at which messages are refused.
    outbox_bytes: int
    outbox_bytes_max: int
    #: Bytes free on the disk, and the bytes at which messages are refused.
    disk_free_bytes: int
    disk_free_bytes_min: int


def health(file: OutboxFile, limits: Limits) -> Health:
    """What is to say of this outbox now."""
    waiting = unconfirmed(file)
    disk = os.statvfs(file.path.parent)
    reserved = (1 - limits.disk_use_max) * disk.f_blocks * disk.f_frsize
    return Health(
        unconfirmed=waiting.changes,
        unconfirmed_since=waiting.since,
        outbox_bytes=file.used_bytes(),
        outbox_bytes_max=limits.outbox_bytes_max,
        disk_free_bytes=disk.f_bavail * disk.f_frsize,
        disk_free_bytes_min=max(limits.disk_free_bytes_min, int(reserved)),
    )
