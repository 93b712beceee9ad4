"""What the outbox takes: a message mapped to encoded changes, or refused and kept.

Made outside the outbox's transaction, by the listener's worker thread or by ``feed``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import structlog

from dsn_producers.change import Change, UnfitItem, change_of
from dsn_producers.mapping import Item, Mapper, Refusal, Unmappable
from dsn_producers.outbox_file import OutboxFile
from dsn_producers.sources import Source
from dsn_schemas.records import RejectedMessage

log = structlog.get_logger(__name__)

#: Authority of the record under which a source's rejected messages are numbered.
EDGE_AUTHORITY = "edge"
#: Largest rejected message that travels to the centre; above, it is kept at the edge only.
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a message is no change of any record."""

    #: AE the content is at fault, AR the message itself.
    refusal: Refusal
    #: Reason class, stable.
    reason: str
    #: What, where and what to do, without patient data.
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, ready to be numbered."""

    #: SHA-256 of its bytes.
    digest: bytes
    #: In the order of the message; of a rejected one, the single change that carries it.
    changes: tuple[Change, ...] = ()
    #: Set when the message could not be mapped.
    rejection: Rejection | None = None
    #: Bytes to keep at the edge because the journal does not take them.
    kept: bytes | None = None
    #: Format of a rejected one: hl7v2 or fhir.
    kind: str = ""
    #: The outbox already had it when it was looked up: it was not mapped again.
    seen: bool = False
    #: Refused before and mapped again by the word of an operator.
    retried: bool = False

    @property
    def size_bytes(self) -> int:
        """What it adds to the outbox, about."""
        encoded = sum(len(c.middle) + len(c.content) + len(c.key) + 150 for c in self.changes)
        return encoded + 100 + len(self.kept or b"")


def digest_of(data: bytes) -> bytes:
    """The name of a message: SHA-256 of its bytes."""
    return hashlib.sha256(data).digest()


def mapped(
    data: bytes, *, source: Source, mapper: Mapper, kind: str, captured_at: int, partitions: int
) -> Message:
    """Map a message; one that cannot be is rejected with its reason, whatever it is.

    A mapper that fails otherwise than by ``Unmappable`` is our mistake: the message is kept for
    after the fix, and the next one goes on.
    """
    try:
        items = mapper(data, source, captured_at).items
        if not items:
            raise Unmappable("nothing-mapped", "no part of the message is an item of a chart")
        return Message(
            digest=digest_of(data), changes=tuple(change_of(i, partitions) for i in items)
        )
    except Unmappable as error:
        rejection = Rejection(refusal=error.refusal, reason=error.reason, detail=error.detail)
        message_id = error.message_id
    except UnfitItem as error:
        rejection = Rejection(refusal="AE", reason="unfit-item", detail=str(error))
        message_id = ""
    except Exception as error:  # noqa: BLE001 - a mapper's mistake must not stop the feed
        name = type(error).__name__
        log.error("mapper_failed", source=source.name, format=kind, error=name)
        detail = f"the mapper failed ({name}): the message is kept; report it"
        rejection, message_id = Rejection(refusal="AE", reason="mapper-failed", detail=detail), ""
    return rejected(
        data,
        rejection,
        source=source,
        kind=kind,
        message_id=message_id,
        captured_at=captured_at,
        partitions=partitions,
    )


def rejected(
    data: bytes,
    rejection: Rejection,
    *,
    source: Source,
    kind: str,
    message_id: str,
    captured_at: int,
    partitions: int,
) -> Message:
    """A message that is no change of a record, as the numbered change that carries it."""
    digest = digest_of(data)
    travels = len(data) <= PAYLOAD_BYTES_MAX
    content = RejectedMessage(
        reason=rejection.reason,
        detail=rejection.detail,
        format=kind,
        message_id=message_id,
        size=len(data),
        sha256=digest.hex(),
        payload=data if travels else b"",
    )
    item = _item(source.name, digest, captured_at, content)
    return Message(
        digest=digest,
        changes=(_encodable(item, content, partitions),),
        rejection=rejection,
        kept=None if travels else data,
        kind=kind,
    )


def withdrawn(digest: bytes, outbox: OutboxFile, captured_at: int) -> Change:
    """Says that the message of this digest is rejected no longer: what it said has numbers now."""
    return change_of(_item(outbox.source, digest, captured_at, None), outbox.partitions)


def _item(source: str, digest: bytes, captured_at: int, content: RejectedMessage | None) -> Item:
    """The item of a source that says a message is rejected; without content: no longer."""
    return Item(
        authority=EDGE_AUTHORITY,
        number=source,
        section="rejected",
        item=digest.hex(),
        entry="",
        op="delete" if content is None else "upsert",
        status="",
        occurred_at=captured_at,
        content=content,
    )


def _encodable(item: Item, content: RejectedMessage, partitions: int) -> Change:
    """The change; a control id or detail that is no text (lone surrogates) is left out."""
    try:
        return change_of(item, partitions)
    except UnfitItem:
        plain = replace(
            content, message_id="", detail=content.detail.encode("ascii", "replace").decode()
        )
        return change_of(replace(item, content=plain), partitions)
