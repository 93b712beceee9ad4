"""Birth dates as they are compared: digits, as many as were said, and none when it says nothing."""

from __future__ import annotations

from functools import lru_cache

from dsn_streams.matching.weights import Weights


@lru_cache(maxsize=1 << 16)
def digits(birth_date: str) -> str:
    """``YYYYMMDD``, ``YYYYMM`` or ``YYYY``; empty for anything else.

    A month or day of 00 is one that was not known: ``1980-06-00`` says ``198006``.
    """
    text = birth_date.replace("-", "").strip()
    if len(text) not in (4, 6, 8) or not (text.isascii() and text.isdigit()):
        return ""
    if text[4:6] == "00":
        return text[:4]
    return text[:6] if text[6:8] == "00" else text


def born(birth_date: str, estimated: bool, vouched: bool, weights: Weights) -> tuple[str, bool]:
    """The digits to compare, and whether the date is a placeholder and says nothing.

    A date of the stop list stands when a valid health number says the same (``vouched``): some
    people are born on 1 January 1980. Of an estimated date only the year is kept.
    """
    text = digits(birth_date)
    if text in weights.stop_dates and not vouched:
        return "", True
    return (text[:4] if estimated and not vouched else text), False
