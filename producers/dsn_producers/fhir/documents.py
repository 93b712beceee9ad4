"""DocumentReference and DiagnosticReport → documents.

Text is carried as text, in whatever charset the media type names; of anything else the size and
the digest are kept, and where the source has it. A document in several forms is shown in its first
text form.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dsn_producers.fhir import datatypes as fhir
from dsn_producers.fhir import resources as r
from dsn_producers.fhir.draft import Draft, Scope
from dsn_producers.fhir.values import (
    concept,
    concept_or_empty,
    first,
    identifiers,
    present,
    words,
)
from dsn_producers.mapping import Unmappable
from dsn_schemas.records import Actor, Document, Identifier

_DEFAULT_CHARSET = "utf-8"
#: Charsets of text that are read. No others: Python's list of codecs holds some (UTF-7, escapes)
#: that make text no database takes.
_CHARSETS = frozenset(
    {"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"}
)
#: Statuses that say more than how far the writing has come.
_GONE = frozenset({"superseded", "entered-in-error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One form of a document."""

    mime_type: str = ""
    text: str = ""
    size: int | None = None
    sha256: str = ""
    url: str = ""
    title: str = ""
    created: str | None = None


def document(resource: r.DocumentReference, scope: Scope) -> tuple[Draft, ...]:
    """A document: its status is how far the writing has come, unless it is gone."""
    form = _chosen([one.attachment for one in resource.content], scope)
    numbers = (resource.master_identifier, *(resource.identifier or ()))
    status = resource.status
    content = Document(
        type=concept(resource.type) or concept_or_empty(first(resource.category)),
        title=resource.description or form.title,
        identifiers=identifiers(numbers, scope.source),
        date=resource.date or form.created,
        authors=scope.actors(resource.author, "author"),
        custodian=scope.named(resource.custodian),
        mime_type=form.mime_type,
        text=form.text,
        size=form.size,
        sha256=form.sha256,
        url=form.url,
        replaces=_replaced(resource, scope),
    )
    return (
        Draft(
            section="documents",
            content=content,
            status=status if status in _GONE else resource.doc_status or status,
            said_at=content.date,
        ),
    )


def report(resource: r.DiagnosticReport, scope: Scope) -> tuple[Draft, ...]:
    """A report as a whole: what was concluded, and the text presented."""
    form = _chosen(present(resource.presented_form), scope)
    period = resource.effective_period or fhir.Period()
    effective = resource.effective_date_time or period.start
    coded = (words(concept(code)) for code in present(resource.conclusion_code))
    content = Document(
        type=concept_or_empty(resource.code),
        title=form.title,
        identifiers=identifiers(resource.identifier, scope.source),
        date=resource.issued or effective,
        authors=_authors(resource, scope),
        mime_type=form.mime_type,
        text=form.text,
        size=form.size,
        sha256=form.sha256,
        url=form.url,
        conclusion=resource.conclusion or "; ".join(text for text in coded if text),
    )
    return (
        Draft(section="documents", content=content, status=resource.status, said_at=content.date),
    )


def _authors(resource: r.DiagnosticReport, scope: Scope) -> tuple[Actor, ...]:
    return scope.actors(resource.results_interpreter, "interpreter") + scope.actors(
        resource.performer, "performer"
    )


def _chosen(attachments: Sequence[fhir.Attachment], scope: Scope) -> _Form:
    """The first form that is text, else the first."""
    forms = [_form(attachment, scope) for attachment in attachments]
    return next((form for form in forms if form.text), forms[0] if forms else _Form())


def _form(attachment: fhir.Attachment, scope: Scope) -> _Form:
    mime_type, data = attachment.content_type or "", attachment.data
    url = attachment.url or ""
    if data is None and url:
        entry = scope.index.find(fhir.Reference(reference=url), scope.entry)
        if entry is not None and entry.kind == "Binary":
            binary = entry.read(r.Binary)
            mime_type, data = mime_type or binary.content_type or "", binary.data
            url = "" if data is not None else url
    content = None if data is None else _bytes(data, scope)
    return _Form(
        mime_type=mime_type,
        text="" if content is None else _text(content, mime_type, scope),
        size=attachment.size if content is None else len(content),
        sha256="" if content is None else hashlib.sha256(content).hexdigest(),
        url=url,
        title=attachment.title or "",
        created=attachment.creation,
    )


def _bytes(data: str, scope: Scope) -> bytes:
    """FHIR allows white space in base 64, nothing else."""
    try:
        return binascii.a2b_base64("".join(data.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        detail = f"{scope.entry.path}: the data of an attachment is not base 64"
        raise Unmappable("invalid-attachment", detail) from None


def _text(content: bytes, mime_type: str, scope: Scope) -> str:
    kind, _, parameters = mime_type.partition(";")
    if not kind.strip().lower().startswith("text/"):
        return ""
    try:
        text = content.decode(_charset(parameters))
    except (LookupError, ValueError):
        detail = (
            f"{scope.entry.path}: the text of an attachment is not in the charset of its"
            f" contentType (one of {', '.join(sorted(_CHARSETS))})"
        )
        raise Unmappable("invalid-attachment", detail) from None
    if "\0" in text:
        raise Unmappable("nul-character", f"{scope.entry.path}: an attachment holds NUL: remove it")
    return text


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if charset not in _CHARSETS:
                raise LookupError("a charset that is not read here")
            return charset
    return _DEFAULT_CHARSET


def _replaced(resource: r.DocumentReference, scope: Scope) -> tuple[Identifier, ...]:
    """The documents this one replaces: their own numbers where they are here."""
    found: list[Identifier] = []
    for one in present(resource.relates_to):
        if one.code != "replaces" or one.target is None:
            continue
        entry = scope.index.find(one.target, scope.entry)
        numbers = entry.read(fhir.Resource).identifier if entry else (one.target.identifier,)
        known = identifiers(numbers, scope.source)
        found += known or (Identifier(value=one.target.reference or ""),)
    return tuple(one for one in found if one.value)
