"""A disk that is full, and has room again, to an outbox that is on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsn_deploy.faults.disk import Disk, NoDisk
from dsn_deploy.faults.hospital import Hospital
from dsn_deploy.faults.world import DISKS, SENDERS
from dsn_producers.errors import OutboxFull
from dsn_producers.mappers import mapper_of
from dsn_producers.message import mapped
from dsn_producers.outbox import Outbox
from dsn_producers.sources import Source
from dsn_producers.taking import Taken
from dsn_schemas.settings import Settings

#: A commit takes milliseconds, on a crowded machine too.
TAKEN_S = 30


def test_a_full_disk_refuses_until_there_is_room(tmp_path: Path) -> None:
    """The disk of a run's edge is large enough for an outbox that keeps its reserve."""
    disk = Disk(tmp_path / "disk", DISKS["edge-2"])
    try:
        disk.mount()
    except NoDisk as error:
        pytest.skip(f"nothing may be mounted here: {error}")
    sender = SENDERS[-1]
    source = Source(name=sender.source, establishment="sud", authority=sender.authority)
    hospital = Hospital(sender, 1)

    def take(outbox: Outbox) -> Taken:
        data = next(hospital).data
        message = mapped(
            data,
            source=source,
            mapper=mapper_of("hl7v2"),
            kind="hl7v2",
            captured_at=1,
            partitions=outbox.partitions,
        )
        return outbox.take(message).result(TAKEN_S)

    try:
        outbox = Outbox(Settings(data=disk.path), source.name)
        try:
            assert take(outbox).numbered > 0
            disk.fill()
            with pytest.raises(OutboxFull):
                take(outbox)
            disk.free()
            assert take(outbox).numbered > 0
        finally:
            outbox.close()
    finally:
        disk.unmount()
