"""Logs stay short, and their end can be shown."""

from __future__ import annotations

import os
from pathlib import Path

from dsn_deploy.logs import bound, open_log, tail


def test_tail_is_the_end(tmp_path: Path) -> None:
    """The last lines are shown, oldest first."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n" for n in range(9)))

    assert tail(log, 2) == ["line 7", "line 8"]


def test_tail_of_nothing_is_empty(tmp_path: Path) -> None:
    """A log that was never written has no lines."""
    assert tail(tmp_path / "log") == []


def test_long_log_is_set_aside(tmp_path: Path) -> None:
    """A log over its size moves aside, and its writer goes on in an empty one."""
    log = tmp_path / "log"
    handle = open_log(log)
    os.write(handle, b"old\n")

    assert bound(log, bytes_max=3)
    os.write(handle, b"new\n")
    os.close(handle)

    assert log.read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "old\n"


def test_short_log_stays(tmp_path: Path) -> None:
    """A log within its size is not touched."""
    log = tmp_path / "log"
    log.write_text("short")

    assert not bound(log, bytes_max=5)
    assert log.read_text() == "short"
