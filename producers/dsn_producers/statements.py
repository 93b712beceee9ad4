"""Named SQL statements from the ``sql`` folder of this package."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def statements(file: str) -> dict[str, str]:
    """The statements of ``sql/<file>``, by name."""
    parts = _NAME.split(text(file))
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def text(file: str) -> str:
    """The whole of ``sql/<file>``."""
    return (resources.files(__package__) / "sql" / file).read_text(encoding="utf-8")
