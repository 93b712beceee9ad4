"""The files of the demonstration: every message of every source, in the order of sending."""

from __future__ import annotations

from datetime import datetime

from dsn_deploy.demo.clinic import Clinic
from dsn_deploy.demo.dialects import Chul, Hdm, snapshot
from dsn_deploy.demo.events import Event, arrival, feed
from dsn_deploy.demo.hl7 import segment
from dsn_deploy.demo.journeys import journey, merged
from dsn_deploy.demo.laboratory import reports
from dsn_deploy.demo.orders import orders
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration

#: Laboratory messages that the demonstration sends over MLLP, so that one sees acknowledgements.
MLLP_MESSAGES = 40

CHUL, HDM = Chul(), Hdm()


def files(known: tuple[Registration, ...]) -> dict[str, bytes]:
    """Content of every file by its name below ``messages``."""
    laboratory = feed(_laboratory(known), CHUL, "chul-labo")
    result = {
        "chul-adt.hl7": b"".join(feed(_chul(known), CHUL, "chul-adt")),
        "chul-labo-mllp.hl7": b"".join(laboratory[:MLLP_MESSAGES]),
        "chul-labo.hl7": b"".join(laboratory[MLLP_MESSAGES:]),
        "hdm-adt.hl7": b"".join(feed(_hdm(known), HDM, "hdm-adt")),
    }
    for count, bundle in enumerate(_clinic(known), start=1):
        result[f"hdm-clinique/bundle-{count:03d}.json"] = bundle
    return result


def _chul(known: tuple[Registration, ...]) -> list[Event]:
    numbers: dict[tuple[str, str], str] = {
        (one.person.key, one.place): one.number for one in known if not one.merged_into
    }
    files = [one for one in known if one.place == "CHUL"]
    by_number = {one.number: one for one in files}
    events = [event for one in files for event in journey(one, CHUL, numbers)]
    events += [event for one in files if not one.merged_into for event in orders(one, CHUL)]
    events += [merged(by_number[one.merged_into], one, CHUL) for one in files if one.merged_into]
    return [*events, _poison(files[0])]


def _hdm(known: tuple[Registration, ...]) -> list[Event]:
    files = [one for one in known if one.place == "HDM"]
    events = [event for one in files for event in journey(one, HDM, {})]
    accented = next(one for one in files if one.person.key == "therese")
    return [*events, _damaged(files[0], "truncated"), _damaged(accented, "wrong-charset")]


def _laboratory(known: tuple[Registration, ...]) -> list[Event]:
    return [event for one in known if one.place == "CHUL" for event in reports(one, CHUL)]


def _clinic(known: tuple[Registration, ...]) -> list[bytes]:
    """Every bundle, the clinic's own resends last."""
    writers = [Clinic(one) for one in known if one.place == "HDM-CLINIQUE"]
    bundles = [bundle for writer in writers for bundle in writer.bundles()]
    return [*bundles, *drawer("resent", "clinic").sample(bundles, 2)]


def _poison(registration: Registration) -> Event:
    """A message of a type that nobody agreed on."""
    when = arrival(registration).replace(hour=3, minute=33)
    zzz = segment("ZZZ", {1: "1", 2: "essai de l'interface"})
    pid = CHUL.pid(snapshot(registration))
    return Event(when=when, kind=("ZZZ", "Z99", "ZZZ_Z99"), segments=(pid, zzz))


def _damaged(registration: Registration, damage: str) -> Event:
    """An update that breaks on its way, or is written in another character set than agreed."""
    when = datetime(2026, 10, 29, 4, 44) if damage == "truncated" else datetime(2026, 10, 30, 5, 5)
    evn = segment("EVN", {1: "A08", 2: HDM.stamp(when)})
    # The letters must be outside ASCII, or the mistake could not be seen.
    patient = HDM.pid(snapshot(registration))
    zone = segment("PV1", {1: "1", 2: "O", 10: "Médecine générale"})
    return Event(
        when=when,
        kind=("ADT", "A08", "ADT_A01"),
        segments=(evn, patient, zone),
        damage="truncated" if damage == "truncated" else "wrong-charset",
    )
