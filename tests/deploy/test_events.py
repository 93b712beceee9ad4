"""Logs are for collecting or for reading, and hold no patients' data."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import structlog
from dsn_deploy import events
events.{how}()
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
    (line,) = said("write_json").splitlines()
    event = json.loads(line)

    assert {"event": "not_read", "level": "error", "offset": 7}.items() <= event.items()
    assert "ValueError: unusable" in event["exception"]


@pytest.mark.parametrize("how", ["write_json", "write_lines"])
def test_traceback_shows_no_variables(how: str) -> None:
    """A traceback never shows what a variable held: it could be a name."""
    assert "Tremblay" not in said(how).replace('read("Tremblay")', "")


def test_lines_off_a_terminal_are_plain() -> None:
    """In a file there are no colours."""
    assert "\x1b[" not in said("write_lines")
