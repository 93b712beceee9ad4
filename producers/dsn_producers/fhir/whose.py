"""Which record a resource belongs to: the number of its patient.

The number of a ``Patient`` is, in this order:

1. its identifier of the source's own authority (``Source.authority``, under any spelling in
   ``Source.authorities``); of several, the one whose ``use`` is best (official, usual, none,
   secondary, temp, old), then the first;
2. its one identifier of type MR that is not of another authority we know;
3. ``Patient/<id>``. The prefix stays: a server's id is not a record number, and an id equal to the
   record number of somebody else would otherwise put two people in one chart.

A reference to a patient leads to the Patient in the message; failing that to its identifier when
it is of a known authority, failing that to ``Patient/<id>``, or to the whole address when the
patient lives on another server. A health number is never a record number: it can change.

So a feed whose patients have record numbers must send each resource with its Patient, or with the
number in the reference; a bare ``Patient/7`` alone is a record of its own, because the mapper keeps
nothing from one message to the next.
"""

from __future__ import annotations

from dsn_producers.fhir.bundle import Entry
from dsn_producers.fhir.datatypes import Identifier, Reference, Resource
from dsn_producers.fhir.index import (
    Index,
    base_of,
    identifier_in,
    is_absolute,
    kind_in,
    local,
    unversioned,
)
from dsn_producers.fhir.values import authority_of, is_nam, type_code
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source

#: Assigning authority and number.
Record = tuple[str, str]

#: Uses of an identifier, best first; a use that is not named here comes last.
_USES = ("official", "usual", "", "secondary", "temp", "old")
_NO_PATIENT = (
    "{path} ({kind}) names no patient of this message and no identifier of a known authority:"
    " send the Patient with it, or a reference Patient/<id>"
)


class Records:
    """The records of one message's patients."""

    def __init__(self, index: Index, source: Source) -> None:
        self._index = index
        self._source = source
        self._known: dict[Entry, Record] = {}

    def of_patient(self, entry: Entry) -> Record:
        """The record of a Patient. Raises ``Unmappable`` when nothing numbers it."""
        known = self._known.get(entry)
        if known is None:
            known = self._known[entry] = self._numbered(entry)
        return known

    def of_reference(self, reference: Reference | None, near: Entry) -> Record | None:
        """The record of the patient that ``near`` points to; None when that is no patient at all
        (a group, a device, a place). Raises ``Unmappable`` when the patient cannot be known.
        """
        if reference is not None and not reference.reference and not reference.type:
            reference = Reference(identifier=reference.identifier, type="Patient")
        found = self._index.find(reference, near)
        if found is not None:
            return self.of_patient(found) if found.kind == "Patient" else None
        if reference is not None:
            kind = kind_in(reference.reference or "") or reference.type or ""
            if kind and kind != "Patient":
                return None
            record = self._outside(reference, near)
            if record is not None:
                return record
        raise Unmappable("no-patient", _NO_PATIENT.format(path=near.path, kind=near.kind))

    def _numbered(self, entry: Entry) -> Record:
        identifiers = [one for one in entry.read(Resource).identifier or () if one is not None]
        number = self._own(identifiers) or self._medical_record(identifiers)
        if not number and entry.id and not entry.contained:
            number = f"Patient/{entry.id}"
        if not number:
            raise Unmappable(
                "no-record-number",
                f"{entry.path} (Patient) has no identifier of {self._source.authority!r},"
                " none of type MR, and no id",
            )
        return self._source.authority, number

    def _own(self, identifiers: list[Identifier]) -> str:
        own = [
            (_USES.index(use) if (use := one.use or "") in _USES else len(_USES), value)
            for one in identifiers
            if authority_of(one, self._source) == self._source.authority
            and (value := (one.value or "").strip())
        ]
        return min(own, key=lambda ranked: ranked[0])[1] if own else ""

    def _medical_record(self, identifiers: list[Identifier]) -> str:
        others = set(self._source.authorities.values()) - {self._source.authority}
        found = {
            value
            for one in identifiers
            if type_code(one) == "MR"
            and not is_nam(one, self._source)
            and authority_of(one, self._source) not in others
            and (value := (one.value or "").strip())
        }
        return found.pop() if len(found) == 1 else ""

    def _outside(self, reference: Reference, near: Entry) -> Record | None:
        address = reference.reference or ""
        _, _, query = address.partition("?")
        for identifier in (identifier_in(query) if query else None, reference.identifier):
            if identifier is not None and (record := self._known_authority(identifier)):
                return record
        address = unversioned(address)
        if query or kind_in(address) != "Patient" or address.endswith("/"):
            return None
        if is_absolute(address) and base_of(address) != base_of(near.full_url):
            return self._source.authority, address
        return self._source.authority, local(address)

    def _known_authority(self, identifier: Identifier) -> Record | None:
        authority = authority_of(identifier, self._source)
        known = {self._source.authority, *self._source.authorities.values()}
        value = (identifier.value or "").strip()
        if not value or authority not in known or is_nam(identifier, self._source):
            return None
        return authority, value
