"""``make histories``: by the hundred thousand, histories whose view must be the naive fold.

Each is a seed: a few changes of three sources about five records, shuffled and repeated, through the
three stages with random batches and restarts between turns, against the second implementation
(``dsn_deploy.proof.fold``), written from the specification. A history that differs is printed by its
seed; Hypothesis makes the same kind of history small in ``test_world.py``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from dsn_deploy.proof import fold
from dsn_schemas.garbage import collect_seldom
from dsn_schemas.keys import record_key
from support.exact import ExactNumber
from support.histories import chained, made
from support.world import World

PARTITIONS = 3
#: Histories between two lines of progress.
SAID = 10_000


def differs(seed: int) -> str:
    """What of the history differs from the fold; nothing when it is equal."""
    chance = random.Random(seed)
    changes = made(chance.choice)
    numbered = chained(changes, PARTITIONS)
    repeated = numbered + chance.choices(numbered, k=len(numbered) // 3)
    chance.shuffle(repeated)
    world = World(seed, PARTITIONS)
    for change in repeated:
        world.publish(change)
        if chance.random() < 0.3:
            world.run()
    world.run()
    people = {key: link.person for key, link in world.links().items()}
    entries = {
        (e.person, e.section, e.entry): {
            (record_key(c.authority, c.number), c.source, c.item, c.epoch, c.seq)
            for c in e.contributors
        }
        for e in world.entries()
    }
    wrong = []
    if fold.people(changes, ExactNumber()) != people:
        wrong.append("people")
    if fold.entries(changes, ExactNumber()) != entries:
        wrong.append("entries")
    if world.quarantined():
        wrong.append("quarantine")
    return ", ".join(wrong)


def main() -> None:
    """Compare; the count on stdout, and exit code 1 when one differed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=100_000)
    options = asked.parse_args()
    collect_seldom()
    differing, began = 0, time.monotonic()
    for number, seed in enumerate(range(options.seed, options.seed + options.count), start=1):
        if wrong := differs(seed):
            differing += 1
            print(f"history {seed} differs: {wrong}", flush=True)
        if number % SAID == 0 or number == options.count:
            print(f"{number} histories, {differing} differ, {time.monotonic() - began:.0f} s",
                  flush=True)  # fmt: skip
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
