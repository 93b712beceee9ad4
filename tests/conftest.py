"""What every folder of tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsn_deploy.stack import EmbeddedStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Real Kafka, PostgreSQL and registry, for the whole session: use names of your own in them.

    A test that breaks a server mends it again before it ends.
    """
    with EmbeddedStack(data=tmp_path_factory.mktemp("stack")) as running:
        yield running
