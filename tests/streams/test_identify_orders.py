"""A small synthetic Quebec in a hundred orders: not a byte of who is who differs."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from dsn_deploy.population.records import records
from dsn_deploy.proof import fold
from dsn_schemas.records import IdentityClaim, RecordChange
from dsn_streams.identity.engine import Engine
from support.deciding import Deciding, request_of

PEOPLE = 45
ORDERS = 100


def population(chance: random.Random) -> list[RecordChange]:
    """Records with the errors of life; some first seen as somebody else, some merged or parted."""
    known = list(records(PEOPLE, 11))
    found: list[RecordChange] = []
    for number, one in enumerate(known, start=1):
        change = RecordChange(
            source=one.source,
            epoch=1,
            seq=10 * number,
            previous=0,
            authority=one.authority,
            number=one.number,
            section="demographics",
            item="patient",
            entry="",
            op="upsert",
            status="",
            occurred_at=one.captured_at,
            captured_at=one.captured_at,
            content=one.demographics,
        )
        found.append(change)
        if chance.random() < 0.15:
            wrong = chance.choice(known).demographics
            found.append(replace(change, seq=10 * number - 1, content=wrong))
        if chance.random() < 0.15:
            other = chance.choice(known)
            kind = chance.choice(("merge", "unlink", "not-same", "link"))
            source = chance.choice((one.source, "steward"))
            claim = IdentityClaim(
                kind=kind, other_authority=other.authority, other_number=other.number
            )
            item = f"{kind}|{other.number}"
            found.append(
                replace(
                    change,
                    source=source,
                    seq=10 * number + 1,
                    section="claims",
                    item=item,
                    content=claim,
                )
            )
    return found


def decided(told: list[RecordChange], chance: random.Random) -> str:
    """Everything identify holds at the end, as text."""
    deciding = Deciding(Engine())
    deciding.take_all([request_of(one) for one in told], chance)
    people = sorted(deciding.people().items())
    asked = sorted((pair, repr(question)) for pair, question in deciding.questions().items())
    return json.dumps([people, asked], sort_keys=True)


def test_a_hundred_orders_with_repeats_and_restarts_give_the_same_bytes() -> None:
    """Updates, duplicates, turns of any size, restarts: the same groups, ids and questions."""
    told = population(random.Random(5))
    expected = decided(told, random.Random(0))

    for seed in range(ORDERS):
        chance = random.Random(seed)
        order = told + chance.choices(told, k=len(told) // 10)
        chance.shuffle(order)
        assert expected == decided(order, chance), f"seed {seed}"

    people, asked = json.loads(expected)
    assert fold.people(told) == dict(people)
    assert len({person for _, person in people}) < len(people)
    assert asked
