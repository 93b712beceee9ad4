"""Records in the order of their capture, without holding them in memory.

The generator goes from household to household; in life a person's records arrive years apart, when
an index has long forgotten the pages it wrote for the first one. So the order matters to whoever
measures. An external sort: slices of time in files, one of which is in memory at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from dsn_deploy.population.person import FIRST_DAY, LAST_DAY
from dsn_deploy.population.records import DAY_MS, EPOCH_DAY

#: Slices of the ten years: at 1 M people one has about 30,000 records, 10 MB.
SLICES = 64

_FRAME = struct.Struct(">QI")
_BEGIN_MS = (FIRST_DAY - EPOCH_DAY) * DAY_MS
_END_MS = (LAST_DAY + 1 - EPOCH_DAY) * DAY_MS


def spill(captured: Iterable[tuple[int, bytes]], folder: Path) -> None:
    """Write (captured_at, bytes) of any order into the slices of ``folder``.

    Raises ``ValueError`` for an instant outside the ten years.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(_slice(folder, n).open("wb")) for n in range(SLICES)]
        for at, value in captured:
            if not _BEGIN_MS <= at < _END_MS:
                raise ValueError(f"{at} is not within the years of capture")
            file = files[(at - _BEGIN_MS) * SLICES // (_END_MS - _BEGIN_MS)]
            file.write(_FRAME.pack(at, len(value)))
            file.write(value)


def arrivals(folder: Path) -> Iterator[bytes]:
    """What was spilled, by captured_at and then by its bytes."""
    for number in range(SLICES):
        yield from (value for _, value in sorted(_read(_slice(folder, number))))


def _read(path: Path) -> Iterator[tuple[int, bytes]]:
    data = memoryview(path.read_bytes())
    at = 0
    while at < len(data):
        captured_at, size = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        yield captured_at, bytes(data[at : at + size])
        at += size


def _slice(folder: Path, number: int) -> Path:
    return folder / f"slice-{number:03d}"
