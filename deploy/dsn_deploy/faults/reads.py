"""Was any chart that was read wrong? Judged from what the reader saw and what hospitals sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsn_deploy.faults.hospital import STATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as a reader saw it."""

    section: str
    entry: str
    #: Codes of witnesses and states in its content.
    marks: tuple[str, ...]
    #: Their words, which name the record they were said of.
    words: tuple[str, ...]
    #: ``authority|number`` of its contributors.
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One read: everything in it is of one instant."""

    #: Wall clock of the reader, s.
    at: float
    #: Which database answered.
    server: int
    person: str
    #: Records linked to the person at that instant.
    records: tuple[str, ...]
    entries: tuple[Entry, ...]


def read(path: Path, after_bytes: int = 0) -> tuple[list[Chart], int]:
    """Every chart logged behind a place in the file, and the place after them."""
    charts, place = [], after_bytes
    with path.open("rb") as file:
        file.seek(after_bytes)
        for line in file:
            if not line.endswith(b"\n"):
                break  # being written
            place += len(line)
            charts.append(_chart(json.loads(line)))
    return charts, place


class Judge:
    """Judges charts in the order they were read; remembers how far each record had come."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._server: int | None = None
        #: Charts judged so far.
        self.charts = 0

    def wrong(self, charts: Iterable[Chart], group: Mapping[str, str]) -> list[str]:
        """What was wrong with each chart; ``group`` says which records may ever share one."""
        found = []
        for chart in charts:
            self.charts += 1
            if chart.server != self._server:
                # Another database, after a failover: it may be behind the one before.
                self._server, self._versions = chart.server, {}
            found += [f"{chart.person} at {chart.at:.3f}: {why}" for why in self._why(chart, group)]
        return found

    def _why(self, chart: Chart, group: Mapping[str, str]) -> Iterator[str]:
        linked = set(chart.records)
        shown = {record for entry in chart.entries for record in entry.records}
        for record in sorted(shown - linked):
            yield f"shows an item of {record}, which is not linked to the person"
        groups = {group.get(record, "?") for record in linked | shown}
        if len(groups) > 1:
            yield f"holds {len(groups)} people's records: {sorted(linked | shown)}"
        for entry in chart.entries:
            yield from self._entry(entry)

    def _entry(self, entry: Entry) -> Iterator[str]:
        for words in entry.words:
            record = words.rpartition(" ")[2]
            if record not in entry.records:
                yield f"{entry.section} {entry.entry} says {words!r} and is of {entry.records}"
        if len(entry.words) == 1 and entry.marks and entry.marks[0].startswith(STATE):
            _, version, record = entry.words[0].split(" ")
            before = self._versions.get(record, 0)
            if int(version) < before:
                yield f"{record} went back from state {before} to {version}"
            self._versions[record] = max(before, int(version))


def _chart(line: Mapping[str, Any]) -> Chart:
    return Chart(
        at=line["at"],
        server=line["server"],
        person=line["person"],
        records=tuple(line["records"]),
        entries=tuple(
            Entry(
                section=section,
                entry=entry,
                marks=tuple(marks),
                words=tuple(words),
                records=tuple(records),
            )
            for section, entry, marks, words, records in line["entries"]
        ),
    )
