"""What CHUL's laboratory sends: ORU^R01, preliminary, final, corrected, late and withdrawn.

The laboratory speaks of the same files as the hospital's ADT system (authority CHUL): a second
source for the same records.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from dsn_deploy.demo.catalogue import PANELS, Panel, Test
from dsn_deploy.demo.dialects import Chul, Snapshot, snapshot
from dsn_deploy.demo.events import Event, arrival
from dsn_deploy.demo.hl7 import Field, segment
from dsn_deploy.demo.names import PHYSICIANS
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration
from dsn_deploy.demo.visits import coded

_HOUR = timedelta(hours=1)

#: Reports of one order: HL7 result status and hours after collection, in the order of sending.
_USUAL = (("F", 5),)
_WITH_PRELIMINARY = (("P", 1), ("F", 5))
_CORRECTED = (("P", 1), ("F", 5), ("C", 29))
#: The preliminary report was held up and arrives when everybody has read the final one.
_LATE = (("F", 5), ("P", 9))
#: W: posted on the wrong patient.
_WITHDRAWN = (("F", 5), ("W", 26))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One panel collected once."""

    accession: str
    panel: Panel
    collected: datetime
    #: Of each test, as text: what was first thought, and what holds in the end.
    first: tuple[str, ...]
    final: tuple[str, ...]
    reports: tuple[tuple[str, int], ...]
    physician: tuple[str, str, str]


def reports(registration: Registration, dialect: Chul) -> list[Event]:
    """Every report on one file."""
    on_file = snapshot(registration)
    return [
        _oru(on_file, dialect, order, status, order.collected + hours * _HOUR)
        for order in orders(registration)
        for status, hours in order.reports
    ]


def orders(registration: Registration) -> list[Order]:
    """What was collected on this file; nothing on about half of them."""
    draw = drawer("laboratory", *registration.key)
    stories = _stories(registration, draw)
    # A specimen of a file that ended keeps its old number: the laboratory hears of merges late.
    after = 6 if registration.merged_into else 1
    when = arrival(registration) + timedelta(days=after)
    return [
        _order(registration, count, story, when + timedelta(days=3 * count), draw)
        for count, story in enumerate(stories)
    ]


def _stories(
    registration: Registration, draw: random.Random
) -> tuple[tuple[tuple[str, int], ...], ...]:
    match registration.person.key:
        case "therese":
            return _CORRECTED, _LATE
        case "damours":
            return _WITH_PRELIMINARY, _WITHDRAWN
        case "normand":
            return (_USUAL,)
    if draw.random() < 0.5:
        return ()
    choices = (_USUAL, _WITH_PRELIMINARY, _WITH_PRELIMINARY, _CORRECTED)
    return tuple(draw.choice(choices) for _ in range(draw.randrange(1, 4)))


def _order(
    registration: Registration,
    count: int,
    story: tuple[tuple[str, int], ...],
    when: datetime,
    draw: random.Random,
) -> Order:
    panel = PANELS[count % len(PANELS)] if registration.person.key == "therese" else None
    panel = panel or draw.choice(PANELS)
    final = tuple(_value(test, draw) for test in panel.tests)
    return Order(
        accession=f"L26-{registration.number[-6:]}-{count + 1}",
        panel=panel,
        collected=when,
        first=(_value(panel.tests[0], draw), *final[1:]),
        final=final,
        reports=story,
        physician=draw.choice(PHYSICIANS),
    )


def _value(test: Test, draw: random.Random) -> str:
    middle, width = (test.low + test.high) / 2, test.high - test.low
    return f"{draw.uniform(middle - width, middle + width):.{test.decimals}f}"


def _oru(on_file: Snapshot, dialect: Chul, order: Order, status: str, when: datetime) -> Event:
    # Before a correction even the final report said what was first thought.
    corrected = any(later == "C" for later, _ in order.reports)
    wrong = status == "P" or (status == "F" and corrected)
    values = order.first if wrong else order.final
    licence, family, given = order.physician
    fields: dict[int, Field | list[Field]] = {
        1: "1", 2: (f"P{order.accession}", "CHUL"), 3: (order.accession, "LABO"),
        4: coded(order.panel.code, dialect), 7: dialect.stamp(order.collected),
        16: (licence, dialect.text(family), dialect.text(given)), 22: dialect.stamp(when),
        24: "LAB", 25: status,
    }  # fmt: skip
    observed = [
        _obx(count, test, value, status, order, dialect, when)
        for count, (test, value) in enumerate(zip(order.panel.tests, values, strict=True), 1)
    ]
    orc = segment(
        "ORC", {1: "RE", 2: (f"P{order.accession}", "CHUL"), 3: (order.accession, "LABO")}
    )
    note = [segment("NTE", {1: "1", 2: "L", 3: _CORRECTION})] if status == "C" else []
    return Event(
        when=when,
        kind=("ORU", "R01", "ORU_R01"),
        segments=(dialect.pid(on_file), orc, segment("OBR", fields), *observed, *note),
        application="LABO",
    )


_CORRECTION = "Résultat corrigé : échantillon repris & vérifié par le biochimiste."


def _obx(
    count: int,
    test: Test,
    value: str,
    status: str,
    order: Order,
    dialect: Chul,
    when: datetime,
) -> str:
    number = float(value)
    flag = "L" if number < test.low else "H" if number > test.high else "N"
    span = f"{test.low:.{test.decimals}f}-{test.high:.{test.decimals}f}"
    return segment(
        "OBX",
        {
            1: str(count), 2: "NM", 3: coded(test.code, dialect), 5: value,
            6: (test.unit, test.unit, "UCUM"), 7: span, 8: flag, 11: status,
            14: dialect.stamp(order.collected), 19: dialect.stamp(when),
        },
    )  # fmt: skip
