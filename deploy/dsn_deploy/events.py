"""How the events of our log are written: JSON lines by services, plain lines by commands.

Always to standard error, so that what a command prints for scripts stays clean. Tracebacks show
the way to the error and no local variables: those would be patients' data.
"""

from __future__ import annotations

import logging
import os
import sys

import structlog
from structlog.typing import Processor


def write_json() -> None:
    """For a service: one JSON object a line, for machines to collect."""
    _configure([structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])


def write_lines() -> None:
    """For a person at a terminal, or one who reads the supervisor's log."""
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    plain = structlog.dev.plain_traceback
    _configure([structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)])


def _configure(last: list[Processor]) -> None:
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(_level()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _level() -> int:
    """`DSN_LOG_LEVEL`: debug, info (unless said otherwise), warning or error."""
    names = logging.getLevelNamesMapping()
    return names.get(os.environ.get("DSN_LOG_LEVEL", "info").upper(), logging.INFO)
