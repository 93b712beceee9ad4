"""How long to wait before trying again: longer each time, never in step with others."""

from __future__ import annotations

import random

FIRST_S = 0.2
#: A neighbour that came back is noticed within this time.
LAST_S = 10.0


class Backoff:
    """Delays that double, with full jitter so that many edges do not return together."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self.attempts = 0

    def next_delay_s(self) -> float:
        """Seconds to wait after one more failure."""
        bound = min(LAST_S, FIRST_S * 2 ** min(self.attempts, 10))
        self.attempts += 1
        return self._chance.uniform(bound / 2, bound)

    def succeeded(self) -> None:
        """Begin anew."""
        self.attempts = 0
