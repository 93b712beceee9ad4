"""How each hospital writes its messages: header, PID and what hangs on them.

CHUL: HL7 v2.5 in ISO-8859-1, declared in MSH-18; the NAM is a repetition of PID-3. HDM: HL7 v2.3.1
in UTF-8 that no header declares; capitals; the NAM is in PID-2. Both send local time, CHUL with an
offset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dsn_deploy.demo import hl7
from dsn_deploy.demo.hl7 import Field, segment
from dsn_deploy.demo.population import Address
from dsn_deploy.demo.registrations import Registration, latin1

_ZONE = ZoneInfo("America/Toronto")

#: Language of service: code and text.
_LANGUAGES = {
    "fr": ("fr", "Français"),
    "en": ("en", "Anglais"),
    "iu": ("iu", "Inuktitut"),
    "ht": ("ht", "Créole haïtien"),
    "vi": ("vi", "Vietnamien"),
    "de": ("de", "Allemand"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a place has on file about a person when it sends a message."""

    registration: Registration
    #: As now on file; a newborn's label and missing NAM come before the real ones.
    family: str
    given: tuple[str, ...]
    nam: str
    address: Address
    phone: str
    deceased: datetime | None = None
    #: Local number of the mother, for a newborn.
    mother_number: str = ""


def snapshot(registration: Registration) -> Snapshot:
    """The file as the place has it in the end."""
    return Snapshot(
        registration=registration,
        family=registration.family,
        given=registration.given,
        nam=registration.nam,
        address=registration.person.address,
        phone=registration.person.phone,
    )


@dataclass(frozen=True, slots=True)
class Chul:
    """The first hospital's interface engine."""

    charset: str = "iso-8859-1"

    def header(self, when: datetime, kind: Field, control: str, application: str) -> str:
        """MSH of v2.5; the message type carries its structure."""
        fields: dict[int, Field | list[Field]] = {
            3: application, 4: "CHUL", 5: "DSN", 6: "CENTRE", 7: self.stamp(when), 9: kind,
            10: control, 11: "P", 12: "2.5", 15: "AL", 16: "NE", 17: "CAN", 18: "8859/1",
            19: "FR",
        }  # fmt: skip
        return hl7.header(fields)

    def pid(self, on_file: Snapshot) -> str:
        """The patient, with every identifier in PID-3."""
        registration, person = on_file.registration, on_file.registration.person
        numbers: list[Field] = [(registration.number, "", "", "CHUL", "MR")]
        if on_file.nam:
            numbers.append((on_file.nam, "", "", "RAMQ", "JHN"))
        mother = tuple(map(latin1, person.mother))
        fields: dict[int, Field | list[Field]] = {
            1: "1", 3: numbers, 5: self._name(on_file), 6: mother[:1],
            7: hl7.day(registration.born), 8: person.marker, 11: self._address(on_file.address),
            13: (on_file.phone, "PRN", "PH"), 15: _LANGUAGES[person.language],
            **_birth(on_file), **_death(on_file),
        }  # fmt: skip
        if on_file.mother_number:
            fields[21] = (on_file.mother_number, "", "", "CHUL", "MR")
        return segment("PID", fields)

    def stamp(self, when: datetime) -> str:
        """Local time with its offset."""
        return hl7.stamp(when.replace(tzinfo=_ZONE))

    def text(self, words: str) -> str:
        """As ISO-8859-1 can write it."""
        return latin1(words)

    def _name(self, on_file: Snapshot) -> Field:
        first, *others = on_file.given
        return (on_file.family, first, " ".join(others), "", "", "", "L")

    def _address(self, address: Address) -> Field:
        return (address.street, "", address.city, "QC", address.postal_code, "CAN", "H")


@dataclass(frozen=True, slots=True)
class Hdm:
    """The second hospital's older system."""

    charset: str = "utf-8"

    def header(self, when: datetime, kind: Field, control: str, application: str) -> str:
        """MSH of v2.3.1: no structure, no character set."""
        fields: dict[int, Field | list[Field]] = {
            3: application, 4: "HDM", 5: "DSN", 6: "CENTRE", 7: self.stamp(when), 9: kind[:2],
            10: control, 11: "P", 12: "2.3.1",
        }  # fmt: skip
        return hl7.header(fields)

    def pid(self, on_file: Snapshot) -> str:
        """The patient, with the NAM in PID-2 and no white space in the postal code."""
        registration, person = on_file.registration, on_file.registration.person
        first, *others = on_file.given
        address, language = on_file.address, _LANGUAGES[person.language]
        fields: dict[int, Field | list[Field]] = {
            1: "1", 2: (on_file.nam, "", "", "QC") if on_file.nam else "",
            3: (registration.number, "", "", "HDM"),
            5: (on_file.family, first, " ".join(others)), 6: person.mother,
            7: hl7.day(registration.born), 8: "O" if person.marker == "X" else person.marker,
            11: (address.street, "", address.city, "QC", address.postal_code.replace(" ", "")),
            13: on_file.phone.replace(" ", "-"), 15: (language[0].upper(), language[1]),
            **_birth(on_file), **_death(on_file),
        }  # fmt: skip
        return segment("PID", fields)

    def stamp(self, when: datetime) -> str:
        """Local time without saying so."""
        return hl7.stamp(when)

    def text(self, words: str) -> str:
        """Anything goes in UTF-8."""
        return words


Dialect = Chul | Hdm


def moved(on_file: Snapshot, address: Address, phone: str) -> Snapshot:
    """The file after a change of address."""
    return replace(on_file, address=address, phone=phone)


def _birth(on_file: Snapshot) -> dict[int, Field]:
    order = on_file.registration.person.birth_order
    return {24: "Y", 25: str(order)} if order else {}


def _death(on_file: Snapshot) -> dict[int, Field]:
    if on_file.deceased is None:
        return {}
    return {29: hl7.stamp(on_file.deceased), 30: "Y"}
