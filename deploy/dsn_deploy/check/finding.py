"""What a check found. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dsn_deploy.errors import FAILED, OK, UNREACHABLE


class Verdict(Enum):
    """How it is."""

    GOOD = "good"
    #: It works, and somebody should look.
    WARNING = "warning"
    #: A start would fail, or work wrongly.
    WRONG = "wrong"
    #: It does not answer: nothing more is known.
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    #: settings, secrets, sources, certificates, disk, kafka, topics, registry, database.
    part: str
    verdict: Verdict
    #: What is so.
    what: str
    #: Setting, file, topic or address.
    where: str = ""
    #: What to do; empty when it is good.
    action: str = ""


def exit_code(findings: Iterable[Finding]) -> int:
    """0 a start may follow, 1 something is wrong, 3 something does not answer."""
    verdicts = {one.verdict for one in findings}
    if Verdict.WRONG in verdicts:
        return FAILED
    return UNREACHABLE if Verdict.UNREACHABLE in verdicts else OK


def good(part: str, what: str, where: str = "") -> Finding:
    """It is as it should be."""
    return Finding(part=part, verdict=Verdict.GOOD, what=what, where=where)


def warning(part: str, what: str, where: str, action: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(part=part, verdict=Verdict.WARNING, what=what, where=where, action=action)


def wrong(part: str, what: str, where: str, action: str) -> Finding:
    """A start would fail, or work wrongly."""
    return Finding(part=part, verdict=Verdict.WRONG, what=what, where=where, action=action)


def unreachable(part: str, what: str, where: str, action: str) -> Finding:
    """It does not answer."""
    return Finding(part=part, verdict=Verdict.UNREACHABLE, what=what, where=where, action=action)
