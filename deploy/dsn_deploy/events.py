"""How commands write the events of our log: plain lines (services: ``dsn_schemas.logs``).

Always to standard error, so that what a command prints for scripts stays clean. Tracebacks show
the way to the error and no local variables: those would be patients' data.
"""

from __future__ import annotations

import os
import sys

import structlog

from dsn_schemas.logs import level


def write_lines() -> None:
    """For a person at a terminal, or one who reads the supervisor's log."""
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    plain = structlog.dev.plain_traceback
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
