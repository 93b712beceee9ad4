"""Generated histories of a few records: small enough to shrink, rich enough to go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from hypothesis import strategies as st

from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.nam import SYSTEM, check_digit
from dsn_schemas.records import (
    Allergy,
    Coding,
    Concept,
    Content,
    Demographics,
    Encounter,
    HumanName,
    Identifier,
    IdentityClaim,
    RecordChange,
    Result,
    SectionStatement,
)

SOURCES = ("adt", "lab")
RECORDS = (("H", "1"), ("H", "2"), ("H", "3"), ("C", "1"), ("C", "2"))
BORN = date(1980, 5, 10)


def nam(number: int) -> str:
    prefix, sequence = "ROYM", "123456789"[number]
    digit = check_digit(prefix, BORN.year, "F", BORN.month, BORN.day, sequence)
    return f"{prefix}805510{sequence}{digit}"


def demographics(nam_number: int | None, family: str) -> Demographics:
    identifiers = ()
    if nam_number is not None:
        identifiers = (Identifier(system=SYSTEM, value=nam(nam_number), type="JHN"),)
    return Demographics(
        identifiers=identifiers,
        names=(HumanName(family=family, given=("Mélanie",)),),
        birth_date=BORN.isoformat(),
    )


def _allergy(code: str, criticality: str) -> Allergy:
    return Allergy(code=Concept(codings=(Coding(system="s", code=code),)), criticality=criticality)


class Pick(Protocol):
    """One of some values, however it is chosen."""

    def __call__(self, values: Sequence[Any], /) -> Any: ...


def statement(pick: Pick) -> tuple[str, str, str, str, Content | None, str]:
    """(section, item, entry, status, content, op)."""
    section = pick(("demographics", "allergies", "results", "encounters", "claims"))
    op = pick(("upsert", "upsert", "upsert", "delete"))
    if section == "demographics":
        content: Content = demographics(pick((None, 0, 0, 1)), pick(("Roy", "Tremblay")))
        return section, "patient", "", "", content, "upsert"
    if section == "claims":
        authority, number = pick(RECORDS)
        kind = pick(("merge", "merge", "link", "unlink", "not-same", "move", "undo"))
        claim = IdentityClaim(kind=kind, other_authority=authority, other_number=number)
        item = pick((f"{kind}|{authority}|{number}", "link"))
        return section, item, "", "", claim, op
    if section == "allergies" and pick(range(5)) == 0:
        return section, "statement", "", "", SectionStatement(), op
    item = pick(("x", "y"))
    code = pick(("", "s|1", "s|2"))
    if section == "allergies":
        content = _allergy(code, pick(("low", "high")))
        return section, item, code, pick(("active", "inactive")), content, op
    if section == "results":
        status = pick(("preliminary", "final", "corrected", "entered-in-error"))
        content = Result(code=Concept(text="c"), value_text=pick(("1", "2")))
        return section, item, pick(("", "l|1|A1")), status, content, op
    return section, item, "", "finished", Encounter(note=pick("ab")), op


def made(pick: Pick, changes_max: int = 14) -> list[RecordChange]:
    """Changes with true numbers and times that lie."""
    numbers = dict.fromkeys((*SOURCES, STEWARD), 0)
    found = []
    for _ in range(pick(range(1, changes_max + 1))):
        authority, number = pick(RECORDS)
        section, item, entry, status, content, op = statement(pick)
        source = pick((*SOURCES, STEWARD) if section == "claims" else SOURCES)
        numbers[source] += 1
        found.append(
            RecordChange(
                source=source,
                epoch=1,
                seq=numbers[source],
                previous=0,
                authority=authority,
                number=number,
                section=section,  # type: ignore[arg-type]
                item=item,
                entry=entry,
                op=op,  # type: ignore[arg-type]
                status=status,
                occurred_at=pick(range(21)),
                captured_at=pick(range(1, 21)),
                content=None if op == "delete" else content,
            )
        )
    return found


@st.composite
def history(draw: st.DrawFn, changes_max: int = 14) -> list[RecordChange]:
    """A history that Hypothesis chooses, and makes small when it fails."""
    return made(lambda values: draw(st.sampled_from(values)), changes_max)


def chained(changes: list[RecordChange], partitions: int) -> list[RecordChange]:
    """The same changes with the ``previous`` an outbox would have given them."""
    last: dict[tuple[str, int, int], int] = {}
    found = []
    for change in sorted(changes, key=lambda c: (c.source, c.epoch, c.seq)):
        lane = partition_of(record_key(change.authority, change.number), partitions)
        key = (change.source, change.epoch, lane)
        found.append(replace(change, previous=last.get(key, 0)))
        last[key] = change.seq
    return found
