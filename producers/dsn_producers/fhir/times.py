"""FHIR dates to instants."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1 << 12)
def instant(text: str, zone: str) -> int | None:
    """Milliseconds since 1970 UTC of a FHIR date, dateTime or instant; None for no such day.

    A date of lower precision counts from its beginning; without an offset it is in ``zone``.
    """
    whole = f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01" if len(text) == 7 else text
    try:
        moment = datetime.fromisoformat(whole)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return round((moment - _EPOCH).total_seconds() * 1000)
    except (ValueError, OverflowError):
        return None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
