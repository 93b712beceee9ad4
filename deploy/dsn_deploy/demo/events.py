"""Messages before they are written: when, what kind, which segments; and a feed made of them.

A feed is sorted by time, then numbered, then written in its hospital's dialect. About one message
in twenty goes out twice, byte for byte, as a system does that got no acknowledgement in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dsn_deploy.demo import hl7
from dsn_deploy.demo.dialects import Dialect
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration

#: First day of the demonstration's two months.
OPENING = datetime(2026, 9, 1, 7, 0)

_RESENT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message to be."""

    when: datetime
    #: Message type, trigger, structure.
    kind: tuple[str, str, str]
    #: Everything behind MSH.
    segments: tuple[str, ...]
    #: The system behind the interface engine.
    application: str = "ADT"
    #: truncated: the line broke inside PID. wrong-charset: written in ISO-8859-1 by mistake.
    damage: Literal["", "truncated", "wrong-charset"] = ""


def arrival(registration: Registration) -> datetime:
    """When the place opened this file: some minute of September, or soon after a birth."""
    draw = drawer("arrival", *registration.key)
    born = datetime.combine(registration.person.born, datetime.min.time())
    opened = OPENING + timedelta(minutes=draw.randrange(30 * 24 * 60))
    if born > OPENING:
        opened = born + timedelta(hours=6, minutes=draw.randrange(120))
        if registration.place != "CHUL":
            opened += timedelta(days=40)
    return opened + timedelta(days=20) if registration.merged_into else opened


def feed(events: Iterable[Event], dialect: Dialect, name: str) -> list[bytes]:
    """The messages of one file, in the order in which they are sent."""
    draw = drawer("resent", name)
    ordered = sorted(events, key=lambda event: event.when)
    sent = [
        _written(event, dialect, f"{name.upper()}-{number:06d}")
        for number, event in enumerate(ordered, start=1)
    ]
    again: dict[int, list[bytes]] = {}
    for position, data in enumerate(sent):
        if draw.random() < _RESENT:
            later = min(position + draw.choice((0, 0, 1, 25)), len(sent) - 1)
            again.setdefault(later, []).append(data)
    return [one for at, data in enumerate(sent) for one in (data, *again.get(at, ()))]


def _written(event: Event, dialect: Dialect, control: str) -> bytes:
    head = dialect.header(event.when, event.kind, control, event.application)
    segments = [head, *event.segments]
    if event.damage == "truncated":
        # The line broke behind PID-1: no record number, and no terminator.
        return hl7.message([head, event.segments[0], "PID|1|"], dialect.charset)
    charset = "iso-8859-1" if event.damage == "wrong-charset" else dialect.charset
    return hl7.message(segments, charset)
