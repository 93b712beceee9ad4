"""What an edge tells Prometheus: read from its outboxes when it is asked, so that nothing is counted
on the way of a message."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dsn_producers.errors import EdgeError
from dsn_producers.limits import Limits
from dsn_producers.sources import SourcesError
from dsn_producers.status import SourceStatus, status
from dsn_schemas.settings import Settings

#: Name of each gauge, what it says, and the field of ``SourceStatus`` it is.
GAUGES = (
    ("dsn_outbox_queued_changes", "Changes on disk that the journal did not confirm.", "queued"),
    ("dsn_outbox_unconfirmed_changes", "Changes that no receipt covers.", "unconfirmed"),
    ("dsn_outbox_queued_seconds", "Age of the oldest queued change.", "oldest_queued_s"),
    (
        "dsn_outbox_unconfirmed_seconds",
        "Age of the oldest change no receipt covers.",
        "oldest_unconfirmed_s",
    ),
    ("dsn_outbox_bytes", "Bytes of the outbox in use.", "outbox_bytes"),
    ("dsn_outbox_bytes_max", "Bytes at which it refuses messages.", "outbox_bytes_max"),
    ("dsn_outbox_disk_free_bytes", "Bytes free on its disk.", "disk_free_bytes"),
    ("dsn_outbox_disk_free_bytes_min", "Bytes free at which it refuses.", "disk_free_bytes_min"),
)
#: Since the epoch of the outbox began.
COUNTERS = (
    ("dsn_edge_messages", "Messages acknowledged or kept, repeated ones included.", "messages"),
    ("dsn_edge_changes", "Changes they made.", "received"),
    ("dsn_edge_duplicate_changes", "Changes that said nothing new.", "duplicate"),
    ("dsn_edge_rejected_messages", "Messages kept unmapped.", "rejected"),
)


class OutboxCollector(Collector):
    """The outboxes of every configured source."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits

    def describe(self) -> Iterable[Metric]:
        """Its metrics without values: registering it opens no outbox."""
        return _families([])

    def collect(self) -> Iterable[Metric]:
        """Read now; an outbox that cannot be read tells nothing."""
        try:
            return _families(status(self._settings, self._limits))
        except (EdgeError, SourcesError):
            return _families([])


def _families(rows: Iterable[SourceStatus]) -> list[Metric]:
    known = [row for row in rows if row.epoch]
    found: list[Metric] = []
    for kind, measures in ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS)):
        for name, what, field in measures:
            family = kind(name, what, labels=["source"])
            for row in known:
                family.add_metric([row.source], float(getattr(row, field)))
            found.append(family)
    return found
