"""The running system, as the demonstration uses it: interfaces, outboxes, the central store.

The only file of the package that connects to anything.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psycopg
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from dsn_consumers import ledger
from dsn_deploy.demo.outcome import Line
from dsn_deploy.demo.truth import Record
from dsn_deploy.errors import CommandError, Unreachable
from dsn_producers.errors import EdgeError
from dsn_producers.feed import FeedResult, feed
from dsn_producers.mllp_client import MllpClient, NoAnswer
from dsn_producers.sources import Source
from dsn_producers.status import SourceStatus, status
from dsn_schemas.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

#: Between two looks into the store.
_LOOK_S = 0.25
#: An edge that runs answers at once; 12 attempts are about a minute, for one that only starts.
_ANSWER_S = 10.0
_ATTEMPTS = 12
_CONNECT_S = 5

_PEOPLE = """
    SELECT DISTINCT authority, number, person_id
    FROM dsn.people_records
    WHERE authority = ANY(%s)
"""

T = TypeVar("T")


class Running:
    """What runs here; see ``run.Surroundings``."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console

    def send(self, source: Source, messages: Sequence[bytes]) -> Counter[str]:
        """See ``Surroundings``. Raises ``Unreachable`` when nobody answers on the source's port."""
        codes: Counter[str] = Counter()
        client = MllpClient(
            source.mllp_host, source.mllp_port, attempts=_ATTEMPTS, wait_s=_ANSWER_S
        )
        with client, self._bar(f"{source.name} MLLP", len(messages)) as advance:
            for count, message in enumerate(messages, start=1):
                try:
                    codes[client.send(message).code] += 1
                except NoAnswer as error:
                    raise Unreachable(f"{source.name}: {error}; is the edge up? `dsn up`") from None
                advance(count)
        return codes

    def feed(self, source: Source, path: Path) -> int:
        """See ``Surroundings``. Raises ``CommandError`` when the outbox refuses."""
        with self._bar(source.name, 1) as advance:

            def progress(result: FeedResult) -> None:
                advance(result.bytes_read / max(result.bytes_total, 1))

            try:
                return feed(self._settings, path, source, progress).messages
            except EdgeError as error:
                raise CommandError(f"{source.name}: {error}") from None

    def wait(self, sources: Sequence[str], deadline_s: float) -> bool:
        """See ``Surroundings``.

        1. The edge's counts have arrived: they say how many changes were only duplicates.
        2. All that the edge numbered is complete at the centre, and no record is on its way.
        """
        deadline = time.monotonic() + deadline_s
        with self._bar("magasin / store", len(sources)) as advance:
            while (heard := self._heard(sources)) < len(sources):  # 1
                advance(heard)
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_S)
            expected = {one.source: one.received - one.duplicate for one in self._edge(sources)}
            return self._complete(expected, deadline - time.monotonic())  # 2

    def ledger(self, sources: Sequence[str]) -> tuple[Line, ...]:
        """See ``Surroundings``."""
        rows = {row.source: row for row in self._asked(ledger.ledger)}
        return tuple(Line(**asdict(rows[source])) for source in sources if source in rows)

    def people(self, authorities: Sequence[str]) -> dict[Record, str]:
        """See ``Surroundings``."""

        def read(conninfo: str) -> list[tuple[str, str, str]]:
            with psycopg.connect(conninfo, connect_timeout=_CONNECT_S) as connection:
                return connection.execute(_PEOPLE, [list(authorities)]).fetchall()

        return {(authority, number): person for authority, number, person in self._asked(read)}

    def _edge(self, sources: Sequence[str]) -> list[SourceStatus]:
        """What each outbox has taken in."""
        return [one for one in status(self._settings) if one.source in sources]

    def _heard(self, sources: Sequence[str]) -> int:
        """Of how many sources the centre knows every count."""
        centre = {(one.source, one.epoch): one.received for one in self._asked(ledger.sources)}
        return sum(
            centre.get((one.source, one.epoch), -1) >= one.received for one in self._edge(sources)
        )

    def _complete(self, expected: Mapping[str, int], deadline_s: float) -> bool:
        try:
            self._asked(lambda conninfo: ledger.wait_complete(conninfo, expected, deadline_s))
        except ledger.NotComplete as error:
            self._console.print(f"[red]✗[/] {error}", highlight=False)
            return False
        return True

    def _asked(self, question: Callable[[str], T]) -> T:
        """What the store answers. Raises ``Unreachable``."""
        try:
            return question(self._settings.conninfo)
        except psycopg.OperationalError as error:
            raise Unreachable(f"the store does not answer ({error}); is it up? `dsn up`") from None

    @contextmanager
    def _bar(self, what: str, total: float) -> Iterator[Callable[[float], None]]:
        """A bar on a terminal, nothing anywhere else; called with how much is done."""
        columns = (TextColumn("{task.description:16}"), BarColumn(), TaskProgressColumn())
        with Progress(
            *columns,
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
