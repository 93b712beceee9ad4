"""Where a process may die: every numbered step of every component, before, between and after.

A component numbers its steps in its docstring. This table says, for each of them, what the points
around it are called; a test compares it with the steps found in the code.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One place to die."""

    #: Module and object whose docstring numbers the step.
    component: str
    step: int
    #: As the simulation calls it: ``part.step place``.
    label: str

    @property
    def part(self) -> str:
        """Whose step it is: a stage, a consumer, or the edge."""
        return self.label.partition(".")[0]


_CLAIMS = "dsn_streams.claims"


def _stage(name: str) -> tuple[Point, ...]:
    lane = "dsn_streams.lane"
    return (
        Point(lane, 1, f"{name}.1 before"),
        Point(lane, 2, f"{name}.2 before"),
        Point(lane, 2, f"{name}.2 between"),
        Point(lane, 2, f"{name}.2 uncommitted"),
        Point(lane, 2, f"{name}.2 after"),
        Point(lane, 3, f"{name}.3.state before"),
        Point(lane, 3, f"{name}.3.state after"),
        Point(lane, 4, f"{name}.4 before"),
        Point(lane, 4, f"{name}.4 after"),
        Point(_CLAIMS, 1, f"{name}.claim before"),
        Point(_CLAIMS, 1, f"{name}.claim after"),
        Point(_CLAIMS, 2, f"{name}.claims read"),
        Point(_CLAIMS, 3, f"{name}.fence before"),
        Point(_CLAIMS, 3, f"{name}.fence after"),
        Point(_CLAIMS, 4, f"{name}.unclaim before"),
        Point(_CLAIMS, 4, f"{name}.unclaim after"),
    )


def _pump(name: str) -> tuple[Point, ...]:
    pump = "dsn_consumers.pump.Pump.run"
    return (
        Point(pump, 1, f"{name}.1 before"),
        Point(pump, 1, f"{name}.1 after"),
        Point(pump, 2, f"{name}.2 before"),
        Point(pump, 2, f"{name}.2 after"),
        Point(pump, 3, f"{name}.3 before"),
        Point(pump, 3, f"{name}.3 between"),
        Point(pump, 4, f"{name}.4 before"),
        Point(pump, 4, f"{name}.4 after"),
        Point(pump, 5, f"{name}.5 before"),
    )


_TAKE = "dsn_producers.taking.take"

#: Components whose steps change nothing outside of them one by one: dying in any of them is dying
#: between the points named, which the table has.
WITHIN: dict[str, str] = {
    "dsn_streams.identify": "the decision of a turn: between step 1 and step 2 of dsn_streams.lane",
    "dsn_streams.unify._Turn._read": "reads only, within the decision of a turn",
    "dsn_streams.identity.postings.Postings.settle": "reads and writes of the decision of a turn",
    "dsn_streams.matching.blocking.keys_of": "a list of kinds of keys, within the decision",
    "dsn_streams.matching.gates._may_have_changed": "a rule of the law, within the decision",
    "dsn_producers.fhir.whose": "a list of places to look, within a mapper",
    "dsn_producers.hl7v2.mapper": "within a mapper, before step 1 of dsn_producers.taking.take",
    "dsn_producers.hl7v2.record": "a list of places to look, within a mapper",
    "dsn_producers.edge._drain": "an orderly stop; dying in it is dying in what it waits for",
    "dsn_consumers.reconcile.compare.against_journal": "reads and compares only",
    "dsn_consumers.reconcile.whole.look": "reads and compares only",
    "dsn_consumers.reconcile.repair.reread": "one transaction of an operator's command",
    "dsn_consumers.ledger_count._steps": "one transaction of the books, counted again when it dies",
    "dsn_consumers.generations.switch": "one transaction of an operator's command",
    "dsn_consumers.web.postgres.PostgresReader.people": "one transaction of a reader",
    "dsn_consumers.web.postgres.PostgresReader.chart": "one transaction of a reader",
    "dsn_consumers.steward.journal.decide": "one transaction of a steward's own producer",
    "dsn_consumers.web.revisions.Revisions.decide": "a page that keeps nothing itself",
    "dsn_consumers.web.server.main": "the stop of a server that keeps nothing",
}

_EPOCH = "dsn_producers.restoring.begin_new_epoch"
_ROUND = "dsn_consumers.receipts.Receipts.round"
_HEAR = "dsn_producers.hearing.catch_up"
_SEND = "dsn_producers.forwarder.Forwarder._session"

POINTS: tuple[Point, ...] = (
    Point(_TAKE, 1, "edge.1 before"),
    Point(_TAKE, 1, "edge.1 after"),
    Point(_TAKE, 2, "edge.2 between"),
    Point(_TAKE, 3, "edge.3 before"),
    Point(_TAKE, 3, "edge.3 after"),
    Point(_TAKE, 4, "edge.4 before"),
    Point(_TAKE, 4, "edge.4 after"),
    Point(_TAKE, 4, "edge.answer before"),
    *_stage("records"),
    *_stage("identify"),
    *_pump("store"),
    *_pump("audit"),
    Point(_SEND, 1, "forwarder.1 before"),
    Point(_SEND, 2, "forwarder.send between"),
    Point(_HEAR, 1, "forwarder.1 before"),
    Point(_HEAR, 2, "forwarder.2 before"),
    Point(_HEAR, 3, "forwarder.3 between"),
    Point(_EPOCH, 1, "epoch.1 before"),
    Point(_EPOCH, 1, "epoch.1 after"),
    Point(_EPOCH, 2, "epoch.2 between"),
    Point(_EPOCH, 3, "epoch.3 before"),
    Point(_EPOCH, 3, "epoch.3 after"),
    Point(_EPOCH, 4, "epoch.4 after"),
    Point(_EPOCH, 5, "epoch.5 before"),
    Point(_EPOCH, 5, "epoch.5 after"),
    Point(_ROUND, 1, "receipts.1 before"),
    Point(_ROUND, 1, "receipts.1 after"),
    Point(_ROUND, 2, "receipts.2 before"),
    Point(_ROUND, 2, "receipts.2 after"),
    Point(_ROUND, 3, "receipts.3 before"),
    Point(_ROUND, 3, "receipts.3 after"),
    Point(_ROUND, 4, "receipts.4 before"),
    Point(_ROUND, 4, "receipts.4 between"),
    Point(_ROUND, 4, "receipts.4 uncommitted"),
    Point(_ROUND, 4, "receipts.4 after"),
    Point(_ROUND, 5, "receipts.5 after"),
)
