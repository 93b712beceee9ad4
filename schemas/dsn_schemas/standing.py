"""Which of two changes of one record item stands: the order every fold of changes agrees on.

The highest (epoch, seq) stands, with one exception from laboratory practice: a preliminary result
that arrives after the final one (a slow link, a resend by hand) never replaces it.
"""

from __future__ import annotations

#: Result statuses that a preliminary one cannot undo (FHIR R4 ObservationStatus).
SETTLED_RESULTS = frozenset(
    ("final", "amended", "corrected", "appended", "cancelled", "entered-in-error")
)


def standing(section: str, op: str, status: str) -> int:
    """1 for a settled result or the end of one, else 0; the first term of the order."""
    if section != "results":
        return 0
    return int(op == "delete" or status in SETTLED_RESULTS)


def order(section: str, op: str, status: str, epoch: int, seq: int) -> tuple[int, int, int]:
    """What is compared between changes of one record item: the greatest stands."""
    return (standing(section, op, status), epoch, seq)
