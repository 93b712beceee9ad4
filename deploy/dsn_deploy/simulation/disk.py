"""The disk of a stream worker: rows, positions and changelog position, written all or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dsn_deploy.simulation.kernel import Actor
from dsn_streams.stage import MemoryState
from dsn_streams.state import DamagedState


@dataclass(slots=True)
class Folder:
    """What is on the disk for one lane."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    changelog: int = 0
    topics: dict[str, str] = field(default_factory=dict)
    damaged: bool = False


class LaneDisk:
    """A ``KeptState`` over a folder; a process that died leaves the folder as it was."""

    def __init__(self, process: Actor, folder: Folder, label: str) -> None:
        """Raises ``DamagedState``."""
        if folder.damaged:
            raise DamagedState("the simulated disk is damaged")
        self._process = process
        self._folder = folder
        self._label = label
        self._rows = MemoryState()
        self._rows.rows = folder.rows
        self.positions = dict(folder.positions)
        self.changelog = folder.changelog
        self.topics = dict(folder.topics)

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """See ``State``."""
        return self._rows.get_many(keys)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """See ``State``."""
        return self._rows.scan(prefix)

    def commit(
        self,
        writes: Mapping[bytes, bytes | None],
        positions: Mapping[tuple[str, int], int],
        changelog: int,
        now_s: float,
    ) -> None:
        """See ``KeptState``."""
        self._process.point(f"{self._label}.state before")
        self._rows.apply(writes)
        self._folder.positions = dict(positions)
        self._folder.changelog = changelog
        self._folder.topics = dict(self.topics)
        self.positions = dict(positions)
        self.changelog = changelog
        self._process.point(f"{self._label}.state after")

    def close(self) -> None:
        """See ``KeptState``."""
