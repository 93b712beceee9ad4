"""What happens to each file at a hospital, as ADT messages in time.

Everybody is registered; about half stay a while, some move house. The cast has its own stories: a
newborn who gets a name and a NAM, a death that only one hospital heard of, admissions, transfers
and discharges that are cancelled, a misspelt name that is corrected, two files merged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from dsn_deploy.demo.charts import Chart, chart_at
from dsn_deploy.demo.dialects import Dialect, Snapshot, moved, snapshot
from dsn_deploy.demo.events import Event, arrival
from dsn_deploy.demo.hl7 import segment
from dsn_deploy.demo.names import CITIES
from dsn_deploy.demo.population import Address, drawer
from dsn_deploy.demo.registrations import Registration
from dsn_deploy.demo.visits import Visit, background, pv1, visit

_STRUCTURES = {
    "A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A04": "ADT_A01", "A08": "ADT_A01",
    "A11": "ADT_A09", "A12": "ADT_A09", "A13": "ADT_A01", "A28": "ADT_A05", "A31": "ADT_A05",
    "A40": "ADT_A39",
}  # fmt: skip

_HOUR = timedelta(hours=1)

#: Whose stay takes back its last step, and by which trigger.
_CANCELLED = {"mcdonald": "A11", "oneil": "A12", "durantaye": "A13"}


class Journey:
    """Collects the messages of one file; each call is one more of them."""

    def __init__(self, registration: Registration, dialect: Dialect) -> None:
        self.events: list[Event] = []
        self._registration = registration
        self._dialect = dialect
        self._chart: Chart = chart_at(registration)
        self.on_file: Snapshot = snapshot(registration)

    def send(self, trigger: str, when: datetime, stay: Visit | None = None) -> None:
        """One ADT message with everything the place knows at that moment."""
        visit_segment = pv1(stay, self._dialect) if stay else segment("PV1", {1: "1", 2: "N"})
        self._add(
            trigger,
            when,
            self._dialect.pid(self.on_file),
            visit_segment,
            *background(self.on_file, self._chart, self._dialect),
        )

    def merge(self, ended: Registration, when: datetime) -> None:
        """Another file of the same person ends in this one (A40)."""
        name = (ended.family, *ended.given)
        mrg = segment("MRG", {1: (ended.number, "", "", ended.place, "MR"), 7: name})
        self._add("A40", when, self._dialect.pid(self.on_file), mrg)

    def _add(self, trigger: str, when: datetime, *segments: str) -> None:
        evn = segment("EVN", {1: trigger, 2: self._dialect.stamp(when)})
        kind = ("ADT", trigger, _STRUCTURES[trigger])
        self.events.append(Event(when=when, kind=kind, segments=(evn, *segments)))


def journey(
    registration: Registration, dialect: Dialect, numbers: dict[tuple[str, str], str]
) -> list[Event]:
    """All ADT messages of one file, merges of others into it left out.

    ``numbers``: the local number of a person (key) at a place, for a newborn's mother.
    """
    told = Journey(registration, dialect)
    when = arrival(registration)
    match registration.person.key, registration.place:
        case "rosalie" | "garcon", "CHUL":
            _newborn(told, registration, when, numbers)
        case "sainte", "CHUL":
            right = told.on_file
            told.on_file = replace(right, given=("Réginal",))
            told.send("A28", when)
            told.on_file = right
            told.send("A08", when + 30 * _HOUR, visit(registration, "O", when + 29 * _HOUR, 1))
        case "damours", "HDM":
            _death(told, registration, when)
        case key, "CHUL" if key in _CANCELLED:
            _cancelled(told, registration, when, _CANCELLED[key])
        case _:
            _usual(told, registration, when)
    return told.events


def merged(survivor: Registration, ended: Registration, dialect: Dialect) -> Event:
    """The A40 by which ``ended`` becomes ``survivor``, some days after the double was opened."""
    told = Journey(survivor, dialect)
    told.merge(ended, arrival(ended) + timedelta(days=4))
    return told.events[0]


def _usual(told: Journey, registration: Registration, when: datetime) -> None:
    draw = drawer("journey", *registration.key)
    if draw.random() < 0.6:
        told.send("A28", when)
    else:
        told.send("A04", when, visit(registration, draw.choice("OOE"), when, 1))
    if draw.random() < 0.55:
        begin = when + timedelta(days=draw.randrange(1, 12), minutes=draw.randrange(600))
        _stay(told, visit(registration, "I", begin, 2), [draw.random() for _ in range(3)])
    if draw.random() < 0.30:
        city, code = draw.choice(CITIES)
        street = f"{draw.randrange(1, 900)}, rue Neuve"
        address = Address(street=street, city=city, postal_code=f"{code}Z{draw.randrange(10)}")
        told.on_file = moved(told.on_file, address, f"581 555-01{draw.randrange(100):02d}")
        told.send("A31", when + timedelta(days=draw.randrange(14, 25)))


def _stay(told: Journey, stay: Visit, chances: list[float]) -> None:
    """Admission, perhaps a transfer and a correction, usually a discharge."""
    told.send("A01", stay.admitted, stay)
    if chances[0] < 0.35:
        stay = stay.transferred("6C")
        told.send("A02", stay.admitted + 7 * _HOUR, stay)
    if chances[1] < 0.50:
        told.send("A08", stay.admitted + 20 * _HOUR, stay)
    if chances[2] < 0.75:
        gone = stay.admitted + 52 * _HOUR
        told.send("A03", gone, stay.ended(gone))


def _newborn(
    told: Journey, registration: Registration, when: datetime, numbers: dict[tuple[str, str], str]
) -> None:
    """Born without a name or a NAM, under the mother's number; both come weeks later, or not yet."""
    right = told.on_file
    label = "BB FILLE" if registration.person.sex == "F" else "BB GARCON"
    told.on_file = replace(
        right,
        family=registration.person.mother[0],
        given=(label,),
        nam="",
        mother_number=numbers.get(("melanie", "CHUL"), "") if right.nam else "1290018",
    )
    stay = visit(registration, "I", when, 1)
    told.send("A01", when, stay)
    told.send("A03", when + 40 * _HOUR, stay.ended(when + 40 * _HOUR))
    if right.nam:
        told.on_file = replace(right, mother_number=told.on_file.mother_number)
        told.send("A31", when + timedelta(days=25))


def _death(told: Journey, registration: Registration, when: datetime) -> None:
    stay = visit(registration, "I", when + 2 * _HOUR, 1)
    told.send("A28", when)
    told.send("A01", stay.admitted, stay)
    gone = stay.admitted + 90 * _HOUR
    told.on_file = replace(told.on_file, deceased=gone)
    told.send("A03", gone, stay.ended(gone, "20"))


def _cancelled(told: Journey, registration: Registration, when: datetime, trigger: str) -> None:
    stay = visit(registration, "I", when + 2 * _HOUR, 1)
    told.send("A28", when)
    told.send("A01", stay.admitted, stay)
    if trigger == "A12":
        told.send("A02", stay.admitted + 5 * _HOUR, stay.transferred("SI"))
    if trigger == "A13":
        gone = stay.admitted + 30 * _HOUR
        told.send("A03", gone, stay.ended(gone))
    told.send(trigger, stay.admitted + 33 * _HOUR, stay)
