"""What every bench command has in common: percentiles, progress, and the one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from dsn_deploy.errors import CommandError


class BenchError(CommandError):
    """A measurement that cannot be had; says what failed and where to look."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed. Raises ``ValueError`` for none."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Progress:
    """Tells on standard error what goes on, so that standard output stays clean."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        """One line, with the seconds since the beginning."""
        print(f"[{time.monotonic() - self._began:6.1f} s] {what}", file=sys.stderr, flush=True)


def show(figures: dict[str, object], *, as_json: bool) -> None:
    """The result: one line of JSON, or a line for each figure."""
    if as_json:
        print(json.dumps(figures), flush=True)
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for part, figure in value.items():
                print(f"  {part:10} {figure:>12}")
        else:
            print(f"{name:20} {value:>12}")
