"""What the page of questions asks and writes: the seam between the page and the stewards' journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import psycopg

from dsn_consumers.steward.decisions import Decision
from dsn_consumers.steward.desk import Desk, Link, Review
from dsn_consumers.steward.journal import Away, decide
from dsn_consumers.steward.trace import trace
from dsn_consumers.web.errors import TraceRefused, Unavailable
from dsn_consumers.web.reader import Actor
from dsn_schemas.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A question, with what is known of the two people."""

    review: Review
    #: Merged demographics by person; somebody on the move has none for a moment.
    demographics: Mapping[str, dict[str, Any]]
    #: Records of both people.
    links: Sequence[Link]


class Questions(Protocol):
    """Every method raises ``Unavailable``; ``examine`` also ``TraceRefused``."""

    def reviews(self) -> tuple[Sequence[Review], int]:
        """The oldest open questions, and how many there are."""

    def examine(self, record_a: str, record_b: str, actor: Actor) -> Examined | None:
        """An open question and its two people; traced before it is returned."""

    def decide(self, decision: Decision, expected: int) -> int:
        """Write a decision; its number. Raises ``Conflict``."""


class StewardsDesk:
    """The questions in PostgreSQL, the decisions in Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._desk = Desk(settings.conninfo)

    def reviews(self) -> tuple[Sequence[Review], int]:
        """See ``Questions``."""
        return _answered(self._desk.reviews)

    def examine(self, record_a: str, record_b: str, actor: Actor) -> Examined | None:
        """See ``Questions``."""
        review = _answered(lambda: self._desk.review(record_a, record_b))
        if review is None:
            return None
        people = [review.person_a, review.person_b]
        demographics = _answered(lambda: self._desk.demographics(people))
        links = _answered(lambda: self._desk.links(people))
        try:
            trace(self._settings.conninfo, actor.actor, "revision", [record_a, record_b])
        except psycopg.Error as error:
            raise TraceRefused("the access log did not take the trace of a read") from error
        return Examined(review=review, demographics=demographics, links=links)

    def decide(self, decision: Decision, expected: int) -> int:
        """See ``Questions``."""
        try:
            return _answered(lambda: decide(self._settings, decision, expected))
        except Away as error:
            raise Unavailable(str(error)) from None


def _answered(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except psycopg.Error as error:
        raise Unavailable(f"the database refused: {error.sqlstate or 'no answer'}") from None
