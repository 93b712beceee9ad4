"""A database with sample charts, the pages over it, and a browser where there is one."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import uvicorn
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from starlette.types import ASGIApp

from dsn_consumers.ledger_count import count
from dsn_consumers.web.app import create_app
from dsn_consumers.web.postgres import PostgresReader
from dsn_deploy.stack import EmbeddedStack

sys.path.insert(0, str(Path(__file__).parent))

import pages_sample

#: Arguments without which a browser would look for updates, or not start in a container.
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1360,1000",
]


@pytest.fixture(scope="session")
def charts(stack: EmbeddedStack) -> str:
    """Connection string of a database that holds the sample charts."""
    with psycopg.connect(stack.postgres.conninfo("postgres", "postgres"), autocommit=True) as admin:
        name = Identifier("web_pages")
        admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        admin.execute(SQL("CREATE DATABASE {} OWNER dsn").format(name))
    conninfo = make_conninfo(stack.settings.conninfo, dbname="web_pages")
    pages_sample.insert(conninfo)
    count(conninfo)  # as the audit consumer does every few seconds
    return conninfo


@pytest.fixture(scope="session")
def reader(charts: str) -> Iterator[PostgresReader]:
    """The real reader."""
    found = PostgresReader(charts)
    found.open()
    yield found
    found.close()


@pytest.fixture(scope="session")
def app(reader: PostgresReader) -> ASGIApp:
    """The pages, produced at the instant of the sample."""
    return create_app(reader, lambda: pages_sample.NOW)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of an application on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture(scope="session")
def site(app: ASGIApp) -> Iterator[str]:
    """The address of the pages."""
    with served(app) as address:
        yield address


@contextmanager
def chromium(folder: Path, *, javascript: bool = True) -> Iterator[webdriver.Chrome]:
    """Debian's browser in a new profile; the test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no browser: install the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        refused = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", refused)
    # The path is given, so that nothing looks for a driver on the network.
    found = webdriver.Chrome(options=options, service=Service(driver))
    found.set_page_load_timeout(20)
    yield found
    found.quit()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser as most people have it."""
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def plain_browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A browser that runs no script."""
    with chromium(tmp_path, javascript=False) as found:
        yield found
