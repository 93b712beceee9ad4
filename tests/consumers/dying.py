"""A store that kills itself at a step of its third batch: python dying.py STEP."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from dsn_consumers import intake, pump, store
from dsn_consumers.pump import Pump
from dsn_schemas.settings import Settings

#: Each step of ``Pump.run``, and whether we die before or after it.
STEPS: dict[str, tuple[type, str, str]] = {
    "2 read, nothing written": (store.StoreSink, "prepare", "after"),
    "3 offsets moved, rows not written": (Pump, "_move", "after"),
    "3 rows written, not committed": (store.StoreSink, "write", "after"),
    "4 committed, not noticed": (store.StoreSink, "committed", "before"),
}


def main() -> None:
    owner, name, moment = STEPS[sys.argv[1]]
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3 and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments)
        if calls == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)
    # Full batches, however slowly the broker answers: what is kept then is a multiple of 40.
    intake.BATCH_RECORDS_MAX = 40
    pump.GATHER_S = 5.0
    store.main(Settings())


if __name__ == "__main__":
    main()
