"""Which column of a labelled CSV is which field of a record.

A mapping is JSON, for example::

    {"id": "rec_id", "truth": "rec_id", "truth_pattern": "rec-(\\\\d+)-",
     "given": ["given_name"], "family": ["surname"], "birth_date": "date_of_birth",
     "street": ["street_number", "address_1"], "postal_code": "postcode",
     "identifiers": [{"column": "soc_sec_id", "system": "au-ssn", "type": "SS"}]}
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from dsn_deploy.errors import CommandError
from dsn_schemas.nam import SYSTEM as NAM_SYSTEM
from dsn_schemas.records import Address, ContactPoint, Demographics, HumanName, Identifier

_SEX = {"m": "male", "f": "female", "male": "male", "female": "female", "x": "other"}


class NumberColumn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A column that holds an identifier."""

    column: str
    #: Assigning authority.
    system: str
    #: HL7 table 0203: SS, PPN, JHN for one person's number; MR, PI for a local one.
    type: str = "PI"


class ColumnMapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The columns of one data set; what is left out is unknown of every record."""

    id: str
    #: Records with the same truth are one person.
    truth: str
    #: The first group of this expression, where the truth is a part of the column.
    truth_pattern: str = ""
    delimiter: str = ","
    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    #: Other surnames: at birth, married.
    maiden: tuple[str, ...] = ()
    suffix: str = ""
    birth_date: str = ""
    #: Tried in order, beside ISO dates.
    date_formats: tuple[str, ...] = ("%Y%m%d",)
    sex: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""
    phone: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    mother_given: str = ""
    mother_family: str = ""
    father_given: str = ""
    father_family: str = ""
    #: Health number of Quebec.
    nam: str = ""
    identifiers: tuple[NumberColumn, ...] = ()

    def columns(self) -> set[str]:
        """Every column the mapping names."""
        single = {
            *(self.id, self.truth, self.suffix, self.birth_date, self.sex, self.city, self.nam),
            *(self.postal_code, self.mother_given, self.mother_family),
            *(self.father_given, self.father_family),
        }
        many = (self.given, self.family, self.maiden, self.street, self.phone, self.email)
        found = single | {*(name for names in many for name in names)}
        return (found | {number.column for number in self.identifiers}) - {""}


@dataclass(frozen=True, slots=True)
class LabelledRecord:
    """One row: who it is said to be, and what is known of it."""

    id: str
    truth: str
    demographics: Demographics


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping of a file. Raises ``CommandError``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ColumnMapping)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise CommandError(f"{path} is not a mapping: {error}") from None


def read_records(path: Path, mapping: ColumnMapping) -> Iterator[LabelledRecord]:
    """The records of a CSV, also of a ``.csv.gz``. Raises ``CommandError``."""
    opened = gzip.open if path.suffix == ".gz" else open
    pattern = re.compile(mapping.truth_pattern) if mapping.truth_pattern else None
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter=mapping.delimiter, skipinitialspace=True)
            missing = mapping.columns() - set(reader.fieldnames or ())
            if missing:
                raise CommandError(f"{path} has no column {', '.join(sorted(missing))}")
            seen: set[str] = set()
            for row in reader:
                record = _record(row, mapping, pattern, f"{path} line {reader.line_num}")
                if record.id in seen:
                    raise CommandError(f"{path} line {reader.line_num}: that id came before")
                seen.add(record.id)
                yield record
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None


def _record(
    row: Mapping[str, str | None],
    mapping: ColumnMapping,
    pattern: re.Pattern[str] | None,
    where: str,
) -> LabelledRecord:
    said = _Row(row)
    truth = said(mapping.truth)
    if pattern is not None:
        found = pattern.search(truth)
        if found is None:
            raise CommandError(f"{where}: the truth does not fit {pattern.pattern!r}")
        truth = found[1]
    if not said(mapping.id) or not truth:
        raise CommandError(f"{where}: no id or no truth")
    return LabelledRecord(said(mapping.id), truth, demographics(said, mapping))


class _Row:
    """A row that answers with stripped text, and with nothing for a column not mapped."""

    def __init__(self, row: Mapping[str, str | None]) -> None:
        self._row = row

    def __call__(self, column: str) -> str:
        return (self._row.get(column) or "").strip() if column else ""

    def all(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """What is known of several columns."""
        return tuple(text for text in map(self, columns) if text)


def demographics(said: _Row, mapping: ColumnMapping) -> Demographics:
    """The fields of a record from its row."""
    family = " ".join(said.all(mapping.family))
    names = [HumanName(family=family, given=said.all(mapping.given), suffix=said(mapping.suffix))]
    names += [HumanName(use="maiden", family=one) for one in said.all(mapping.maiden)]
    street, code = said.all(mapping.street), said(mapping.postal_code)
    place = Address(
        lines=(" ".join(street),) if street else (), city=said(mapping.city), postal_code=code
    )
    return Demographics(
        identifiers=_identifiers(said, mapping),
        names=tuple(names),
        gender=_SEX.get(said(mapping.sex).lower(), ""),
        birth_date=_date(said(mapping.birth_date), mapping.date_formats),
        addresses=(place,) if street or code else (),
        telecoms=(
            *(ContactPoint(system="phone", value=one) for one in said.all(mapping.phone)),
            *(ContactPoint(system="email", value=one) for one in said.all(mapping.email)),
        ),
        mother=_parent(said(mapping.mother_given), said(mapping.mother_family)),
        father=_parent(said(mapping.father_given), said(mapping.father_family)),
    )


def _identifiers(said: _Row, mapping: ColumnMapping) -> tuple[Identifier, ...]:
    numbers = [
        Identifier(system=one.system, value=said(one.column), type=one.type)
        for one in mapping.identifiers
        if said(one.column)
    ]
    if said(mapping.nam):
        numbers.append(Identifier(system=NAM_SYSTEM, value=said(mapping.nam), type="JHN"))
    return tuple(numbers)


def _parent(given: str, family: str) -> HumanName | None:
    if not given and not family:
        return None
    return HumanName(family=family, given=(given,) if given else ())


def _date(text: str, formats: tuple[str, ...]) -> str:
    """The date as ISO text; as it is where no format fits, for a wrong date is evidence too."""
    for form in formats:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    digits = text if text.isdigit() else ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else text
