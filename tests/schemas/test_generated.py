"""What follows from the contract is up to date."""

from __future__ import annotations

from pathlib import Path

from dsn_schemas import generate

ROOT = Path(__file__).parents[2]


def test_records_are_up_to_date() -> None:
    """``records.py`` is what the schemas say (``python -m dsn_schemas.generate``)."""
    written = (ROOT / "schemas/dsn_schemas/records.py").read_text(encoding="utf-8")

    assert written == generate.records_py()


def test_catalogue_is_up_to_date() -> None:
    """``docs/catalogue.md`` is what the schemas say."""
    written = (ROOT / "docs/catalogue.md").read_text(encoding="utf-8")

    assert written == generate.catalogue_md()
