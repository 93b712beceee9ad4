"""What to do about holes in the numbers of the sources. Pure.

A hole is seen on a partition alone (``lanes``): later numbers arrived, and each says which one came
before it. The outbox is asked to send again, less and less often; the hole is *closed* when it is
filled, or *explained* by an operator, and then the outbox fills it with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

#: A hole this young may close by itself: a batch is read in pieces.
GRACE = timedelta(seconds=5)
#: Between two requests: at first, and at most. Each resends everything behind the hole.
ASK_FIRST = timedelta(seconds=30)
ASK_LAST = timedelta(hours=1)


class Hole(NamedTuple):
    """Numbers of a partition that never arrived though later ones did."""

    topic: str
    partition: int
    source: str
    epoch: int
    after: int
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A hole and what is known of it."""

    hole: Hole
    since: datetime
    #: How often the outbox was asked, and when last.
    asked: int = 0
    asked_at: datetime | None = None
    #: Why an operator says that it stays; None while nobody does.
    reason: str | None = None
    explained_by: str | None = None
    explained_at: datetime | None = None
    closed_at: datetime | None = None


class Request(NamedTuple):
    """What to ask an outbox for."""

    topic: str
    source: str
    epoch: int
    after: int
    upto: int
    #: -1: of every partition.
    partition: int
    fill: bool
    reason: str


def decide(
    holes: Sequence[Hole], known: Sequence[Gap], now: datetime
) -> tuple[list[Gap], list[Request]]:
    """The gaps that change, and the requests to make; ``known`` are those not closed."""
    before = {gap.hole: gap for gap in known}
    there = set(holes)
    gaps = [before.get(hole) or _noticed(hole, known, now) for hole in holes]
    requests: list[Request] = []
    asked: dict[Hole, Gap] = {}
    due = [gap for gap in gaps if _is_due(gap, now)]
    for gap in due:
        asked[gap.hole] = replace(gap, asked=gap.asked + 1, asked_at=now)
    requests += _resends([gap for gap in due if gap.reason is None])
    requests += [_fill(gap, gap.reason) for gap in due if gap.reason is not None]
    changed = [asked.get(gap.hole, gap) for gap in gaps]
    changed = [gap for gap in changed if before.get(gap.hole) != gap]
    closed = [replace(gap, closed_at=now) for hole, gap in before.items() if hole not in there]
    return changed + closed, requests


def _noticed(hole: Hole, known: Sequence[Gap], now: datetime) -> Gap:
    """A hole not seen before; what is left of a larger one keeps its age and its explanation.

    What is behind one that was asked for is on its way with it: holes of the streams end at the first
    number that is missing, so a thousand of them come one after the other while they are filled.
    """
    larger = [gap for gap in known if _within(hole, gap.hole)]
    if not larger:
        asked_at = max(_asked_before(hole, known), default=None)
        if asked_at is not None and now - asked_at < ASK_FIRST:
            return Gap(hole=hole, since=now, asked=1, asked_at=asked_at)
        return Gap(hole=hole, since=now)
    oldest = min(larger, key=lambda gap: gap.since)
    return replace(oldest, hole=hole)


def _within(hole: Hole, other: Hole) -> bool:
    return hole[:4] == other[:4] and other.after <= hole.after and hole.upto <= other.upto


def _asked_before(hole: Hole, known: Sequence[Gap]) -> list[datetime]:
    """When everything behind an earlier hole of the lane was asked for, this one with it."""
    before = [gap for gap in known if gap.hole[:4] == hole[:4] and gap.hole.after < hole.after]
    # One that is explained was asked to be filled, and nothing behind it is sent for that.
    return [gap.asked_at for gap in before if gap.asked_at is not None and gap.reason is None]


def _is_due(gap: Gap, now: datetime) -> bool:
    if gap.asked_at is None:
        return gap.reason is not None or now - gap.since >= GRACE
    pause = min(ASK_LAST, ASK_FIRST * (1 << min(gap.asked - 1, 10)))
    return now - gap.asked_at >= pause


def _resends(gaps: Sequence[Gap]) -> list[Request]:
    """One request for each source and epoch: what is behind the first hole is sent again anyway."""
    grouped: dict[tuple[str, str, int], list[Hole]] = {}
    for gap in gaps:
        hole = gap.hole
        grouped.setdefault((hole.topic, hole.source, hole.epoch), []).append(hole)
    return [
        Request(
            *key,
            after=min(hole.after for hole in holes),
            upto=max(hole.upto for hole in holes),
            partition=-1 if len(holes) > 1 else holes[0].partition,
            fill=False,
            reason="numbers are missing",
        )
        for key, holes in grouped.items()
    ]


def _fill(gap: Gap, reason: str) -> Request:
    hole = gap.hole
    return Request(
        topic=hole.topic,
        source=hole.source,
        epoch=hole.epoch,
        after=hole.after,
        upto=hole.upto,
        partition=hole.partition,
        fill=True,
        reason=reason,
    )


def explained(gap: Gap, reason: str, who: str, now: datetime) -> Gap:
    """The gap with an operator's word; the outbox is asked at once."""
    return replace(gap, reason=reason, explained_by=who, explained_at=now, asked=0, asked_at=None)
