"""What CHUL's pharmacy and vaccination clinic send: RDE^O11 and VXU^V04."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dsn_deploy.demo.catalogue import WARFARIN, Code, Drug
from dsn_deploy.demo.charts import chart_at
from dsn_deploy.demo.dialects import Chul, Snapshot, snapshot
from dsn_deploy.demo.events import Event, arrival
from dsn_deploy.demo.hl7 import Field, day, segment
from dsn_deploy.demo.names import PHYSICIANS
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration
from dsn_deploy.demo.visits import coded

_STOPPED = 0.15


def orders(registration: Registration, dialect: Chul) -> list[Event]:
    """Every drug ordered and vaccine given of one file; about one order in seven is stopped."""
    draw = drawer("orders", *registration.key)
    chart, on_file = chart_at(registration), snapshot(registration)
    when = arrival(registration) + timedelta(hours=3)
    sent: list[Event] = []
    for count, (drug, since) in enumerate(chart.drugs, start=1):
        physician = draw.choice(PHYSICIANS)
        placer = f"RX{registration.number[-6:]}{count:02d}"
        stopped = draw.random() < _STOPPED and drug is not WARFARIN
        at = when + timedelta(minutes=20 * count)
        sent.append(_rde(on_file, dialect, drug, since, placer, physician, "NW", at))
        if stopped:
            later = at + timedelta(days=6)
            sent.append(_rde(on_file, dialect, drug, since, placer, physician, "DC", later))
    if chart.vaccines:
        at = when + timedelta(days=1)
        sent.append(_vxu(registration, on_file, dialect, chart.vaccines, at))
    return sent


def _rde(
    on_file: Snapshot,
    dialect: Chul,
    drug: Drug,
    since: date,
    placer: str,
    physician: tuple[str, str, str],
    control: str,
    when: datetime,
) -> Event:
    """A pharmacy order, new (NW) or discontinued (DC)."""
    ids: dict[int, Field | list[Field]] = {2: (placer, "PHARMACIE"), 3: (f"F{placer}", "PHARMACIE")}
    orc = segment(
        "ORC", {1: control, **ids, 9: dialect.stamp(when), 12: tuple(map(dialect.text, physician))}
    )
    rxe = segment(
        "RXE",
        {
            1: ("", "", "", day(since)), 2: coded(drug.code, dialect), 3: drug.amount,
            5: (drug.unit, drug.unit, "UCUM"), 7: ("", dialect.text(drug.dosage)), 12: "2",
            15: placer,
        },
    )  # fmt: skip
    rxr = segment("RXR", {1: ("PO", "Orale", "HL70162")})
    return Event(
        when=when,
        kind=("RDE", "O11", "RDE_O11"),
        segments=(dialect.pid(on_file), orc, rxe, rxr),
        application="PHARMACIE",
    )


def _vxu(
    registration: Registration,
    on_file: Snapshot,
    dialect: Chul,
    vaccines: tuple[tuple[Code, date], ...],
    when: datetime,
) -> Event:
    """The vaccination card, read at the counter."""
    given: list[str] = []
    for count, (vaccine, at) in enumerate(vaccines, start=1):
        number = f"VAC{registration.number[-6:]}{count:02d}"
        given.append(segment("ORC", {1: "RE", 3: (number, "VACCINATION")}))
        fields: dict[int, Field | list[Field]] = {
            1: "0", 2: "1", 3: day(at), 4: day(at), 5: coded(vaccine, dialect), 6: "0.5",
            7: ("mL", "mL", "UCUM"), 9: ("00", "Dose administrée", "NIP001"),
            15: f"LOT{at.year}{count}", 20: "CP", 21: "A",
        }  # fmt: skip
        given.append(segment("RXA", fields))
        given.append(
            segment("RXR", {1: ("IM", "Intramusculaire", "HL70162"), 2: ("LA", "Bras gauche")})
        )
    return Event(
        when=when,
        kind=("VXU", "V04", "VXU_V04"),
        segments=(dialect.pid(on_file), *given),
        application="VACCINATION",
    )
