"""A closing statement: what the centre made of a source's changes of a period, for its site to check.

The centre writes it from its books, the site recomputes its digests from the outbox, and both use
these functions. Days are those of Quebec on which the edge took the changes in. Pure.

The digest of a day and epoch is a chain over its changes in the order of their numbers:

    chain = SHA-256( chain || epoch, 4 bytes || number, 8 bytes || SHA-256 of the journal record )

from 32 zero bytes on, integers big-endian. It can be continued, so a site keeps 32 bytes a day.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dsn_schemas.runs import Run, count

#: What signatures of statements cover first.
KIND = "dsn-statement-1"
#: The days of the books.
ZONE_NAME = "America/Toronto"
#: Of a day without changes.
EMPTY = bytes(32)
FATES = ("shown", "superseded", "duplicate", "quarantined", "in_flight", "unexplained")

_PLACE = struct.Struct(">IQ")
_ZONE = ZoneInfo(ZONE_NAME)
_HOUR_MS = 3_600_000


class NoStatement(ValueError):
    """A file is no statement; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDigest:
    """The changes of one epoch that the edge took in on one day."""

    day: date
    epoch: int
    changes: int
    #: Their numbers, as runs in ascending order.
    numbers: tuple[Run, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Numbers of the source that the centre does not have."""

    epoch: int
    numbers: tuple[Run, ...]
    #: Read past, so lost; otherwise they may still be on their way.
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """received = shown + superseded + duplicate + quarantined + in_flight + unexplained."""

    source: str
    #: First and last day, both inclusive.
    first: date
    last: date
    #: When the books were counted, and when this was issued.
    counted_at: datetime
    issued_at: datetime
    received: int
    shown: int
    superseded: int
    duplicate: int
    quarantined: int
    in_flight: int
    unexplained: int
    days: tuple[DayDigest, ...]
    missing: tuple[Missing, ...]
    #: Schema ids of the journal records; more than one: the edge was upgraded within the period.
    schemas: tuple[int, ...]

    @property
    def changes(self) -> int:
        """Numbered changes the centre has."""
        return sum(day.changes for day in self.days)

    @property
    def digest(self) -> str:
        """Over the digests of the days, hexadecimal."""
        return whole_digest(self.days)

    @property
    def closed(self) -> bool:
        """Whether every change has its end: nothing unexplained, nothing on its way."""
        return self.unexplained == 0 and self.in_flight == 0 and self.adds_up

    @property
    def adds_up(self) -> bool:
        """Whether the sum agrees."""
        return self.received == sum(int(getattr(self, fate)) for fate in FATES)


def chained(chain: bytes, epoch: int, seq: int, payload: bytes) -> bytes:
    """The chain behind one more change; ``payload`` is the SHA-256 of its journal record."""
    return hashlib.sha256(chain + _PLACE.pack(epoch, seq) + payload).digest()


def whole_digest(days: Iterable[DayDigest]) -> str:
    """SHA-256 over a line ``day epoch changes digest`` for each day and epoch, in that order."""
    lines = [f"{d.day.isoformat()} {d.epoch} {d.changes} {d.digest}\n" for d in days]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def day_of(ms: int) -> date:
    """The day in Quebec of an instant in milliseconds since 1970 UTC."""
    return _day_of_hour(ms // _HOUR_MS)


@lru_cache(maxsize=4096)
def _day_of_hour(hours: int) -> date:
    # A day begins with an hour of UTC, in winter and in summer.
    try:
        return datetime.fromtimestamp(hours * 3600, UTC).astimezone(_ZONE).date()
    except (OverflowError, OSError, ValueError):  # a mad clock
        return date.min if hours < 0 else date.max


def as_document(statement: Statement) -> dict[str, Any]:
    """What is signed and printed: JSON values only."""
    said = asdict(statement)
    for name in ("first", "last", "counted_at", "issued_at"):
        said[name] = said[name].isoformat()
    said["days"] = [
        asdict(one) | {"day": one.day.isoformat(), "numbers": _lists(one.numbers)}
        for one in statement.days
    ]
    said["missing"] = [asdict(one) | {"numbers": _lists(one.numbers)} for one in statement.missing]
    said["schemas"] = list(statement.schemas)
    return said | {
        "kind": KIND,
        "time_zone": ZONE_NAME,
        "changes": statement.changes,
        "digest": statement.digest,
    }


def from_document(said: object) -> Statement:
    """The statement of a document. Raises ``NoStatement``, also when its parts disagree."""
    try:
        if not isinstance(said, Mapping) or said["kind"] != KIND:
            raise NoStatement(f"it is no closing statement of kind {KIND}")
        statement = Statement(
            source=str(said["source"]),
            first=date.fromisoformat(said["first"]),
            last=date.fromisoformat(said["last"]),
            counted_at=datetime.fromisoformat(said["counted_at"]),
            issued_at=datetime.fromisoformat(said["issued_at"]),
            received=int(said["received"]),
            **{fate: int(said[fate]) for fate in FATES},
            days=tuple(_day(one) for one in said["days"]),
            missing=tuple(
                Missing(
                    epoch=int(one["epoch"]),
                    numbers=_tuples(one["numbers"]),
                    lost=bool(one["lost"]),
                )
                for one in said["missing"]
            ),
            schemas=tuple(int(one) for one in said["schemas"]),
        )
        whole = str(said["digest"])
    except NoStatement:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoStatement(f"it is no closing statement ({type(error).__name__})") from None
    if whole != statement.digest:
        raise NoStatement("its digest is not the one of its days")
    return statement


def _day(one: Mapping[str, Any]) -> DayDigest:
    numbers = _tuples(one["numbers"])
    if count(numbers) != int(one["changes"]):
        raise NoStatement("a day's numbers are not as many as it says")
    return DayDigest(
        day=date.fromisoformat(one["day"]),
        epoch=int(one["epoch"]),
        changes=int(one["changes"]),
        numbers=numbers,
        digest=str(one["digest"]),
    )


def _lists(numbers: Iterable[Run]) -> list[list[int]]:
    return [[first, last] for first, last in numbers]


def _tuples(numbers: Sequence[Sequence[int]]) -> tuple[Run, ...]:
    return tuple((int(first), int(last)) for first, last in numbers)
