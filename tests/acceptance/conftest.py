"""One running system for every test that leaves it whole; a test that kills has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acceptance.feeds import SOURCES
from acceptance.system import System


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All services on servers of their own; each test uses sources that no other test uses."""
    with System(tmp_path_factory.mktemp("system"), SOURCES) as running:
        yield running
