"""``dsn resend`` at the establishment: have the forwarder send again what the outbox holds."""

from __future__ import annotations

from dataclasses import dataclass

from dsn_producers import sending
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile, path_of
from dsn_producers.sending import position_of
from dsn_schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """What is sent again."""

    source: str
    epoch: int
    #: First number that is sent again; everything behind it follows, later epochs too.
    first: int
    changes: int


def has_outbox(settings: Settings, source: str) -> bool:
    """Whether the outbox of the source is on this machine."""
    return path_of(settings, source).exists()


def resend(
    settings: Settings, source: str, *, epoch: int | None, first: int | None, dry_run: bool
) -> Resend:
    """Ask for everything from a number on to be sent again, under the same numbers.

    Without a number: everything that is held. Without an epoch the number is of the latest. An edge
    that runs begins within a second, another one when it starts. Raises ``Removed`` when some of it
    was confirmed and removed, ``OutboxUnusable``.
    """
    path = path_of(settings, source)
    file = OutboxFile(path, source=source, partitions=settings.partitions)
    try:
        if first is None and epoch is None:
            after = sending.before_first_held(file)
        else:
            after = position_of(epoch or file.epoch, (first or 1) - 1)
        here = (after // EPOCH_SPAN, after % EPOCH_SPAN)
        changes = sending.ask_resend(file, *here, dry_run=dry_run)
    finally:
        file.close()
    return Resend(source=source, epoch=here[0], first=here[1] + 1, changes=changes)
