"""Is what hospitals were told true? Asked of the messages themselves, and of nothing the product says
about its own numbering: the witness of each accepted message is in the store, once, in the chart of
its own record; each refused message is in quarantine byte for byte."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from dsn_deploy.faults.acklog import Sent
from dsn_deploy.faults.hospital import WITNESS

_WITNESSED = (
    "SELECT person_id, content::text, contributors::jsonb FROM dsn.entries WHERE section = ANY(%s)"
)
_SECTIONS = ["allergies", "results"]
_PAYLOADS = "SELECT payload FROM dsn.quarantine"
_CODE = re.compile(rf"{WITNESS}-[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry that shows a witness."""

    person: str
    #: ``authority|number`` of each contribution.
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store shows of the messages."""

    witnesses: dict[str, list[Found]]
    payloads: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is not as hospitals were told, in words."""

    lost: Sequence[str]
    doubled: Sequence[str]
    invented: Sequence[str]


def stored(conninfo: str) -> Stored:
    """Read it. Raises ``psycopg.Error``."""
    witnesses: dict[str, list[Found]] = defaultdict(list)
    with psycopg.connect(conninfo, connect_timeout=10) as connection:
        rows: Iterable[tuple[Any, ...]] = connection.execute(_WITNESSED, [_SECTIONS])
        for person, content, contributors in rows:
            records = tuple(f"{one['authority']}|{one['number']}" for one in contributors)
            for code in set(_CODE.findall(content)):
                witnesses[code].append(Found(person=person, records=records))
        payloads = frozenset(bytes(one) for (one,) in connection.execute(_PAYLOADS))
    return Stored(witnesses=dict(witnesses), payloads=payloads)


def compare(sent: Iterable[Sent], found: Stored) -> Compared:
    """What is missing, what is there twice, and what nobody sent."""
    lost, doubled, told = [], [], set()
    for one in sent:
        name = f"{one.told.source} message {one.told.number} ({one.told.kind})"
        if one.told.witness:
            told.add(one.told.witness)
            shown = found.witnesses.get(one.told.witness, [])
            if one.accepted and not any(one.told.record in each.records for each in shown):
                lost.append(f"{name} was accepted and is not shown for {one.told.record}")
            if len(shown) > 1 or any(len(each.records) > 1 for each in shown):
                doubled.append(f"{name} is shown {sum(len(each.records) for each in shown)} times")
        if one.kept_as_unusable and one.told.data not in found.payloads:
            lost.append(f"{name} was refused as unusable and is not in quarantine")
    invented = sorted(found.witnesses.keys() - told)
    return Compared(
        lost=lost,
        doubled=doubled,
        invented=[f"{code} is shown and was never sent" for code in invented],
    )
