"""A service whose wall clock is wrong, as a process: ``python -m dsn_deploy.faults.skewed edge``.

Only the wall clock of this process is moved, before anything of the product is imported. Clocks that
only count on (``time.monotonic``) stay right, as they do on a machine whose date is wrong.
"""

from __future__ import annotations

import os
import sys
import time

#: The setting, in a name of its own: nothing of ours is imported before the clock is moved.
_SKEW = "DSN_FAULTS_SKEW_MS"


def move_clock(skew_ms: int) -> None:
    """From now on ``time.time`` and ``time.time_ns`` are wrong by this much."""
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + skew_ms / 1000
    time.time_ns = lambda: nanoseconds() + skew_ms * 1_000_000


def main() -> None:
    """Be the service named on the command line."""
    move_clock(int(os.environ[_SKEW]))
    sys.argv = ["dsn", "run", *sys.argv[1:]]
    from dsn_deploy.cli import main as dsn

    dsn()


if __name__ == "__main__":
    main()
