"""Random histories by plain ``random``, for volumes that Hypothesis is not made for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from dsn_schemas.records import (
    Allergy,
    Coding,
    Concept,
    Content,
    Encounter,
    IdentityClaim,
    RecordChange,
    Result,
)
from dsn_streams.identity.engine import BLOCK_RECORDS_MAX
from support.histories import demographics


def changes(rng: random.Random, authority: str, count: int) -> list[RecordChange]:
    """``count`` changes of two sources over a few dozen records, numbered, not chained."""
    return list(_changes(rng, authority, count))


def _changes(rng: random.Random, authority: str, count: int) -> Iterator[RecordChange]:
    # All have one birth date and given name: a key that more share brings nobody together.
    records = min(max(4, count // 40), BLOCK_RECORDS_MAX - 1)
    numbers = {f"{authority}-adt": 0, f"{authority}-lab": 0}
    for at in range(1, count + 1):
        source = rng.choice(list(numbers))
        numbers[source] += 1
        number = rng.randrange(records)
        section, item, entry, status, content = _statement(rng, authority, number, records)
        deleted = section != "demographics" and rng.random() < 0.1
        yield RecordChange(
            source=source,
            epoch=1,
            seq=numbers[source],
            previous=0,
            authority=authority,
            number=str(number),
            section=section,  # type: ignore[arg-type]
            item=item,
            entry=entry,
            op="delete" if deleted else "upsert",
            status=status,
            occurred_at=rng.randrange(1, count),
            captured_at=at,
            content=None if deleted else content,
        )


def _statement(
    rng: random.Random, authority: str, number: int, records: int
) -> tuple[str, str, str, str, Content]:
    kind = rng.random()
    if kind < 0.2:
        nam = number % 9 if rng.random() < 0.3 else None
        return "demographics", "patient", "", "", demographics(nam, f"Nom{number}")
    if kind < 0.22:
        claim = rng.choice(("merge", "merge", "unlink"))
        other = str(rng.randrange(records))
        content = IdentityClaim(kind=claim, other_authority=authority, other_number=other)
        return "claims", rng.choice((f"{claim}|{other}", "link")), "", "", content
    code, note = str(rng.randrange(4)), "n" * rng.randrange(200)
    concept = Concept(codings=(Coding(system="s", code=code),))
    if kind < 0.5:
        status = rng.choice(("active", "inactive"))
        return "allergies", f"i{rng.randrange(3)}", f"s|{code}", status, Allergy(code=concept)
    if kind < 0.8:
        status = rng.choice(("preliminary", "final", "corrected"))
        result = Result(code=concept, value_text=note)
        return "results", f"r{rng.randrange(5)}", rng.choice(("", "s|1|A")), status, result
    return "encounters", f"v{rng.randrange(3)}", "", "finished", Encounter(note=note)
