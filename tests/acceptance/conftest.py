"""One running system for every test that leaves it whole; a test that kills has its own."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from acceptance.feeds import SOURCES
from acceptance.system import System

from dsn_deploy.stack.ports import FREE_PORTS, is_free
from dsn_schemas.metrics import PORTS


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All services on servers of their own; each test uses sources that no other test uses."""
    os.environ["DSN_METRICS_PORT"] = str(_ports_in_a_row())
    try:
        with System(tmp_path_factory.mktemp("system"), SOURCES) as running:
            yield running
    finally:
        del os.environ["DSN_METRICS_PORT"]


def _ports_in_a_row() -> int:
    """The first of as many free ports as there are services."""
    for _ in range(100):
        first = random.choice(FREE_PORTS)
        if all(is_free(first + place) for place in PORTS.values()):
            return first
    raise AssertionError("no ports in a row are free")
