"""Quarantine in the central store: what is in it, and what people do about it.

Called by ``dsn quarantine``. The acts of people are an append-only table; what came of a retry is in
the journal and comes back through the store.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import psycopg
from psycopg.rows import class_row

from dsn_consumers.database import statement
from dsn_consumers.quarantine.classes import Class, class_of

State = Literal["open", "in-retry", "resolved", "abandoned"]
Act = Literal["retry", "abandon", "assign", "reopen"]
STATES: tuple[State, ...] = ("open", "in-retry", "resolved", "abandoned")


class Place(NamedTuple):
    """Where in the journal it lies: the name of a thing in quarantine."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """``TOPIC:PARTITION:OFFSET``. Raises ``ValueError``."""
        topic, partition, offset = text.rsplit(":", 2)
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One thing in quarantine, without its bytes."""

    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    seq: int
    stage: str
    reason: str
    detail: str
    #: SHA-256 of a message the edge rejected, hexadecimal; else empty.
    item: str
    captured_at: datetime
    state: State
    #: Whom it was assigned to; empty: whoever owns its class.
    owner: str
    retries: int
    acted_by: str | None
    acted_why: str | None
    acted_at: datetime | None
    size_bytes: int

    @property
    def place(self) -> Place:
        """Its name."""
        return Place(self.topic, self.partition, self.offset)

    @property
    def kind(self) -> Class:
        """Its class."""
        return class_of(self.reason, self.stage)

    @property
    def responsible(self) -> str:
        """Who has it: a person once assigned, else the side that owns the class."""
        return self.owner or self.kind.owner.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is asked for; an empty field does not choose."""

    places: Collection[Place] = ()
    sources: Collection[str] = ()
    reasons: Collection[str] = ()
    classes: Collection[str] = ()
    states: Collection[State] = ()

    def takes(self, one: Quarantined) -> bool:
        """Is it chosen?"""
        return (
            (not self.places or one.place in self.places)
            and (not self.sources or one.source in self.sources)
            and (not self.reasons or one.reason in self.reasons)
            and (not self.classes or one.kind.name in self.classes)
            and (not self.states or one.state in self.states)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What somebody did about one thing."""

    act: Act
    who: str
    why: str
    owner: str
    at: datetime


def listed(conninfo: str, chosen: Chosen) -> list[Quarantined]:
    """What is chosen, in the order of each source's numbers."""
    with (
        psycopg.connect(conninfo, connect_timeout=5) as connection,
        connection.cursor(row_factory=class_row(Quarantined)) as cursor,
    ):
        values = {
            "sources": list(chosen.sources) or None,
            "states": list(chosen.states) or None,
            "reasons": list(chosen.reasons) or None,
        }
        rows = cursor.execute(statement("quarantine_listed"), values).fetchall()
    return [row for row in rows if chosen.takes(row)]


def payload(conninfo: str, place: Place) -> bytes:
    """The bytes, for masking and for trying again. Raises ``LookupError``."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        row = connection.execute(statement("quarantine_payload"), place._asdict()).fetchone()
    if row is None:
        raise LookupError(f"{place} is not in quarantine")
    return bytes(row[0])


def history(conninfo: str, place: Place) -> list[Done]:
    """What was done about it, the first first."""
    with (
        psycopg.connect(conninfo, connect_timeout=5) as connection,
        connection.cursor(row_factory=class_row(Done)) as cursor,
    ):
        return cursor.execute(statement("quarantine_history"), place._asdict()).fetchall()


def act(
    conninfo: str, places: Sequence[Place], what: Act, who: str, why: str, *, owner: str = ""
) -> int:
    """Note what somebody does about these, all of it or none; how many are in quarantine."""
    values = {"act": what, "who": who, "why": why, "owner": owner}
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        return sum(
            connection.execute(
                statement("add_quarantine_act"), {**place._asdict(), **values}
            ).rowcount
            for place in places
        )
