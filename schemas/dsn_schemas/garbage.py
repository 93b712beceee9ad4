"""How often Python looks for garbage that refers to itself: seldom, in a process that moves records.

Records are trees, which reference counting frees. By default a search begins whenever 700 more
objects were made than freed, which a batch does all the time: in identify, searching took a third of
the CPU time and found nothing. Every service calls this once, when its modules are loaded.
"""

from __future__ import annotations

import gc

#: Objects between two looks at the youngest: a few looks for a batch of a thousand records.
YOUNG = 20_000
#: Looks at the young for one at the middle generation, and at those for one at everything.
MIDDLE = 20
OLD = 50


def collect_seldom() -> None:
    """Leave what is loaded alone for good, and look at the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
