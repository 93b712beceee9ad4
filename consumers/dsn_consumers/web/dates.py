"""Instants, clinical dates and ages as people in Quebec read them. Pure: ``now`` comes in."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dsn_consumers.web.labels import Label

#: The wall clocks of every establishment.
ZONE = ZoneInfo("America/Toronto")

#: « 08 h 30 » stays on one line.
_HOURS = "\u00a0h\u00a0"

_FHIR = re.compile(
    r"(?P<day>\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:T(?P<clock>\d{2}:\d{2})(?P<rest>\S*))?\Z", re.ASCII
)


def instant_words(at: datetime) -> Label:
    """``2026-05-11 08 h 30``, never broken at the hour, in Quebec's time, ``2026-05-11 08:30`` in English."""
    local = at.astimezone(ZONE)
    return Label(
        local.strftime(f"%Y-%m-%d %H{_HOURS}%M"), local.strftime("%Y-%m-%d %H:%M"), once=True
    )


def clinical_words(said: str) -> Label:
    """A FHIR date or dateTime with the precision it came in; anything else as it came."""
    found = _FHIR.match(said)
    if found is None:
        return Label(said, said)
    if not found["clock"]:
        return Label(found["day"], found["day"])
    if found["rest"].endswith(("Z", "+00:00")):  # only a zone that is not local needs turning
        try:
            return instant_words(datetime.fromisoformat(said))
        except (ValueError, OverflowError):
            return Label(said, said)
    clock = found["clock"]
    return Label(
        f"{found['day']} {clock.replace(':', _HOURS)}",
        f"{found['day']} {clock}",
        once=True,
    )


def parse_instant(said: str) -> datetime | None:
    """An ISO instant of the views, in UTC; nothing when it is not one."""
    try:
        at = datetime.fromisoformat(said)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def age_words(birth: str, now: datetime) -> Label | None:
    """Age on ``now``: days under a month, months under two years, then years; none if unknown.

    A birth date without day or month gives an age that says it is about right.
    """
    born = _first_day(birth)
    today = now.astimezone(ZONE).date()
    if born is None or born > today:
        return None
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    about = "" if len(birth) >= 10 else "≈ "
    if len(birth) == 4:
        years = today.year - born.year
        return Label(f"≈ {years} an{_s(years)}", f"≈ {years} year{_s_en(years)}", once=True)
    if months < 1 and not about:
        days = (today - born).days
        return Label(f"{days} jour{_s(days)}", f"{days} day{_s_en(days)}", once=True)
    if months < 24:
        return Label(f"{about}{months} mois", f"{about}{months} month{_s_en(months)}", once=True)
    years = months // 12
    return Label(f"{about}{years} ans", f"{about}{years} years", once=True)


def span_words(span: timedelta) -> Label:
    """How long, rounded down to one unit: what somebody on the telephone would say."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 3600:
        minutes = seconds // 60
        return Label(f"{minutes} min", f"{minutes} min")
    if seconds < 48 * 3600:
        return Label(f"{seconds // 3600} h", f"{seconds // 3600} h")
    days = seconds // 86400
    return Label(f"{days} jours", f"{days} days", once=True)


def _first_day(said: str) -> date | None:
    padded = said[:10] + "0001-01-01"[len(said[:10]) :] if len(said) >= 4 else said
    try:
        return date.fromisoformat(padded)
    except ValueError:
        return None


def _s(count: int) -> str:
    return "s" if count > 1 else ""


def _s_en(count: int) -> str:
    return "" if count == 1 else "s"
