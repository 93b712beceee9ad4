"""Structured logs without patient data: one JSON object a line.

An exception is written as its type and the places it passed through, never with local variables,
and with its message only when the type is our own: a driver's message may quote a row.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo

#: Frames kept of a traceback, the innermost ones.
FRAMES_MAX = 20


def configure(service: str) -> None:
    """Set logging of this process up, from `DSN_LOG_LEVEL` (info).

    Libraries' own loggers write through it from WARNING.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
        _without_locals,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def level() -> int:
    """`DSN_LOG_LEVEL`: debug, info (unless said otherwise), warning or error."""
    names = logging.getLevelNamesMapping()
    return names.get(os.environ.get("DSN_LOG_LEVEL", "info").upper(), logging.INFO)


def _named(service: str) -> Any:
    def add(_: Any, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _without_locals(_: Any, __: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    if found and found[0] is not None:
        event["exception"] = described(found)
    return event


def described(found: ExcInfo) -> dict[str, object]:
    """An exception as type, message if it is our own, and places."""
    kind, error, trace = found
    ours = kind.__module__.startswith("dsn_")
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        **({"message": str(error)} if ours else {}),
        "at": _places(trace),
    }


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES_MAX:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
