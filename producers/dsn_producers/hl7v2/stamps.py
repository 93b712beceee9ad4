"""HL7 dates and times: ``YYYY[MM[DD[HH[MM[SS[.S]]]]]][+ZZZZ]``, precision kept.

A stamp without a zone is the source's local time. In the hour that comes twice when summer time
ends, the first one is meant: nobody can tell, and the same text must always give the same instant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

_STAMP = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,6})?)?)?)?)?)?"
    r"(?:([+-])(\d\d):?(\d\d)?)?\Z",
    re.ASCII,
)
#: The longest stamp has 26 characters; the rest is room for spaces.
_LENGTH_MAX = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """One date or time as it was said."""

    #: FHIR date or dateTime, as precise as what was sent.
    text: str
    #: Its first instant, milliseconds since 1970 UTC.
    ms: int

    @property
    def date(self) -> str:
        """YYYY, YYYY-MM or YYYY-MM-DD."""
        return self.text[:10]

    @property
    def has_time(self) -> bool:
        """True when an hour was said that is not the midnight with which systems fill up."""
        return len(self.text) > 10 and not self.text[10:].startswith("T00:00:00")


def stamp(text: str, zone: str) -> Stamp | None:
    """The stamp in ``text``; ``None`` when there is none or no calendar has it.

    ``zone`` is the IANA name that holds for stamps without an offset. Month or day ``00`` means
    not known, as older systems write it.
    """
    return _stamp(text, zone) if len(text) <= _LENGTH_MAX else None


@lru_cache(maxsize=1 << 13)
def _stamp(text: str, zone: str) -> Stamp | None:
    match = _STAMP.match(text.replace(" ", ""))
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    try:
        tz = _offset(sign, hours, minutes) if sign else ZoneInfo(zone)
        if month in (None, "00"):
            return _at(year, datetime(int(year), 1, 1, tzinfo=tz))
        if day in (None, "00"):
            return _at(f"{year}-{month}", datetime(int(year), int(month), 1, tzinfo=tz))
        date = datetime(int(year), int(month), int(day), tzinfo=tz)
        if hour is None:
            return _at(f"{year}-{month}-{day}", date)
        at = date.replace(hour=int(hour), minute=int(minute or 0), second=int(second or 0))
        if fraction:
            at = at.replace(microsecond=int(fraction[1:].ljust(6, "0")))
        return _at(f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (fraction or "") + _zone_of(at), at)
    except (ValueError, OverflowError):
        return None


def _at(text: str, at: datetime) -> Stamp:
    return Stamp(text, (at - _EPOCH) // _MILLISECOND)


def _offset(sign: str, hours: str, minutes: str | None) -> timezone:
    length = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-length if sign == "-" else length)


def _zone_of(at: datetime) -> str:
    """``+HH:MM``; seconds of ancient local mean times are cut off, as FHIR has no place for them."""
    length = at.utcoffset() or timedelta()
    minutes = int(abs(length).total_seconds()) // 60
    return f"{'-' if length < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
