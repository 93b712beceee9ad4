"""A small disk that really fills up: refused before it is full, never after an acknowledgement."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsn_producers import receipted, restoring, sending
from dsn_producers.errors import OutboxFull
from dsn_producers.health import health
from dsn_producers.hearing import give_back
from dsn_producers.limits import Limits
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.records import Receipt
from dsn_schemas.settings import Settings
from support.establishment import changes_in, message_of, taken_form

MIB = 1024 * 1024
DISK_MIB = 48
LIMITS = Limits(disk_free_bytes_min=8 * MIB, disk_use_max=1.0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """48 MiB in memory; mounting needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    if (
        os.geteuid() != 0
        or shutil.which("mount") is None
        or subprocess.run(command, check=False, capture_output=True).returncode != 0
    ):
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_refuses_in_time_and_goes_on_when_rows_are_freed(
    small_disk: Path, source: Source
) -> None:
    """Each message is durable or refused; a receipt makes room, on the disk itself."""
    settings = Settings(data=small_disk)
    outbox = Outbox(settings, source.name, limits=LIMITS)
    text = "x" * 200_000
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    answers = []
    for n in range(300):
        message = taken_form(message_of([(str(n), "a", f"{n}{text}")]), source)
        answers.append(outbox.take(message).exception(30))
        file.checkpoint()  # as the forwarder does every second
    taken = sum(answer is None for answer in answers)

    assert 50 < taken < 250
    assert all(isinstance(answer, OutboxFull) for answer in answers[taken:])
    assert "free space on it" in str(answers[-1])
    assert os.statvfs(small_disk).f_bavail > 0
    assert [c.number for c in changes_in(settings, source.name)] == [str(n) for n in range(taken)]

    assert health(file, LIMITS).disk_free_bytes < 9 * MIB
    restoring.trust(file)
    sending.mark_sent(file, position_of(1, taken), {})
    receipted.take_receipt(file, Receipt(source=source.name, epoch=1, seq=taken, at=0))
    freed = 0
    while some := receipted.free(file, 1 << 60, 10_000):
        freed += some
        give_back(file, LIMITS)
        file.checkpoint()
    while give_back(file, LIMITS):
        file.checkpoint()
    assert freed == taken

    assert health(file, LIMITS).disk_free_bytes >= 16 * MIB  # twice the floor: short no more
    file.close()
    again = outbox.take(taken_form(message_of([("new", "a", text)]), source)).result(30)
    assert again.seq == taken + 1
    outbox.close()
