"""The process: where it listens, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from dsn_consumers.web import main
from dsn_consumers.web.server import NotLoopback
from dsn_schemas.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_only_this_machine_is_served(host: str) -> None:
    """Pages without a sign-in never listen where others could read them."""
    with pytest.raises(NotLoopback):
        main(Settings(web_host=host))


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    """It answers without a database, drains at SIGTERM and exits with 0."""
    code = "from dsn_consumers.web import main; from dsn_schemas.settings import Settings; main(Settings())"
    conninfo = "host=127.0.0.1 port=1 dbname=dsn user=dsn"
    environment = {**os.environ, "DSN_WEB_PORT": "0", "DSN_CONNINFO": conninfo}
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=output, stderr=output
        )
    try:
        port = _port(log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)

        assert process.wait(15) == 0
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def _port(log: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text())
        if found := re.search(r"pages_listening.*port=(\d+)", plain):
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(f"it never listened: {log.read_text()}")
