"""From the bytes of a message to its resources, each with its place in the message.

The form is judged here: text, nesting, JSON, the kind of bundle, and what an entry asks to be
done. What a resource says is judged when it is mapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from msgspec import Raw

from dsn_producers.fhir.datatypes import Element, Identifier
from dsn_producers.mapping import Unmappable

#: Kinds of bundle that state things. Responses tell how an earlier request went, no more.
STATING = frozenset(
    {"", "transaction", "batch", "collection", "searchset", "document", "message", "history"}
)
#: A patient feed is a message in which a bundle lies; nobody needs a fourth level.
BUNDLES_DEEP_MAX = 3
#: An escaped NUL that is not itself escaped: PostgreSQL keeps no NUL in a text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_BOM = b"\xef\xbb\xbf"

R = TypeVar("R", bound=msgspec.Struct)


class Request(Element):
    """What an entry of a transaction asks to be done."""

    method: str | None = None
    url: str | None = None


class BundleEntry(Element):
    """One entry, its resource not yet read."""

    full_url: str | None = None
    resource: Raw = Raw(b"")
    request: Request | None = None


class Bundle(Element):
    """The cover of a message."""

    resource_type: str | None = None
    id: str | None = None
    identifier: Identifier | None = None
    type: str | None = None
    entry: tuple[BundleEntry, ...] | None = None


class _Cover(Element):
    resource_type: str | None = None
    id: str | None = None
    entry: Raw = Raw(b"")


class _Container(Element):
    contained: tuple[Raw, ...] | None = None


@dataclass(slots=True, eq=False)
class Entry:
    """One resource of the message."""

    #: Where it stands, for messages to people: ``entry[3].resource``.
    path: str
    #: FHIR type.
    kind: str
    #: ``resource.id``, else the id in the address it is put to; empty when it has none.
    id: str
    #: ``fullUrl`` of its entry.
    full_url: str
    raw: Raw
    #: The sender asks to delete it.
    deleted: bool = False
    #: It lies in another resource and has no life of its own.
    contained: bool = False
    _read: dict[type[msgspec.Struct], msgspec.Struct] = field(default_factory=dict)
    _inner: dict[str, Entry] | None = None

    @property
    def name(self) -> str:
        """``Type/id``; empty when it has no id."""
        return f"{self.kind}/{self.id}" if self.id else ""

    def read(self, shape: type[R]) -> R:
        """The resource as ``shape``. Raises ``Unmappable`` with the path of what does not fit."""
        found = self._read.get(shape)
        if found is None:
            found = self._read[shape] = decoded(self.raw, shape, self.path)
        return found  # type: ignore[return-value] # the key says so

    def inner(self, name: str) -> Entry | None:
        """The resource contained in this one under a local id; always the same object."""
        if self._inner is None:
            self._inner = {}
            for number, raw in enumerate(self.read(_Container).contained or ()):
                path = f"{self.path}.contained[{number}]"
                cover = decoded(raw, _Cover, path)
                kind, own = cover.resource_type or "", cover.id or ""
                self._inner.setdefault(own, Entry(path, kind, own, "", raw, contained=True))
        return self._inner.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """``DELETE`` of a resource that is not carried along."""

    path: str
    #: ``Type/id`` or ``Type?search``, as FHIR writes it.
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, read as far as its entries."""

    message_id: str
    entries: tuple[Entry, ...]
    deletions: tuple[Deletion, ...]


def read_message(data: bytes) -> Message:
    """The entries of a bundle, or the one resource. Raises ``Unmappable``."""
    raw = _checked(data)
    cover = decoded(raw, _Cover, "")
    if not cover.resource_type and not bytes(cover.entry):
        raise Unmappable("not-fhir", "no resourceType at the top: send a FHIR R4 resource")
    if cover.resource_type not in (None, "", "Bundle"):
        entry = Entry("resource", cover.resource_type or "", cover.id or "", "", raw)
        return Message(message_id="", entries=(entry,), deletions=())
    bundle = decoded(raw, Bundle, "")
    message_id = bundle.id or (bundle.identifier.value if bundle.identifier else "") or ""
    entries: list[Entry] = []
    deletions: list[Deletion] = []
    try:
        _unfold(bundle, "", 1, entries, deletions)
    except Unmappable as error:
        error.message_id = message_id
        raise
    return Message(message_id=message_id, entries=tuple(entries), deletions=tuple(deletions))


def decoded(raw: Raw | bytes, kind: type[R], path: str) -> R:
    """``raw`` as ``kind``. Raises ``Unmappable``; the detail holds the path and no value."""
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise Unmappable("invalid-resource", _said(str(error), path)) from None
    except msgspec.DecodeError as error:
        raise Unmappable("malformed-json", _said(str(error), path), refusal="AR") from None
    except RecursionError:
        raise Unmappable("too-deep", "the JSON is nested too deeply", refusal="AR") from None


def _checked(data: bytes) -> Raw:
    """The message as text that may be kept: UTF-8 throughout, and no NUL."""
    text = data.removeprefix(_BOM)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"not UTF-8 at byte {error.start}: send FHIR JSON as UTF-8"
        raise Unmappable("invalid-utf8", detail, refusal="AR") from None
    if b"\\u0000" in text and _NUL.search(text):
        raise Unmappable("nul-character", "a text holds the character NUL: remove it")
    return Raw(text)


def _unfold(
    bundle: Bundle, path: str, depth: int, entries: list[Entry], deletions: list[Deletion]
) -> None:
    if depth > BUNDLES_DEEP_MAX:
        detail = f"bundles within bundles at {path}: at most {BUNDLES_DEEP_MAX}"
        raise Unmappable("too-deep", detail, refusal="AR")
    if (bundle.type or "") not in STATING:
        raise Unmappable(
            "unsupported-bundle-type",
            f"{path}Bundle.type is not one of {', '.join(sorted(STATING - {''}))}",
        )
    numbered = list(enumerate(bundle.entry or ()))
    if bundle.type == "history":
        # The oldest version stands last; the last to be mapped wins.
        numbered.reverse()
    for number, entry in numbered:
        _take(entry, f"{path}entry[{number}]", depth, entries, deletions)


def _take(
    entry: BundleEntry, path: str, depth: int, entries: list[Entry], deletions: list[Deletion]
) -> None:
    method = (entry.request.method if entry.request else None) or ""
    url = (entry.request.url if entry.request else None) or ""
    if method == "PATCH":
        detail = f"{path}.request.method is PATCH: send the whole resource"
        raise Unmappable("patch-not-supported", detail)
    here = f"{path}.resource"
    cover = decoded(entry.resource, _Cover, here) if bytes(entry.resource) else None
    if cover is None:
        if method == "DELETE":
            deletions.append(Deletion(path=path, url=url))
        elif method in ("POST", "PUT"):
            raise Unmappable("missing-resource", f"{path} has a {method} request and no resource")
    elif cover.resource_type == "Bundle":
        _unfold(decoded(entry.resource, Bundle, here), f"{here}.", depth + 1, entries, deletions)
    elif cover.resource_type:
        name = cover.id or _id_in(url if method == "PUT" else "", cover.resource_type)
        entries.append(
            Entry(
                here,
                cover.resource_type,
                name,
                entry.full_url or "",
                entry.resource,
                deleted=method == "DELETE",
            )
        )
    else:
        raise Unmappable("not-fhir", f"{here} has no resourceType")


def _id_in(url: str, kind: str) -> str:
    before, _, name = url.partition("?")[0].rpartition("/")
    return name if before == kind else ""


def _said(error: str, path: str) -> str:
    what, _, where = error.partition(" - at `$")
    if "matching regex" in what:
        what = "not a FHIR date (YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz)"
    return f"{path}{where.rstrip('`')}: {what}" if path or where else what


_DECODERS: dict[type[msgspec.Struct], msgspec.json.Decoder[msgspec.Struct]] = {}


def _decoder(kind: type[R]) -> msgspec.json.Decoder[R]:
    known = _DECODERS.get(kind)
    if known is None:
        known = _DECODERS[kind] = msgspec.json.Decoder(kind)
    return known  # type: ignore[return-value] # the key says so
