"""What can keep a page from being shown.

PagesError
├── Unavailable    the database is away or not ours yet: try again, a person is told (503)
└── TraceRefused   the read could not be traced, so nothing is shown (503)
"""

from __future__ import annotations


class PagesError(Exception):
    """A page that is not shown; the message holds no patient data."""


class Unavailable(PagesError):
    """The database did not answer in time, or does not have the views."""


class TraceRefused(PagesError):
    """The access log did not take the trace of a read."""
