"""A run as data, made from a seed: what is said and what goes wrong, so that it can be made smaller."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from dsn_deploy.simulation.story import Said, story

#: Seconds in which things are said and go wrong; then everything is healed and drained.
TROUBLED_S = 10.0

#: What may go wrong, and how often each is drawn.
KINDS = {
    "kill": 8,
    "crash point": 24,
    "freeze": 5,
    "cut": 4,
    "answers lost": 4,
    "lose leaders": 4,
    "kafka down": 2,
    "postgres down": 3,
    "end sessions": 2,
    "failover": 2,
    "quiet failover": 2,
    "rewind store": 2,
    "registry down": 1,
    "compact": 4,
    "wipe state": 2,
    "damage state": 2,
    "lose batch": 2,
    "back up outbox": 1,
    "restore outbox": 5,
    "resend": 3,
    "skew": 3,
    "poison": 2,
    "lose journal": 3,
    "retention": 2,
    "another worker": 1,
}
#: A standby takes over that may lack what the primary had.
FAILOVERS = frozenset(("failover", "quiet failover"))


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong."""

    #: Seconds into the run.
    at: float
    kind: str
    #: Whom; a number that picks among those it can befall.
    target: int
    #: How long, how much or how often; each kind says what.
    size: float

    def __str__(self) -> str:
        return f"{self.at:7.3f} {self.kind} (target {self.target}, size {self.size:.3f})"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run."""

    seed: int
    partitions: int
    workers: int
    said: tuple[Said, ...]
    faults: tuple[Fault, ...]
    #: How long things are said and go wrong.
    seconds: float = TROUBLED_S

    def without(self, *, said: tuple[Said, ...] | None = None,
                faults: tuple[Fault, ...] | None = None) -> Plan:  # fmt: skip
        """The same run with less in it."""
        return replace(
            self,
            said=self.said if said is None else said,
            faults=self.faults if faults is None else faults,
        )


def plan_of(seed: int) -> Plan:
    """The run of a seed."""
    chance = random.Random(seed)
    kinds = list(KINDS)
    faults = tuple(
        sorted(
            (
                Fault(
                    chance.uniform(0, TROUBLED_S),
                    chance.choices(kinds, list(KINDS.values()))[0],
                    chance.randrange(1_000),
                    chance.random(),
                )
                for _ in range(chance.choice((0, 2, 4, 6, 8, 12)))
            ),
            key=lambda fault: fault.at,
        )
    )
    return Plan(
        seed=seed,
        partitions=chance.choice((1, 2, 2, 3)),
        workers=chance.choice((1, 2, 2)),
        said=story(chance, chance.randint(4, 26), TROUBLED_S * 0.8),
        faults=faults,
    )
