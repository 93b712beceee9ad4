"""What a mapper makes of one message: items of records, or a reason why it cannot.

Mappers (``hl7v2``, ``fhir``) are pure functions of the bytes and the source's settings. They know
nothing of numbers, disks or Kafka: the outbox numbers what they return.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from dsn_producers.sources import Source
from dsn_schemas.records import Content, Op, Section

#: How an acknowledgement names a refusal (HL7 table 0008): AE the content is at fault, AR the
#: message itself (unknown type, wrong version, too large).
Refusal = Literal["AE", "AR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of one record, as a message states it; field for field as in ``RecordChange``."""

    authority: str
    number: str
    section: Section
    item: str
    entry: str
    op: Op
    status: str
    #: Milliseconds since 1970 UTC.
    occurred_at: int
    content: Content | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What one message says."""

    #: The sender's own id of the message (MSH-10, Bundle.id), empty when it has none.
    message_id: str
    #: In the order of the message.
    items: tuple[Item, ...]


class Unmappable(ValueError):
    """A message that cannot become changes; kept byte for byte and answered with the reason."""

    def __init__(
        self, reason: str, detail: str, *, message_id: str = "", refusal: Refusal = "AE"
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        #: Reason class, stable, such as ``unknown-message-type``.
        self.reason = reason
        #: What, where and what to do; never patient data.
        self.detail = detail
        self.message_id = message_id
        self.refusal: Refusal = refusal


class Mapper(Protocol):
    """Turns the bytes of one message into items. Raises ``Unmappable`` and nothing else."""

    def __call__(self, data: bytes, source: Source, captured_at: int) -> Mapped:
        """Map ``data``; ``captured_at`` (ms) stands in where the message has no time of its own."""
