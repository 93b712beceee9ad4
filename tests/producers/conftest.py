"""A source, its settings, and a mapper that is easy to predict."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsn_producers.sources import Source
from dsn_schemas.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a folder of their own; no server is there."""
    return Settings(data=tmp_path / "data", sources=tmp_path / "sources.toml")


@pytest.fixture
def source() -> Source:
    """A source in Latin-1, as legacy systems are."""
    return Source(name="chum-adt", establishment="chum", authority="CHUM", charset="latin-1")
