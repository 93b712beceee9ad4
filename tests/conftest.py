"""What every folder of tests may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

# Its plugin would import it at the very end, when a warning of it is an error.
import hypothesis  # noqa: F401
import pytest
import structlog

from dsn_deploy.stack import EmbeddedStack

# A temporary root of this session's own. The usual one is shared by every session of the user and
# is closed again by each that starts: a PostgreSQL that runs as somebody else would lose its files.
_ROOT = tempfile.mkdtemp(prefix="dsn-tests-")
os.environ["PYTEST_DEBUG_TEMPROOT"] = _ROOT


def pytest_sessionfinish(exitstatus: int) -> None:
    """Leave nothing behind, except what explains a failure."""
    if exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(_ROOT, ignore_errors=True)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command run within a test writes its log to a stream that is closed behind it, or no log."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Real Kafka, PostgreSQL and registry, for the whole session: use names of your own in them.

    A test that breaks a server mends it again before it ends.
    """
    with EmbeddedStack(data=tmp_path_factory.mktemp("stack")) as running:
        yield running
