"""Logs are for collecting or for reading, and hold no patients' data."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import structlog
from dsn_deploy.events import write_lines
from dsn_schemas.logs import configure
{how}
log = structlog.get_logger()
def read(name):
    try:
        raise ValueError("unusable")
    except ValueError:
        log.exception("not_read", offset=7)
log.debug("unseen")
read("Tremblay")
"""


def said(how: str) -> str:
    command = [sys.executable, "-c", SCRIPT.format(how=how)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    return ended.stderr


def test_service_writes_json_lines() -> None:
    """Each event of a service is one JSON object, on standard error."""
    (line,) = said("configure('store')").splitlines()
    event = json.loads(line)

    assert {"event": "not_read", "level": "error", "offset": 7}.items() <= event.items()
    assert "store" == event["service"]
    assert "builtins.ValueError" == event["exception"]["type"]
    assert ["read"] == [place.split()[-1] for place in event["exception"]["at"]]


def test_a_library_s_message_is_left_out() -> None:
    """A driver may quote a row in its message; only our own errors are quoted."""
    assert "unusable" not in said("configure('store')")


@pytest.mark.parametrize("how", ["configure('store')", "write_lines()"])
def test_traceback_shows_no_variables(how: str) -> None:
    """A traceback never shows what a variable held: it could be a name."""
    assert "Tremblay" not in said(how).replace('read("Tremblay")', "")


def test_lines_off_a_terminal_are_plain() -> None:
    """In a file there are no colours."""
    assert "\x1b[" not in said("write_lines()")
