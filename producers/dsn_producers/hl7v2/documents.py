"""TXA and its OBX: documents, their replacement and their withdrawal (MDM)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn_producers.hl7v2.attachments import Attachment, attachment
from dsn_producers.hl7v2.concepts import concept
from dsn_producers.hl7v2.datatypes import actors, entity
from dsn_producers.hl7v2.digest import digest
from dsn_producers.hl7v2.group import Group
from dsn_producers.hl7v2.message import Segment
from dsn_producers.hl7v2.observations import DOCUMENT_TYPES, TEXT_TYPES
from dsn_producers.mapping import Item, Unmappable
from dsn_schemas.records import Concept, Document

#: Events that put a document in the place of its parent (TXA-13), and the one that takes it back.
_REPLACES = frozenset({"T09", "T10"})
_WITHDRAWS = frozenset({"T11"})
#: TXA-17 (table 0271): not yet authenticated.
_UNFINISHED = frozenset({"DI", "IN", "IP", "PA"})
_AUTHORS = ((9, "author"), (5, "performer"), (22, "authenticator"))


def documents(group: Group) -> Iterator[Item]:
    """The document of an MDM message. Raises ``Unmappable`` when it has no TXA."""
    header = group.first("TXA")
    if header is None:
        raise Unmappable("missing-segment", f"MDM^{group.event} without TXA: nothing to file")
    parent = header.value(13)
    at = group.stamp(header.text(6)) or group.stamp(header.text(4))
    yield group.item(
        "documents",
        _name(group, header),
        _document(group, header),
        status=_status(group, header),
        at=at,
    )
    if group.event in _REPLACES and parent.sub(1):
        yield group.item("documents", parent.sub(1), None, op="delete", at=at)


def _name(group: Group, header: Segment) -> str:
    """TXA-12, else the orders' numbers, else kind and time of the document."""
    numbers = (header.text(12), header.text(15), header.text(14), header.text(16))
    named = next((number for number in numbers if number), "")
    return named or digest(header.text(2), header.text(4) or header.text(6))


def _status(group: Group, header: Segment) -> str:
    availability = header.text(19).upper()
    if group.event in _WITHDRAWS or availability == "CA":
        return "entered-in-error"
    if availability == "OB":
        return "superseded"
    return "preliminary" if header.text(17).upper() in _UNFINISHED else "current"


def _document(group: Group, header: Segment) -> Document:
    source = group.source
    kind = concept(header.value(2), source.establishment, "0270") or Concept()
    carried, text = _content(group)
    parent = header.value(13)
    return Document(
        type=kind,
        title=header.words(25) or _title(group) or kind.text,
        identifiers=tuple(
            entity(value, source, "")
            for value in (header.value(12), header.value(16))
            if value.sub(1)
        ),
        date=group.when(header.text(4)) or group.when(header.text(6)),
        authors=tuple(
            who for number, role in _AUTHORS for who in actors(header.values(number), role, source)
        ),
        mime_type=carried.mime_type if carried else ("text/plain" if text else ""),
        text=text or (carried.text if carried else ""),
        size=carried.size if carried else None,
        sha256=carried.sha256 if carried else "",
        url=carried.url if carried else "",
        replaces=(entity(parent, source, ""),) if parent.sub(1) else (),
    )


def _content(group: Group) -> tuple[Attachment | None, str]:
    """The first carried file, and every line of text; other values under their names."""
    carried: Attachment | None = None
    lines: list[str] = []
    for segment in group:
        if segment.name != "OBX":
            continue
        kind = segment.text(2).upper()
        if kind in DOCUMENT_TYPES:
            carried = carried or attachment(kind, segment.value(5))
        else:
            lines += [_line(kind, segment)]
    return carried, "\n".join(lines).strip("\n")


def _line(kind: str, segment: Segment) -> str:
    values = segment.values(5)
    if kind in TEXT_TYPES:
        return "\n".join(value.text for value in values)
    name = segment.value(3)[2] or segment.text(3)
    return f"{name}: {'; '.join(value.words() for value in values)}"


def _title(group: Group) -> str:
    row = group.first("OBX")
    return row.value(3)[2] if row else ""
