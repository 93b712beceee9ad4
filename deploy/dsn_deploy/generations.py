"""``generations.json``: which generations of everything made from the journal run from this folder.

Written by ``dsn rebuild``, read by whoever starts services. Which one readers see is PostgreSQL's to
say (`dsn_consumers.generations`); this file follows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """What runs."""

    #: The one that readers see.
    live: int = 0
    #: The one beside it: being built, or kept for the way back.
    other: int | None = None
    #: Records a lane of the other one takes a second, at most; 0: no bound.
    rate: int = 0


def read(data: Path) -> Generations:
    """What the file says; the first generation alone when there is none."""
    try:
        return msgspec.json.decode(_path(data).read_bytes(), type=Generations)
    except FileNotFoundError:
        return Generations()


def write(data: Path, generations: Generations) -> None:
    """Whole or not at all."""
    new = _path(data).with_suffix(".new")
    new.write_bytes(msgspec.json.encode(generations))
    new.replace(_path(data))


def _path(data: Path) -> Path:
    return data / "generations.json"
