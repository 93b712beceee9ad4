"""Slips of the hand: one edit in a word, a digit or a date."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

#: Letters beside each other on a French Canadian keyboard.
_NEAR = {
    "a": "qsz", "b": "vn", "c": "xv", "d": "sf", "e": "rw", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "aw", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip


def mistyped(word: str, random: Random) -> str:
    """One letter missed, doubled, hit beside or exchanged with the next; the first one seldom."""
    if len(word) < 3:
        return word
    at = 1 + int(random.random() * (len(word) - 2)) if random.random() < 0.9 else 0
    kind = random.random()
    if kind < 0.25:
        return word[:at] + word[at + 1 :]
    if kind < 0.45:
        return word[: at + 1] + word[at:]
    if kind < 0.65:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    beside = _NEAR.get(word[at].lower(), "e")
    return word[:at] + beside[int(random.random() * len(beside))] + word[at + 1 :]


def misdialled(number: str, random: Random) -> str:
    """Another digit at one place."""
    places = [at for at, letter in enumerate(number) if letter.isdigit()]
    if not places:
        return number
    at = places[int(random.random() * len(places))]
    digit = (int(number[at]) + 1 + int(random.random() * 9)) % 10
    return f"{number[:at]}{digit}{number[at + 1 :]}"


def misdated(day: date, random: Random) -> date:
    """Day and month exchanged, or one of year, month and day wrong."""
    kind = random.random()
    if kind < 0.3:
        return swapped(day)
    if kind < 0.6:
        return _on(day.year, day.month, 1 + int(random.random() * 28))
    if kind < 0.8:
        return _on(day.year, 1 + int(random.random() * 12), day.day)
    years = (-10, -1, 1, 10)[int(random.random() * 4)]
    return _on(max(1900, day.year + years), day.month, day.day)


def swapped(day: date) -> date:
    """Day and month exchanged, where that is a date."""
    return date(day.year, day.day, day.month) if day.day <= 12 else day


def _on(year: int, month: int, day: int) -> date:
    """The date, or the last one before it that exists."""
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, 1) + timedelta(days=27)
