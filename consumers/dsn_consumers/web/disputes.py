"""Both sides of every contradiction, in words: who says what, and which value the entry shows. Pure.

Nothing is decided here: the streams name the disputed fields and their values (``dsn.entries``), the
page puts them side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dsn_consumers.web.contents import Unreadable, value_words
from dsn_consumers.web.dates import instant_words
from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.model import Dispute, Said, Side
from dsn_consumers.web.rows import ContributorRow, EntryRow
from dsn_consumers.web.words import field_words, status_words

#: How the view marks an entry and the "none known" that stands beside it.
NONE_KNOWN_CONTRADICTED = "none-known-contradicted"
#: The one disputed thing that is no field of the content: each contributor has its own.
STATUS = "status"
#: Says that the rest was never true: it is no side of a dispute.
_IN_ERROR = "entered-in-error"


def disputes(row: EntryRow) -> tuple[Dispute, ...]:
    """What the sources of an entry disagree on."""
    return tuple(
        Dispute(field=name, name=field_words(name), sides=_kept_first(_sides(row, name)))
        for name in row.conflict
        if name != NONE_KNOWN_CONTRADICTED
    )


def said_by(contributors: Sequence[ContributorRow]) -> tuple[Said, ...]:
    """Who is behind an entry, the leading one first."""
    return tuple(_said(contributor, place == 0) for place, contributor in enumerate(contributors))


def _kept_first(sides: Iterable[Side]) -> tuple[Side, ...]:
    return tuple(sorted(sides, key=lambda side: not side.kept))


def _sides(row: EntryRow, name: str) -> Iterator[Side]:
    if name == STATUS:
        yield from _statuses(row)
        return
    shown = (row.content or {}).get(name)
    everybody = said_by(row.contributors)
    for one in row.disagreements:
        if one.field == name:
            yield Side(
                value=_words(row.section, name, one.value),
                said=tuple(
                    everybody[place] for place in one.contributors if place < len(everybody)
                ),
                kept=one.value == shown,
            )


def _statuses(row: EntryRow) -> Iterator[Side]:
    """Each status somebody gives; whoever took the entry back gives none."""
    sides: dict[str, list[Said]] = {}
    for said, contributor in zip(said_by(row.contributors), row.contributors, strict=True):
        if not said.gone and contributor.status != _IN_ERROR:
            sides.setdefault(contributor.status, []).append(said)
    for status, said_so in sides.items():
        words = status_words(status) or LABELS["chart.status.none"]
        yield Side(value=words, said=tuple(said_so), kept=status == row.status)


def _words(section: str, name: str, value: object) -> Label:
    try:
        return value_words(section, name, value) or LABELS["chart.unreadable"]
    except Unreadable:
        return LABELS["chart.unreadable"]


def _said(contributor: ContributorRow, leading: bool) -> Said:
    occurred, captured = contributor.occurred_at, contributor.captured_at
    return Said(
        source=contributor.source,
        record=f"{contributor.authority} {contributor.number}",
        status=status_words(contributor.status),
        number=contributor.seq,
        occurred=instant_words(occurred) if occurred else None,
        captured=instant_words(captured) if captured else None,
        leading=leading,
        gone=contributor.op == "delete",
    )
