"""Read-only pages over the central store: search, one chart per person, status, quarantine."""

from dsn_consumers.web.server import main

__all__ = ["main"]
