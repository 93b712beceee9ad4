"""Where the references of a message lead.

A reference is followed inside its own message only: the mapper asks no server. In the order tried:
``#contained``, the full address, the address completed with the entry's own base, ``Type/id``, and
the conditional form ``Type?identifier=system|value``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from dsn_producers.fhir.bundle import Entry
from dsn_producers.fhir.datatypes import Identifier, Reference, Resource
from dsn_producers.mapping import Unmappable


class Index:
    """The entries of one message by every name they can be called."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._by_url: dict[str, Entry] = {}
        self._by_name: dict[str, Entry] = {}
        self._ambiguous: set[str] = set()
        self._by_identifier: dict[str, dict[tuple[str, str], list[Entry]]] = {}
        for entry in self._entries:
            self._add(entry)

    def of_kind(self, kind: str) -> Iterator[Entry]:
        """Every entry of a FHIR type, in the order of the message."""
        return (entry for entry in self._entries if entry.kind == kind)

    def find(self, reference: Reference | None, near: Entry) -> Entry | None:
        """The entry that ``reference``, written in ``near``, leads to; None when it is not here.

        Raises ``Unmappable`` when two resources of different servers answer to the name.
        """
        if reference is None:
            return None
        found = self._by_address(reference.reference or "", near)
        if found is None and reference.identifier is not None:
            kind = reference.type or kind_in(reference.reference or "")
            found = self._identified(kind, reference.identifier)
        return found

    def _add(self, entry: Entry) -> None:
        if entry.full_url:
            self._by_url[entry.full_url] = entry
        names = {entry.name} if entry.name else set()
        if entry.full_url and kind_in(entry.full_url) == entry.kind:
            names.add(local(entry.full_url))
        for name in names:
            before = self._by_name.get(name)
            if before is not None and _elsewhere(before.full_url, entry.full_url):
                self._ambiguous.add(name)
            self._by_name[name] = entry

    def _by_address(self, address: str, near: Entry) -> Entry | None:
        if not address:
            return None
        if address.startswith("#"):
            return near.inner(address[1:])
        if "?" in address:
            identifier = identifier_in(address.partition("?")[2])
            return self._identified(kind_in(address), identifier) if identifier else None
        address = unversioned(address)
        found = self._by_url.get(address) or self._by_url.get(base_of(near.full_url) + address)
        if found is not None:
            return found
        if is_absolute(address) and base_of(address) != base_of(near.full_url):
            return None
        name = local(address)
        if name in self._ambiguous:
            raise Unmappable(
                "ambiguous-reference",
                f"{near.path} points to a name that two resources of different servers have:"
                " give the full address",
            )
        return self._by_name.get(name)

    def _identified(self, kind: str, identifier: Identifier) -> Entry | None:
        key = ((identifier.system or "").strip(), (identifier.value or "").strip())
        if not kind or not key[1]:
            return None
        known = self._by_identifier.get(kind)
        if known is None:
            known = self._by_identifier[kind] = self._numbers(kind)
        found = known.get(key, ())
        if len(found) > 1:
            raise Unmappable(
                "ambiguous-reference",
                f"an identifier by which a {kind} is referred to belongs to {len(found)} of them in"
                " this message: refer by address",
            )
        return found[0] if found else None

    def _numbers(self, kind: str) -> dict[tuple[str, str], list[Entry]]:
        """The resources of a type by identifier; newer versions of one resource stand for it."""
        latest = {entry.name or entry.path: entry for entry in self.of_kind(kind)}
        numbers: dict[tuple[str, str], list[Entry]] = {}
        for entry in latest.values():
            keys = {
                ((one.system or "").strip(), (one.value or "").strip())
                for one in entry.read(Resource).identifier or ()
                if one is not None
            }
            for key in keys:
                numbers.setdefault(key, []).append(entry)
        return numbers


def kind_in(address: str) -> str:
    """The FHIR type a reference names; empty when it names none (``urn:uuid:...``)."""
    plain, query, _ = unversioned(address).partition("?")
    parts = plain.split("/")
    kind = parts[-1] if query and _is_type(parts[-1]) else parts[-2] if len(parts) > 1 else ""
    return kind if _is_type(kind) else ""


def _is_type(word: str) -> bool:
    return word[:1].isupper() and word.isascii() and word.isalpha()


def local(address: str) -> str:
    """``Type/id`` of an address on any server."""
    return "/".join(address.split("/")[-2:])


def base_of(address: str) -> str:
    """The server part of an address, with its last slash; empty when it has none."""
    return address[: -len(local(address))] if is_absolute(address) else ""


def is_absolute(address: str) -> bool:
    """True when the address names its server."""
    return address.startswith(("http://", "https://"))


def unversioned(address: str) -> str:
    """The address without ``/_history/7``."""
    return address.partition("/_history/")[0]


def identifier_in(query: str) -> Identifier | None:
    """The identifier of a conditional reference ``Patient?identifier=system|value``."""
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name == "identifier" and value:
            system, bar, number = unquote(value).rpartition("|")
            return Identifier(system=system if bar else None, value=number) if number else None
    return None


def _elsewhere(before: str, after: str) -> bool:
    return is_absolute(before) and is_absolute(after) and before != after
