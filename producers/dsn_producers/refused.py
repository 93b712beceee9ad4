"""Messages an outbox refused and still waits to take: their bytes, whatever became of their rows.

A refused message travels to the centre in the change that says so; when that change is freed here
its bytes stay, because a retry maps them again. Called by ``receipted`` and ``retrying``.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from fastavro import schemaless_reader

from dsn_producers.change import parsed_schema
from dsn_producers.outbox_file import OutboxFile
from dsn_schemas.wire import own_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A message that was refused and is not taken yet."""

    #: SHA-256 of its bytes.
    digest: bytes
    #: Number that said so first: the place a retry takes.
    position: int
    #: hl7v2 or fhir.
    kind: str
    reason: str
    detail: str
    #: Edge clock, milliseconds.
    refused_at: int
    #: Retries that failed.
    attempts: int


def refused(file: OutboxFile) -> list[Refused]:
    """All of them, in the order in which they came."""
    return [
        Refused(
            digest=digest,
            position=position,
            kind=kind,
            reason=reason,
            detail=detail,
            refused_at=at,
            attempts=attempts,
        )
        for digest, position, kind, reason, detail, at, attempts in file.all("refused")
    ]


def bytes_of(file: OutboxFile, one: Refused) -> bytes:
    """The message byte for byte. Raises ``KeyError`` when the outbox has lost it."""
    row = file.one("carried", one.digest)
    if row is not None and (payload := _payload(file, *row)):
        return payload
    row = file.one("rejected", one.digest)
    if row is None:
        raise KeyError(one.digest.hex())
    return bytes(row[0])


def carriers(file: OutboxFile) -> set[int]:
    """Positions of the changes that carry their bytes: few, so that none is asked for in vain."""
    return {position for (position,) in file.all("carriers")}


def keep_bytes(file: OutboxFile, position: int) -> None:
    """The change at this position is about to be freed: keep what a retry will need of it."""
    row = file.one("carried_by", position)
    if row is None:
        return
    digest, reason, at, schema, body = row
    if payload := _payload(file, schema, body):
        file.execute("put_rejected", digest, reason, at, payload)


def _payload(file: OutboxFile, schema: int, body: bytes) -> bytes:
    """The bytes a stored change carries; empty when they were too large to travel."""
    change = schemaless_reader(
        BytesIO(body), parsed_schema(file.schema_text(schema)), own_schema("RecordChange")
    )
    assert isinstance(change, dict)
    content = change["content"]
    assert isinstance(content, dict)
    return bytes(content["payload"])
