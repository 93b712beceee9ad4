"""One patient's part of a message: its segments, its record, and how items of it are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsn_producers.hl7v2.digest import digest
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.stamps import Stamp, stamp
from dsn_producers.mapping import Item
from dsn_producers.sources import Source
from dsn_schemas.records import Content, Op, Section

#: Characters of an item's or entry's name: they are parts of keys, and a code of a thousand letters
#: is a misplaced text.
_NAME_MAX = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One patient in one message. Most messages have one; a bed swap or a link has two."""

    source: Source
    #: MSH-9.1 (ADT) and MSH-9.2 (A01).
    kind: str
    event: str
    #: PID and everything up to the next PID, in order.
    segments: tuple[Segment, ...]
    #: EVN of the message, if any.
    event_segment: Segment | None
    #: Canonical authority and number of the record.
    authority: str
    number: str
    #: When the event happened (ms): EVN-2, else MSH-7, else when it was captured.
    occurred_at: int

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    @property
    def pid(self) -> Segment:
        """The patient's segment."""
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        return next((segment for segment in self.segments if segment.name == name), None)

    def stamp(self, text: str) -> Stamp | None:
        """A date or time in the source's zone."""
        return stamp(text, self.source.zone) if text else None

    def when(self, text: str) -> str | None:
        """The same as FHIR text."""
        found = self.stamp(text)
        return found.text if found else None

    def item(
        self,
        section: Section,
        item: str,
        content: Content | None,
        *,
        entry: str = "",
        status: str = "",
        op: Op = "upsert",
        at: Stamp | None = None,
    ) -> Item:
        """An item of this record; a delete carries no content."""
        return Item(
            authority=self.authority,
            number=self.number,
            section=section,
            item=_bounded(item),
            entry=_bounded(entry),
            op=op,
            status=status,
            occurred_at=at.ms if at else self.occurred_at,
            content=None if op == "delete" else content,
        )


def _bounded(name: str) -> str:
    return name if len(name) <= _NAME_MAX else digest(name)
