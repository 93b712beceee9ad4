"""The shipped HL7 messages, read with the library ``hl7`` and not with our own mapper."""

from __future__ import annotations

from collections import Counter
from functools import cache

import hl7
import pytest

from dsn_deploy.demo.messages import files
from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import registrations
from dsn_deploy.demo.shipped import split

KNOWN = registrations(population())
FILES = files(KNOWN)
CHUL_FILES = ("chul-adt.hl7", "chul-labo-mllp.hl7", "chul-labo.hl7")


@cache
def _read(name: str) -> list[hl7.Message]:
    charset = "iso-8859-1" if name in CHUL_FILES else "utf-8"
    return [hl7.parse(data.decode(charset, "replace")) for data in split(FILES[name])]


def _once(name: str) -> list[hl7.Message]:
    """Without resends."""
    return list({str(message.segment("MSH")[10]): message for message in _read(name)}.values())


def _field(message: hl7.Message, segment: str, number: int) -> str:
    found = message.segment(segment)
    return str(found[number]) if number < len(found) else ""


def _results() -> list[hl7.Message]:
    return _once("chul-labo-mllp.hl7") + _once("chul-labo.hl7")


def test_types() -> None:
    """Every kind of message that an establishment sends is there."""
    kinds = Counter(_field(message, "MSH", 9) for message in _once("chul-adt.hl7"))
    kinds += Counter(_field(message, "MSH", 9) for message in _results())
    triggers = {kind.split("^")[1] for kind in kinds}

    assert triggers == {
        *("A01", "A02", "A03", "A04", "A08", "A11", "A12", "A13", "A28", "A31", "A40"),
        *("O11", "V04", "R01", "Z99"),
    }
    assert kinds["ADT^A40^ADT_A39"] == 3
    assert kinds["ZZZ^Z99^ZZZ_Z99"] == 1


def test_versions() -> None:
    """CHUL speaks v2.5 and declares its characters, HDM speaks v2.3.1 and does not."""
    chul, hdm = _read("chul-adt.hl7"), _read("hdm-adt.hl7")

    assert {(_field(m, "MSH", 12), _field(m, "MSH", 18)) for m in chul} == {("2.5", "8859/1")}
    assert {(_field(m, "MSH", 12), _field(m, "MSH", 18)) for m in hdm} == {("2.3.1", "")}


@pytest.mark.parametrize("name", CHUL_FILES)
def test_chul_is_latin(name: str) -> None:
    """CHUL's accents are one byte each, as its header says: read as UTF-8 they make no sense."""
    accented = [data for data in split(FILES[name]) if not data.isascii()]

    assert len(accented) > 10
    for data in accented:
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")


def test_hdm_is_utf8_but_for_one() -> None:
    """One message of HDM, and no other, is in another character set than agreed."""
    wrong = []
    for data in split(FILES["hdm-adt.hl7"]):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            wrong.append(data)

    assert len(set(wrong)) == 1


def test_nam_places() -> None:
    """CHUL repeats the NAM in PID-3, HDM sends it in PID-2."""
    nam = next(one.nam for one in KNOWN if one.person.key == "therese")
    chul = [m for m in _once("chul-adt.hl7") if nam in str(m)]
    hdm = [m for m in _once("hdm-adt.hl7") if nam in str(m)]

    assert all(f"{nam}^^^RAMQ^JHN" in _field(m, "PID", 3) for m in chul)
    assert all(_field(m, "PID", 2) == f"{nam}^^^QC" for m in hdm)
    assert chul and hdm


@pytest.mark.parametrize("name", [*CHUL_FILES, "hdm-adt.hl7"])
def test_resends_are_exact(name: str) -> None:
    """Messages that share a control id are the same to the last byte."""
    first: dict[bytes, bytes] = {}
    resent = 0
    for data in split(FILES[name]):
        control = data.split(b"|")[9]
        resent += control in first
        assert first.setdefault(control, data) == data

    assert resent > 0


def test_one_truncated() -> None:
    """One message of HDM breaks off inside PID, before the record number."""
    truncated = {data for data in split(FILES["hdm-adt.hl7"]) if data.endswith(b"PID|1|\r")}

    assert len(truncated) == 1


def test_correction() -> None:
    """A corrected result comes after the final one of the same order, with another value."""
    by_order: dict[str, list[tuple[str, str]]] = {}
    for message in _results():
        said = (_field(message, "OBR", 25), _field(message, "OBX", 5))
        by_order.setdefault(_field(message, "OBR", 3), []).append(said)
    corrected = [reports for reports in by_order.values() if reports[-1][0] == "C"]

    assert len(corrected) >= 5
    for reports in corrected:
        assert [status for status, _ in reports] == ["P", "F", "C"]
    assert any(reports[-1][1] != reports[-2][1] for reports in corrected)


def test_late_preliminary() -> None:
    """One preliminary report arrives after the final one, with another value."""
    by_order: dict[str, list[hl7.Message]] = {}
    for message in _results():
        by_order.setdefault(_field(message, "OBR", 3), []).append(message)
    late = [
        reports
        for reports in by_order.values()
        if [_field(m, "OBR", 25) for m in reports] == ["F", "P"]
    ]

    assert len(late) == 1
    assert _field(late[0][0], "OBX", 5) != _field(late[0][1], "OBX", 5)


def test_withdrawn_result() -> None:
    """One result turns out to be another patient's."""
    assert sum(_field(message, "OBR", 25) == "W" for message in _results()) == 1


def test_laboratory_uses_ended_number() -> None:
    """The laboratory reports on a number that ended in a merge, after the merge."""
    ended = {one.number for one in KNOWN if one.merged_into}
    merged_at = {
        _field(m, "MRG", 1).split("^")[0]: _field(m, "MSH", 7)
        for m in _once("chul-adt.hl7")
        if "^A40^" in _field(m, "MSH", 9)
    }
    late = [
        m
        for m in _results()
        if (number := _field(m, "PID", 3).split("^")[0]) in ended
        and _field(m, "MSH", 7) > merged_at[number]
    ]

    assert ended == set(merged_at)
    assert late


def test_newborn() -> None:
    """The newborn comes with the mother's number and no NAM, and later with a name and a NAM."""
    number = next(one.number for one in KNOWN if (one.person.key, one.place) == ("rosalie", "CHUL"))
    mother = next(one.number for one in KNOWN if (one.person.key, one.place) == ("melanie", "CHUL"))
    told = [m for m in _once("chul-adt.hl7") if _field(m, "PID", 3).startswith(number)]

    assert _field(told[0], "PID", 5).startswith("Simard^BB FILLE")
    assert "JHN" not in _field(told[0], "PID", 3)
    assert _field(told[0], "PID", 21) == f"{mother}^^^CHUL^MR"
    assert _field(told[-1], "PID", 5).startswith("Simard-Pelletier^Rosalie")
    assert "^^^RAMQ^JHN" in _field(told[-1], "PID", 3)


def test_contradictions() -> None:
    """Of one person CHUL says "no known allergy", HDM names one."""
    nam = next(one.nam for one in KNOWN if one.person.key == "therese")

    def allergies(name: str) -> set[str]:
        return {
            str(segment[3]).split("^")[0]
            for message in _once(name)
            if nam in str(message) and "|AL1" in str(message).replace("\r", "|")
            for segment in message.segments("AL1")
        }

    assert allergies("chul-adt.hl7") == {"716186003"}
    assert allergies("hdm-adt.hl7") == {"91936005"}


def test_death_is_known_at_one_place() -> None:
    """HDM reports a death that CHUL has not heard of."""
    dead = {_field(m, "PID", 3) for m in _once("hdm-adt.hl7") if _field(m, "PID", 30) == "Y"}

    assert len(dead) == 1
    assert not any(_field(m, "PID", 30) for m in _once("chul-adt.hl7"))
