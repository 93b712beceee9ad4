"""``dsn statement verify`` at the establishment: does the centre's statement say what we sent?

Day by day and epoch by epoch, numbers and digests are compared with what the outbox knows. What it
does not know any more is said to be unknown, never to agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from dsn_producers.folded import Day, known_days
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_schemas.runs import clipped, count, without, words
from dsn_schemas.settings import Settings
from dsn_schemas.statement import DayDigest, Statement


class Outcome(Enum):
    """What a comparison came to."""

    AGREES = "agrees"
    #: One side has what the other has not, or other bytes.
    DIFFERS = "differs"
    #: The outbox does not know it any more, or never did: it was made anew since.
    NOT_HELD = "not-held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One day of one epoch, compared."""

    day: date
    epoch: int
    outcome: Outcome
    #: Changes of that day on either side.
    centre: int
    site: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the edge counted itself in the period; ``None``: it did not count by day yet."""

    received: int | None
    duplicate: int | None
    rejected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A statement held against an outbox."""

    days: tuple[Checked, ...]
    counts: Counts

    @property
    def agrees(self) -> bool:
        """Everything was compared and nothing differs."""
        return all(one.outcome is Outcome.AGREES for one in self.days)


def check(settings: Settings, statement: Statement) -> Check:
    """Hold a statement against the outbox of its source on this machine. Raises ``OutboxUnusable``."""
    path = path_of(settings, statement.source)
    file = OutboxFile(path, source=statement.source, partitions=settings.partitions, durable=False)
    try:
        known = known_days(file)
        numbered = {epoch: count for epoch, count, _, _ in file.all("epochs_numbered")}
        between = (statement.first.isoformat(), statement.last.isoformat())
        row = file.one("days_between", *between)
    finally:
        file.close()
    days, *sums = row or (0, None, None, None)
    said = sums if days else [None, None, None]
    return Check(
        days=tuple(compared(statement, known, numbered)),
        counts=Counts(received=said[0], duplicate=said[1], rejected=said[2]),
    )


def compared(
    statement: Statement, known: Mapping[tuple[int, date], Day], numbered: Mapping[int, int]
) -> Iterator[Checked]:
    """Each day and epoch that either side has; ``numbered``: highest number given, by epoch."""
    stated = {(one.epoch, one.day): one for one in statement.days}
    ours = {key: one for key, one in known.items() if statement.first <= key[1] <= statement.last}
    first_known = {
        epoch: min(first for (e, _), one in known.items() if e == epoch for first, _ in one.numbers)
        for epoch in {epoch for epoch, _ in known}
    }
    for key in sorted(stated.keys() | ours.keys(), key=lambda key: (key[1], key[0])):
        centre, site = stated.get(key), ours.get(key)
        given = numbered.get(key[0], 0)
        outcome, detail = _judged(
            centre, site, given, first_known.get(key[0], given + 1), len(statement.schemas)
        )
        yield Checked(
            day=key[1],
            epoch=key[0],
            outcome=outcome,
            centre=0 if centre is None else centre.changes,
            site=0 if site is None else count(site.numbers),
            detail=detail,
        )


def _judged(
    centre: DayDigest | None, site: Day | None, given: int, first_known: int, schemas: int
) -> tuple[Outcome, str]:
    at_centre = () if centre is None else centre.numbers
    at_site = () if site is None else site.numbers
    if not given:
        return Outcome.NOT_HELD, "this outbox has given no number of that epoch: it was made anew"
    if centre is not None and site is not None and at_centre == at_site:
        if site.chain.hex() == centre.digest:
            return Outcome.AGREES, ""
        if schemas > 1:
            return Outcome.NOT_HELD, (
                "the edge was upgraded within the period: the numbers agree, the bytes cannot be"
                " compared"
            )
        return Outcome.DIFFERS, f"other bytes under numbers {words(at_centre)}"
    forgotten = clipped(at_centre, 1, first_known - 1)
    centre_only = without(clipped(at_centre, first_known, None), at_site)
    site_only = without(at_site, at_centre)
    if centre_only or site_only:
        parts = []
        if site_only:
            parts.append(f"the centre does not state numbers {words(site_only)}")
        if centre_only:
            parts.append(f"the outbox did not give numbers {words(centre_only)} on that day")
        return Outcome.DIFFERS, "; ".join(parts)
    return Outcome.NOT_HELD, f"the outbox no longer knows numbers {words(forgotten)}"
