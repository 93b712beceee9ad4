"""Labelled pairs that others made, as records of our schema; a test skips where they are absent."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dsn_schemas.records import Address, ContactPoint, Demographics, HumanName, Identifier

DATA = Path(__file__).parents[2].parent / "shared" / "data"


class LabelledPair(NamedTuple):
    """Two records, and what their makers say of them: match, possible, or not."""

    a: Demographics
    b: Demographics
    expect: str


def shared(name: str) -> Path:
    """A file of the shared data; skips the test when it is not there."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


def miis() -> Iterator[LabelledPair]:
    """Pairs of children in immunization registries (AIRA)."""
    words = {"Match": "match", "Possible Match": "possible", "Not a Match": "not"}
    with gzip.open(shared("from-fetch/immregistries-miis/miis_b.jsonl.gz"), "rt") as file:
        for line in file:
            row = json.loads(line)
            yield LabelledPair(_child(row["a"]), _child(row["b"]), words[row["expect"]])


def recordlinker() -> Iterator[LabelledPair]:
    """Test cases of the CDC's RecordLinker beside the record each was made from."""
    folder = "from-fetch/cdc-recordlinker/"
    with gzip.open(shared(folder + "nbs_seed.csv.gz"), "rt") as file:
        seed = {row["Match Id"]: _american(row) for row in csv.DictReader(file)}
    words = {"match": "match", "possible_match": "possible", "no_match": "not"}
    with shared(folder + "nbs_test.csv").open() as file:
        cases = [row for row in csv.DictReader(file) if row["Match Id"] in seed]
    with gzip.open(shared(folder + "expanded_nbs_test.csv.gz"), "rt") as file:
        cases += [row for row in csv.DictReader(file) if row["Match Id"] in seed]
    for row in cases:
        yield LabelledPair(seed[row["Match Id"]], _american(row), words[row["Expected Result"]])


def _child(row: dict[str, str]) -> Demographics:
    given = tuple(row[key] for key in ("nameFirst", "nameMiddle") if row.get(key))
    names = [HumanName(family=row.get("nameLast", ""), given=given)]
    if row.get("nameAlias"):
        names.append(HumanName(use="nickname", text=row["nameAlias"]))
    numbers = [
        Identifier(system=system, value=row[key], type=kind)
        for key, system, kind in (
            ("ssn", "us-ssn", "SS"),
            ("medicaid", "us-mi-medicaid", "MC"),
            ("mrns", "us-mi-registry", "MR"),
        )
        if row.get(key)
    ]
    phone = row.get("phone")
    lines = (row["addressStreet1"],) if row.get("addressStreet1") else ()
    mother = row.get("motherMaidenName")
    return Demographics(
        identifiers=tuple(numbers),
        names=tuple(names),
        gender={"M": "male", "F": "female"}.get(row.get("gender", ""), ""),
        birth_date=iso(row.get("birthDate", "")),
        addresses=(
            Address(
                lines=lines, city=row.get("addressCity", ""), postal_code=row.get("addressZip", "")
            ),
        ),
        telecoms=(ContactPoint(system="phone", value=phone),) if phone else (),
        mother=HumanName(family=mother) if mother else None,
    )


def _american(row: dict[str, str]) -> Demographics:
    names = [HumanName(family=row["LAST"], given=(row["FIRST"],), suffix=row["SUFFIX"])]
    if row["MAIDEN"]:
        names.append(HumanName(use="maiden", family=row["MAIDEN"]))
    return Demographics(
        identifiers=(
            Identifier(system="us-ssn", value=row["SSN"], type="SS"),
            Identifier(system="us-hospital", value=row["ID"], type="MR"),
        ),
        names=tuple(names),
        gender={"M": "male", "F": "female"}.get(row["GENDER"], ""),
        birth_date=iso(row["BIRTHDATE"]),
        addresses=(Address(lines=(row["ADDRESS"],), city=row["CITY"], postal_code=row["ZIP"]),),
    )


def iso(text: str) -> str:
    """A date as ISO text: ``YYYYMMDD`` and American ``M/D/YY`` are taken."""
    if text.isdigit() and len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    parts = text.split("/")
    if len(parts) != 3:
        return text
    month, day, year = (int(part) for part in parts)
    if year < 100:
        year += 2000 if year <= 25 else 1900
    return f"{year:04d}-{month:02d}-{day:02d}"
