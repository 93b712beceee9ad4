"""Tries again what is in quarantine, each thing where that can be done: ``dsn quarantine retry``.

A message the edge refused is mapped again at its outbox, which numbers what it says now; one whose
outbox is elsewhere is asked for over the receipts topic. A change a stage of the centre could not use
travels through ``dsn.replays`` under the number it has. Both ways the order of numbers decides, so an
old thing never overtakes a newer one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dsn_deploy.errors import CommandError

if TYPE_CHECKING:
    from dsn_consumers.quarantine.desk import Place, Quarantined
    from dsn_producers.sources import Source
    from dsn_schemas.settings import Settings
    from dsn_schemas.wire import Codec

#: outbox: mapped again here; asked: the outbox elsewhere is asked; journal: put through again at the
#: centre; nowhere: the same bytes can never pass.
How = Literal["outbox", "asked", "journal", "nowhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became, or would become, of one thing."""

    place: str
    source: str
    how: How
    #: ``None``: on its way; the state of the thing says later what came of it.
    accepted: bool | None
    #: Why not.
    reason: str = ""
    detail: str = ""
    #: Changes numbered, and passed over because they say nothing new or something newer was said.
    numbered: int = 0
    passed_over: int = 0


class Retry:
    """One retry of chosen things."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        *,
        dry_run: bool,
        rate: int,
        payload: Callable[[Place], bytes],
        begun: Callable[[Sequence[Place]], object],
        ask: Callable[[str, Sequence[str]], object],
    ) -> None:
        """``payload`` reads the bytes, ``begun`` notes who retries what, ``ask`` asks the outbox of a
        source elsewhere for these messages."""
        self._settings = settings
        self._codec = codec
        self._dry_run = dry_run
        self._rate = rate
        self._payload = payload
        self._begun = begun
        self._ask = ask
        self._sources = {source.name: source for source in _sources(settings)}

    def run(self, rows: Sequence[Quarantined]) -> Iterator[Outcome]:
        """Try them, by source and in the order of their numbers. Raises ``CommandError``."""
        by: dict[tuple[How, str], list[Quarantined]] = defaultdict(list)
        for row in rows:
            by[self._how(row), row.source].append(row)
        for (how, source), some in by.items():
            if not self._dry_run and how != "nowhere":
                self._begun([row.place for row in some])
            if how == "outbox":
                yield from self._at_outbox(source, some)
            elif how == "asked":
                yield from self._asked(source, some)
            elif how == "journal":
                yield from self._through_journal(some)
            else:
                yield from (_refused(row, row.reason, row.kind.next_step.en) for row in some)

    def _how(self, row: Quarantined) -> How:
        from dsn_producers.resending import has_outbox

        if not row.kind.retriable or not row.seq:
            return "nowhere"
        if row.stage != "edge":
            return "journal"
        if not row.item:
            return "nowhere"
        here = has_outbox(self._settings, row.source) and row.source in self._sources
        return "outbox" if here else "asked"

    def _at_outbox(self, source: str, rows: Sequence[Quarantined]) -> Iterator[Outcome]:
        from dsn_producers import retrying
        from dsn_producers.errors import EdgeError

        by_item = {row.item: row for row in rows}
        try:
            for told in retrying.retry(
                self._settings,
                self._sources[source],
                messages=by_item.keys(),
                dry_run=self._dry_run,
                rate=self._rate,
            ):
                row = by_item.pop(told.message)
                yield Outcome(
                    place=str(row.place),
                    source=source,
                    how="outbox",
                    accepted=told.accepted,
                    reason=told.reason,
                    detail=told.detail,
                    numbered=told.numbered,
                    passed_over=told.passed_over,
                )
        except EdgeError as error:
            raise CommandError(str(error)) from error
        for row in by_item.values():
            detail = (
                "the outbox does not hold it any more: have it sent anew, then abandon this one"
            )
            yield _refused(row, "not-in-outbox", detail)

    def _asked(self, source: str, rows: Sequence[Quarantined]) -> Iterator[Outcome]:
        if not self._dry_run:
            self._ask(source, [row.item for row in rows])
            for row in rows:
                yield Outcome(place=str(row.place), source=source, how="asked", accepted=None)
            return
        for row in rows:
            yield self._would_map(row)

    def _would_map(self, row: Quarantined) -> Outcome:
        """By the mapper and the sources file of this machine; the outbox has the last word."""
        from dsn_producers.mappers import kind_of, mapper_of
        from dsn_producers.message import mapped

        source, data = self._sources.get(row.source), self._payload(row.place)
        if source is None or not data:
            return Outcome(place=str(row.place), source=row.source, how="asked", accepted=None)
        kind = kind_of(data)
        message = mapped(
            data,
            source=source,
            mapper=mapper_of(kind),
            kind=kind,
            captured_at=int(row.captured_at.timestamp() * 1000),
            partitions=self._settings.partitions,
        )
        if message.rejection is not None:
            return _refused(row, message.rejection.reason, message.rejection.detail, how="asked")
        return Outcome(
            place=str(row.place),
            source=row.source,
            how="asked",
            accepted=True,
            numbered=len(message.changes),
        )

    def _through_journal(self, rows: Sequence[Quarantined]) -> Iterator[Outcome]:
        if self._dry_run:
            for row in rows:
                wrong = self._would_route(row)
                if wrong is not None:
                    yield _refused(row, *wrong, how="journal")
                else:
                    yield Outcome(
                        place=str(row.place),
                        source=row.source,
                        how="journal",
                        accepted=True,
                        numbered=1,
                    )
            return
        from dsn_deploy import replay

        places: dict[tuple[str, int], set[int]] = defaultdict(set)
        for row in rows:
            places[row.topic, row.partition].add(row.offset)
        selection = replay.Selection(places=places)
        replay.replay(self._settings, self._codec, selection, rate=self._rate, retry=True)
        for row in rows:
            yield Outcome(place=str(row.place), source=row.source, how="journal", accepted=None)

    def _would_route(self, row: Quarantined) -> tuple[str, str] | None:
        from dsn_schemas.wire import UnreadableRecord
        from dsn_streams.admit import unusable

        try:
            return unusable(self._codec.head(self._payload(row.place)))
        except UnreadableRecord as error:
            return "unreadable-record", str(error)


def _refused(row: Quarantined, reason: str, detail: str, *, how: How = "nowhere") -> Outcome:
    return Outcome(
        place=str(row.place),
        source=row.source,
        how=how,
        accepted=False,
        reason=reason,
        detail=detail,
    )


def _sources(settings: Settings) -> list[Source]:
    """Those configured here; at the centre there may be none."""
    from dsn_producers import sources

    return sources.load(settings.sources) if settings.sources.exists() else []
