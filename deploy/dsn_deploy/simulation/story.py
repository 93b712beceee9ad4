"""What the hospitals say in a run: few records, so that they meet, and everything that can go wrong
with them: the same person at two places, merges and unlinks, corrections, deletions, late results,
messages repeated and messages that cannot be mapped."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from dsn_producers.change import change_of
from dsn_producers.mapping import Item
from dsn_producers.message import Message, Rejection, rejected
from dsn_producers.sources import Source
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
    Result,
)

SOURCES = ("adt", "lab")
RECORDS = (("H", "1"), ("H", "2"), ("H", "3"), ("C", "1"), ("C", "2"))
BORN = date(1980, 5, 10)
#: Milliseconds since 1970 UTC around which things happened.
HAPPENED_MS = 1_772_300_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a hospital system."""

    #: When it is sent, seconds into the run.
    at: float
    source: str
    #: The same number is the same bytes.
    number: int
    #: Empty for a message that cannot be mapped.
    items: tuple[Item, ...]

    def __str__(self) -> str:
        what = ", ".join(
            f"{i.op} {i.section}/{i.item} of {i.authority}|{i.number} {i.status}{_short(i)}"
            for i in self.items
        )
        return f"{self.at:7.3f} {self.source} message {self.number}: {what or 'unmappable'}"


def story(chance: random.Random, messages: int, seconds: float) -> tuple[Said, ...]:
    """Messages of every source, over some seconds."""
    found: list[Said] = []
    for number in range(messages):
        at = chance.uniform(0, seconds)
        repeated = [said for said in found if said.at < at]
        if repeated and chance.random() < 0.05:
            again = chance.choice(repeated)
            found.append(Said(at, again.source, again.number, again.items))
            continue
        source = chance.choice(SOURCES)
        count = 0 if chance.random() < 0.04 else chance.choice((1, 1, 2, 3))
        authority, record = chance.choice(RECORDS)
        items = tuple(_item(chance, authority, record) for _ in range(count))
        found.append(Said(at, source, number, items))
    return tuple(sorted(found, key=lambda said: said.at))


def message_of(said: Said, partitions: int, captured_at: int) -> Message:
    """The message as the shipped mapper's result; nothing here depends on the run."""
    data = f"message {said.number}".encode()
    if not said.items:
        return rejected(
            data,
            Rejection(refusal="AE", reason="no-patient", detail="PID-3 is empty"),
            source=Source(name=said.source, establishment="a", authority="H"),
            kind="hl7v2",
            message_id="",
            captured_at=captured_at,
            partitions=partitions,
        )
    changes = tuple(change_of(item, partitions) for item in said.items)
    return Message(digest=hashlib.sha256(data).digest(), changes=changes)


def _item(chance: random.Random, authority: str, number: str) -> Item:
    section, item, entry, status, content = _statement(chance)
    deleted = section != "demographics" and chance.random() < 0.12
    return Item(
        authority=authority,
        number=number,
        section=section,  # type: ignore[arg-type]  # one of the sections below
        item=item,
        entry=entry,
        op="delete" if deleted else "upsert",
        status=status,
        occurred_at=HAPPENED_MS + chance.randrange(20) * 60_000,
        content=None if deleted else content,
    )


def _statement(chance: random.Random) -> tuple[str, str, str, str, Content]:
    """(section, item, entry, status, content)."""
    kind = chance.random()
    if kind < 0.25:
        nam = chance.choice((None, 0, 0, 1))
        return "demographics", "patient", "", "", _demographics(nam, chance.choice("RT"))
    if kind < 0.40:
        authority, number = chance.choice(RECORDS)
        what = chance.choice(("merge", "merge", "link", "unlink"))
        claim = IdentityClaim(kind=what, other_authority=authority, other_number=number)
        name = chance.choice((f"{what}|{authority}|{number}", "link"))
        return "claims", name, "", "", claim
    code = chance.choice(("", "s|1", "s|2"))
    if kind < 0.65:
        allergy = Allergy(code=_concept(code), criticality=chance.choice(("low", "high")))
        return (
            "allergies",
            chance.choice("xy"),
            code,
            chance.choice(("active", "inactive")),
            allergy,
        )
    if kind < 0.85:
        status = chance.choice(("preliminary", "final", "corrected", "entered-in-error"))
        result = Result(code=_concept("c"), value_text=chance.choice("12"))
        return "results", chance.choice("xy"), chance.choice(("", "l|1|A1")), status, result
    return "encounters", chance.choice("xy"), "", "finished", Encounter(note=chance.choice("ab"))


def _concept(code: str) -> Concept:
    return Concept(codings=(Coding(system="s", code=code),))


@lru_cache(maxsize=64)
def _demographics(nam: int | None, family: str) -> Demographics:
    identifiers: tuple[Identifier, ...] = ()
    if nam is not None:
        digit = check_digit("ROYM", BORN.year, "F", BORN.month, BORN.day, str(nam + 1))
        value = f"ROYM805510{nam + 1}{digit}"
        identifiers = (Identifier(system=SYSTEM, value=value, type="JHN"),)
    return Demographics(
        identifiers=identifiers,
        names=(HumanName(family=family, given=("M",)),),
        birth_date=BORN.isoformat(),
    )


def _short(item: Item) -> str:
    content = item.content
    if isinstance(content, IdentityClaim):
        return f" ({content.kind} {content.other_authority}|{content.other_number})"
    if isinstance(content, Demographics):
        return f" ({'with' if content.identifiers else 'without'} NAM)"
    return f" (entry {item.entry})" if item.entry else ""
