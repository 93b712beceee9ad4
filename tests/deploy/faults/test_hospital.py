"""The messages of the run mean what their labels say, to the product's own mapper."""

from __future__ import annotations

from itertools import islice

import pytest

from dsn_deploy.faults.hospital import (
    Hospital,
    Told,
    health_number,
    may_be_one,
    person_of,
    state_code,
)
from dsn_deploy.faults.world import SENDERS
from dsn_deploy.proof import fold
from dsn_producers.mappers import mapper_of
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source
from dsn_schemas.nam import validate
from dsn_schemas.records import IdentityClaim, RecordChange


def told(seed: int, count: int = 600) -> list[Told]:
    return [one for sender in SENDERS for one in islice(Hospital(sender, seed), count)]


def test_the_same_seed_tells_the_same() -> None:
    """Byte for byte."""
    assert told(1) == told(1)
    assert told(1) != told(2)


def test_every_message_is_what_its_kind_says() -> None:
    """Poison is refused; a witness is in exactly one item; a claim names both records."""
    mapper = mapper_of("hl7v2")
    kinds, claims = set(), set()
    for one in told(3):
        authority = next(s.authority for s in SENDERS if s.source == one.source)
        source = Source(name=one.source, establishment="x", authority=authority)
        kinds.add(one.kind)
        if one.kind == "poison":
            with pytest.raises(Unmappable):
                mapper(one.data, source, 1)
            continue
        if one.kind == "repeat":
            continue
        items = mapper(one.data, source, 1).items
        if one.witness:
            assert sum(one.witness in repr(item.content) for item in items) == 1
        if one.kind == "update":
            assert any(state_code(one.record) in repr(item.content) for item in items)
        for item in items:
            if isinstance(item.content, IdentityClaim):
                claims.add(item.content.kind)
                other = f"{item.content.other_authority}|{item.content.other_number}"
                assert {f"{item.authority}|{item.number}", other} == {one.record, one.other}

    assert kinds == {"update", "result", "claim", "poison", "repeat"}
    assert claims >= {"link", "unlink", "merge"}


def test_witnesses_are_all_different() -> None:
    """No two messages of any source share one."""
    witnesses = [one.witness for one in told(4) if one.witness]

    assert len(witnesses) == len(set(witnesses)) > 1_000


def test_health_numbers_are_valid_and_nobody_elses() -> None:
    """Of the person's own birth date; both hospitals give the same."""
    numbered = [n for n in range(60) if person_of("NORD", n).numbered]
    numbers = [health_number(person_of("NORD", n)) for n in numbered]

    assert len(set(numbers)) == len(numbered) == 18
    assert numbers == [health_number(person_of("SUD", n)) for n in numbered]
    for n, number in zip(numbered, numbers, strict=True):
        assert validate(number, person_of("NORD", n).born) == number


def test_other_people_share_no_birth_date() -> None:
    """So that nobody is taken for somebody else by chance."""
    people = {person_of(authority, n) for authority in ("NORD", "SUD") for n in range(60)}

    assert len({person.born for person in people}) == len(people) == 120 - 18


def test_who_may_be_one() -> None:
    """Whom a claim names together, and who has the same health number; nobody else."""
    groups = may_be_one(told(5))
    by_group: dict[str, set[str]] = {}
    for record, group in groups.items():
        by_group.setdefault(group, set()).add(record)

    assert groups["NORD|10"] == groups["SUD|10"]
    assert groups["NORD|10"] != groups["NORD|20"]
    assert max(len(records) for records in by_group.values()) <= 6


def test_whom_identity_joins_may_be_one() -> None:
    """By the independent fold, nobody is joined beyond those groups; the numbered are joined."""
    messages = told(6, 400)
    groups = may_be_one(messages)
    changes = []
    mapper = mapper_of("hl7v2")
    for sender in SENDERS:
        source = Source(name=sender.source, establishment="x", authority=sender.authority)
        seq = 0
        for one in messages:
            if one.source != sender.source or one.kind in ("poison", "repeat"):
                continue
            for item in mapper(one.data, source, 1).items:
                seq += 1
                changes.append(
                    RecordChange(
                        source=one.source,
                        epoch=1,
                        seq=seq,
                        previous=seq - 1,
                        authority=item.authority,
                        number=item.number,
                        section=item.section,
                        item=item.item,
                        entry=item.entry,
                        op=item.op,
                        status=item.status,
                        occurred_at=item.occurred_at,
                        captured_at=1_780_000_000_000 + seq,
                        content=item.content,
                    )
                )
    people = fold.people(changes)
    by_person: dict[str, set[str]] = {}
    for record, person in people.items():
        by_person.setdefault(person, set()).add(groups[record])

    assert {len(found) for found in by_person.values()} == {1}
    assert len(set(people.values())) < len(people) - 10
