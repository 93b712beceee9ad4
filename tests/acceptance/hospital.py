"""HL7 v2 messages of a made-up hospital, as short as they can be and still say something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

from dsn_schemas.nam import check_digit

BORN = date(1980, 5, 10)
FAMILIES = ("Gagné", "Tremblay", "Lévesque", "Roy", "Côté", "Bélanger")


def nam(number: int) -> str:
    """A valid health number of a woman born on ``BORN``; 60,000 different ones."""
    prefix = "".join(chr(65 + number // 9 // 26**place % 26) for place in range(3)) + "M"
    sequence = str(1 + number % 9)
    return f"{prefix}805510{sequence}{check_digit(prefix, 1980, 'F', 5, 10, sequence)}"


def message(
    authority: str,
    kind: str,
    number: str,
    control: str,
    *segments: str,
    nam: str = "",
    family: str = "Roy",
    charset: str = "UNICODE UTF-8",
) -> str:
    """A message about one record."""
    health = f"~{nam}^^^RAMQ^JHN" if nam else ""
    lines = (
        f"MSH|^~\\&|ADT|{authority}|DSN|QC|20260511083000||{kind}|{control}|P|2.5||||||{charset}",
        "EVN|A08|20260511083000",
        f"PID|1||{number}^^^{authority}^MR{health}||{family}^Mélanie^^^^^L||19800510|F",
        *segments,
    )
    return "\r".join(lines) + "\r"


def allergy(code: str, text: str = "", index: int = 1) -> str:
    """AL1: each code is an item and an entry of its own."""
    return f"AL1|{index}|DA|{code}^{text or code}^LOCAL|SV|Urticaire"


def problem(code: str, name: str, index: int = 1, action: str = "A") -> str:
    """DG1 of a diagnosis with an identifier; action ``D`` deletes it."""
    return f"DG1|{index}||{code}^{code}^I10||20260301|A||||||||||||||{name}|{action}"


def merge(authority: str, survivor: str, ended: str, control: str) -> str:
    """A40."""
    return message(authority, "ADT^A40^ADT_A39", survivor, control, f"MRG|{ended}^^^{authority}^MR")


def pair(authority: str, event: str, one: str, other: str, control: str) -> str:
    """A24 links two records, A37 parts them again."""
    second = f"PID|2||{other}^^^{authority}^MR||Roy^Mélanie^^^^^L||19800510|F"
    return message(authority, f"ADT^{event}^ADT_{event}", one, control, second)


def history(rng: random.Random, authority: str, records: int, count: int) -> list[bytes]:
    """``count`` messages about ``records`` records: updates, results, merges, doubles, poison."""
    told: list[bytes] = []
    for at in range(count):
        number, control = rng.randrange(records), f"{authority}-{at}"
        kind = rng.random()
        if kind < 0.02:
            text = merge(authority, str(number), str((number + 1) % records), control)
        elif kind < 0.03:
            text = message(authority, "ZZZ^Z99", str(number), control)
        elif kind < 0.06 and told:
            told.append(rng.choice(told))
            continue
        elif kind < 0.25:
            text = _result(rng, authority, number, control)
        else:
            text = _update(rng, authority, number, control)
        told.append(text.encode())
    return told


def _update(rng: random.Random, authority: str, number: int, control: str) -> str:
    said: Sequence[str] = [
        allergy(f"a{rng.randrange(6)}", f"texte {rng.randrange(4)}"),
        problem(f"I{rng.randrange(20)}", f"P{number}-{rng.randrange(4)}", 1, rng.choice("AAAD")),
        f"PV1|1|I|{rng.randrange(9)}^1^1||||||||||||||||V{number}-{rng.randrange(3)}",
    ]
    # Three in ten know their health number; some of two hospitals have the same one.
    known = nam(number) if number % 10 < 3 else ""
    family = rng.choice(FAMILIES)
    kind = "ADT^A08^ADT_A01"
    return message(authority, kind, str(number), control, *said, nam=known, family=family)


def _result(rng: random.Random, authority: str, number: int, control: str) -> str:
    order = f"{number}-{rng.randrange(5)}"
    status = rng.choice("PFC")
    return message(
        authority,
        "ORU^R01^ORU_R01",
        str(number),
        control,
        f"OBR|1|O{order}|F{order}|GLU^Glucose^LN|||20260510070000|||||||||||||||||CH|{status}",
        f"OBX|1|NM|2345-7^Glucose^LN||{rng.randrange(30, 90) / 10}|mmol/L|||||{status}",
    )
