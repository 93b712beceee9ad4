"""What a steward asks of the central store: open questions, why, since when, and who saw it.

Read through the views of schema ``dsn``; the caller leaves the trace of what it shows of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from dsn_consumers.database import statement
from dsn_consumers.steward.decisions import Record
from dsn_schemas.keys import person_id

Row = TypeVar("Row")

#: Questions listed at once; the rest is counted.
REVIEWS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """An open question about two records of two people."""

    #: Opaque ids of the records, in their order.
    record_a: str
    record_b: str
    authority_a: str
    number_a: str
    authority_b: str
    number_b: str
    #: People they belong to now.
    person_a: str
    person_b: str
    #: doubt, blocked or contradiction.
    kind: str
    reasons: list[str]
    #: Posterior of the comparison in bits.
    weight_bits: float
    #: ``field:level bits``.
    levels: list[str]
    weights: str
    opened_at: datetime
    #: Number of the last decision about either record.
    version: int

    @property
    def a(self) -> Record:
        """The first record."""
        return Record(self.authority_a, self.number_a)

    @property
    def b(self) -> Record:
        """The second record."""
        return Record(self.authority_b, self.number_b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The person a record belongs to, and why."""

    record_id: str
    authority: str
    number: str
    person_id: str
    version: int
    previous: str
    reasons: list[str]
    #: As ``dsn.links`` describes it.
    evidence: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision of a steward."""

    seq: int
    kind: str
    field: str
    record_id: str
    authority: str
    number: str
    other_id: str
    other_authority: str
    other_number: str
    actor: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A record that left one person for another."""

    record_id: str
    authority: str
    number: str
    version: int
    person_id: str
    previous: str
    reasons: list[str]
    evidence: list[dict[str, Any]]
    moved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Somebody read a chart while a record was part of it that no longer is."""

    record_id: str
    person_id: str
    at: datetime
    actor: str
    role: str
    establishment: str
    action: str
    sections: list[str]
    purpose: str
    access_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Everything that says why two records are, or are not, one person."""

    links: Sequence[Link]
    #: The open question about just these two, if any.
    review: Review | None
    decisions: Sequence[Decided]

    @property
    def same(self) -> bool:
        """They are one person now."""
        return len(self.links) == 2 and self.links[0].person_id == self.links[1].person_id


class Desk:
    """The questions, on one connection string. Every method raises ``psycopg.OperationalError``."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def reviews(self, limit: int = REVIEWS_MAX) -> tuple[Sequence[Review], int]:
        """The oldest open questions, and how many there are in all."""
        wanted = {"record_a": None, "record_b": None, "limit": limit}
        with self._connected() as connection:
            found = _rows(connection, Review, "desk_reviews", wanted)
            counted = connection.execute(statement("desk_reviews_count")).fetchone()
        return found, counted[0] if counted else 0

    def review(self, record_a: str, record_b: str) -> Review | None:
        """The open question about two records, by their opaque ids."""
        a, b = sorted((record_a, record_b))
        with self._connected() as connection:
            for pair in ((a, b), (b, a)):
                wanted = {"record_a": pair[0], "record_b": pair[1], "limit": 1}
                if found := _rows(connection, Review, "desk_reviews", wanted):
                    return found[0]
        return None

    def why(self, a: Record, b: Record) -> Why:
        """Why two records are, or are not, one person."""
        ids = [person_id(a.key), person_id(b.key)]
        with self._connected() as connection:
            links = _rows(connection, Link, "desk_links", {"records": ids})
            decided = _rows(connection, Decided, "desk_decisions", {"records": ids})
        links = [link for link in links if link.record_id in ids]
        about = [one for one in decided if {one.record_id, one.other_id} == set(ids)]
        return Why(links=links, review=self.review(*ids), decisions=about)

    def links(self, ids: Sequence[str]) -> Sequence[Link]:
        """Links of these records, and of the records of these people."""
        with self._connected() as connection:
            return _rows(connection, Link, "desk_links", {"records": list(ids)})

    def history(self, ids: Sequence[str]) -> tuple[Sequence[Move], Sequence[Decided]]:
        """Moves and decisions of these records, and moves into or out of these people."""
        with self._connected() as connection:
            moves = _rows(connection, Move, "desk_moves", {"records": list(ids)})
            records = sorted({*ids, *(move.record_id for move in moves)})
            decided = _rows(connection, Decided, "desk_decisions", {"records": records})
        return moves, decided

    def exposures(self, record: str) -> Sequence[Exposure]:
        """Who read a chart while the record, by its opaque id, was wrongly part of it."""
        with self._connected() as connection:
            return _rows(connection, Exposure, "desk_exposures", {"record": record})

    def demographics(self, people: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The merged demographics of these people that may be shown, by person."""
        with self._connected() as connection, connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(statement("desk_demographics"), {"people": list(people)})
            return {row["person_id"]: row["content"] for row in found}

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
            connection.execute("SET statement_timeout = '10s'")
            yield connection


def _rows(
    connection: psycopg.Connection[Any], kind: type[Row], name: str, values: dict[str, Any]
) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement(name), values).fetchall()
