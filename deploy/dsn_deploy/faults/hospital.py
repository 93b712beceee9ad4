"""The messages hospitals send while things break: each carries something that is found again.

A message of the kind ``update`` or ``result`` has a *witness*: an item no other message has, with
the record it is of in its words. The *state* of a record, an item that each update counts up, shows
whether a reader was ever taken back in time. Pure: the same seed tells the same messages.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from dsn_schemas.nam import check_digit

_FAMILIES = ("Gagné", "Tremblay", "Lévesque", "Roy", "Côté", "Bélanger", "Ouellet")
_GIVEN = ("Mélanie", "Francine", "Huguette", "Josée", "Sylvie", "Ariane", "Zoé", "Chantal")
#: Prefix of the code of a state, which the number of the record follows.
STATE = "ETAT"
WITNESS = "TEMOIN"
#: Records of each authority; a multiple of three.
RECORDS = 60
#: Share of messages nobody can use, on a quiet day.
POISON = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message, and what it must come to."""

    #: Source that sends it.
    source: str
    #: Its place among the source's messages, from 0.
    number: int
    #: update, result, claim, poison or repeat.
    kind: str
    #: ``authority|number`` of the record it is about.
    record: str
    #: ``authority|number`` of the record a claim names beside it; empty otherwise.
    other: str = ""
    #: Code of the witness; empty when it has none.
    witness: str = ""
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A source as its hospital knows it."""

    source: str
    authority: str
    #: Sends results only, about records another source registers.
    laboratory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is, as far as a message says it."""

    family: str
    given: str
    born: date
    #: Has a health number, which messages carry.
    numbered: bool


class Hospital:
    """The endless messages of one source."""

    def __init__(
        self, sender: Sender, seed: int, records: int = RECORDS, poison: float = POISON
    ) -> None:
        self._sender = sender
        self._chance = random.Random(f"{seed}/{sender.source}")
        self._records = records
        #: Share of messages nobody can use; raised while a storm of them blows.
        self.poison = poison
        self._number = 0
        self._versions: dict[int, int] = {}
        self._recent: list[Told] = []

    def __iter__(self) -> Iterator[Told]:
        return self

    def __next__(self) -> Told:
        told = self._told(self._number)
        self._number += 1
        self._recent = [*self._recent[-20:], told]
        return told

    def _told(self, at: int) -> Told:
        record, draw = self._chance.randrange(self._records), self._chance.random()
        if draw < self.poison:
            return self._poison(at, record)
        if draw < self.poison + 0.03 and self._recent:
            again = self._chance.choice(self._recent)
            return _again(again, at)
        if self._sender.laboratory:
            return self._result(at, record)
        return self._claim(at, record) if draw > 0.96 else self._update(at, record)

    def _update(self, at: int, record: int) -> Told:
        version = self._versions[record] = self._versions.get(record, 0) + 1
        key, witness = self._key(record), self._witness(at)
        name, action = f"P{record}-{self._chance.randrange(4)}", self._chance.choice("AAAD")
        segments = (
            f"AL1|1|DA|{witness}^témoin {key}^LOCAL|SV|Urticaire",
            f"AL1|2|DA|{state_code(key)}^état {version} {key}^LOCAL|SV|Urticaire",
            f"DG1|1||I{self._chance.randrange(20)}^Diagnostic^I10||20260301|A||||||||||||||{name}|{action}",
            f"PV1|1|I|{self._chance.randrange(9)}^1^1||||||||||||||||V{record}-{self._chance.randrange(3)}",
        )
        data = self._message("ADT^A08^ADT_A01", at, record, segments)
        return self._made(at, "update", record, data, witness=witness)

    def _result(self, at: int, record: int) -> Told:
        key, witness = self._key(record), self._witness(at)
        status, order = self._chance.choice("PFC"), f"{record}-{self._chance.randrange(5)}"
        segments = (
            f"OBR|1|O{order}|F{order}|GLU^Glucose^LN|||20260510070000|||||||||||||||||CH|{status}",
            f"OBX|1|NM|2345-7^Glucose^LN||{self._chance.randrange(30, 90) / 10}|mmol/L|||||{status}",
            f"OBX|2|ST|{witness}^témoin {key}^LOCAL||oui||||||F",
        )
        data = self._message("ORU^R01^ORU_R01", at, record, segments)
        return self._made(at, "result", record, data, witness=witness)

    def _claim(self, at: int, record: int) -> Told:
        # Within threes, or after a while everybody could be everybody.
        other = record // 3 * 3 + (record + self._chance.choice((1, 2))) % 3
        event = self._chance.choice(("A40", "A24", "A37"))
        if event == "A40":
            segments = (f"MRG|{other}^^^{self._sender.authority}^MR",)
            data = self._message("ADT^A40^ADT_A39", at, record, segments)
        else:
            segments = (self._identified(other, 2),)
            data = self._message(f"ADT^{event}^ADT_{event}", at, record, segments)
        return self._made(at, "claim", record, data, other=self._key(other))

    def _poison(self, at: int, record: int) -> Told:
        data = self._message("ZZZ^Z99", at, record, ())
        return self._made(at, "poison", record, data)

    def _message(self, kind: str, at: int, record: int, segments: Sequence[str]) -> bytes:
        authority = self._sender.authority
        head = rf"MSH|^~\&|ADT|{authority}|DSN|QC|20260511083000||{kind}|{self._sender.source}-{at}"
        lines = (f"{head}|P|2.5||||||UNICODE UTF-8", "EVN|A08|20260511083000")
        return "\r".join([*lines, self._identified(record, 1), *segments, ""]).encode()

    def _identified(self, record: int, index: int) -> str:
        person = person_of(self._sender.authority, record)
        nam = f"~{health_number(person)}^^^RAMQ^JHN" if person.numbered else ""
        number = f"{record}^^^{self._sender.authority}^MR{nam}"
        name = f"{person.family}^{person.given}^^^^^L"
        return f"PID|{index}||{number}||{name}||{person.born:%Y%m%d}|F"

    def _made(
        self, at: int, kind: str, record: int, data: bytes, other: str = "", witness: str = ""
    ) -> Told:
        return Told(
            source=self._sender.source,
            number=at,
            kind=kind,
            record=self._key(record),
            other=other,
            witness=witness,
            data=data,
        )

    def _key(self, record: int) -> str:
        return f"{self._sender.authority}|{record}"

    def _witness(self, at: int) -> str:
        return f"{WITNESS}-{self._sender.source}-{at}"


def _again(told: Told, at: int) -> Told:
    """The same bytes once more, which must change nothing."""
    return Told(source=told.source, number=at, kind="repeat", record=told.record, data=told.data)


def may_be_one(told: Iterable[Told]) -> dict[str, str]:
    """A name of the group of each record; only records of one group may ever share a chart.

    They may when a claim named both, or when both authorities give the same health number.
    """
    group: dict[str, str] = {}

    def root(record: str) -> str:
        while group.setdefault(record, record) != record:
            record = group[record]
        return record

    for one in told:
        root(one.record)
        if one.other:
            group[root(one.record)] = root(one.other)
    by_number: dict[str, str] = {}
    for record in list(group):
        number = record.split("|")[1]
        if int(number) % 10 < 3:
            group[root(record)] = root(by_number.setdefault(number, record))
    return {record: root(record) for record in group}


def state_code(record: str) -> str:
    """Code of the state of a record."""
    return f"{STATE}-{record.replace('|', '-')}"


def person_of(authority: str, record: int) -> Person:
    """Whom a record is about. Three in ten have a health number, and are known to both hospitals
    under the same local number; nobody else shares so much as a birth date."""
    numbered = record % 10 < 3
    apart = 0 if numbered else sum(authority.encode()) % 11 + 1
    return Person(
        family=_FAMILIES[(record + apart) % len(_FAMILIES)],
        given=_GIVEN[(record // 3 + apart) % len(_GIVEN)],
        born=date(1930 + record, 1 + (record + apart) % 12, 1 + (record * 5 + apart) % 28),
        numbered=numbered,
    )


def health_number(person: Person) -> str:
    """A valid one."""
    born, letters = person.born, person.family[:3] + person.given[:1]
    plain = unicodedata.normalize("NFD", letters).encode("ascii", "ignore").decode().upper()
    digits = f"{born:%y}{born.month + 50}{born:%d}1"
    check = check_digit(plain, born.year, "F", born.month, born.day, "1")
    return f"{plain}{digits}{check}"
