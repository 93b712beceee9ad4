"""What the watch tells Prometheus: the facts of its last look, and the alarms it made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dsn_consumers.alarms.facts import Facts, SourceFacts
from dsn_consumers.alarms.kinds import KINDS
from dsn_consumers.alarms.rules import Alarm, Level

#: Gauges of a source: name, what it says, how it is read from the facts; None is left out.
_SOURCE = (
    ("dsn_source_last_change_timestamp_seconds", "Edge clock of the newest change."),
    ("dsn_source_heard_timestamp_seconds", "When its edge was last heard."),
    ("dsn_source_skew_seconds", "Edge clock minus the centre's."),
    ("dsn_source_unconfirmed_changes", "Changes no receipt covers, as its edge told."),
    ("dsn_source_unconfirmed_seconds", "Age of the oldest of them."),
    ("dsn_source_gaps", "Open holes in its numbers."),
    ("dsn_source_unexplained_changes", "Changes nobody can account for."),
    ("dsn_quarantine_open", "Open in quarantine."),
    ("dsn_quarantine_seconds", "Age of the oldest that is open."),
)
_OTHERS = (
    ("dsn_alarms", "Alarms that are raised.", ("kind", "level")),
    ("dsn_lag_records", "Records a reader has not taken.", ("reader",)),
    ("dsn_disk_used_ratio", "Part of a disk in use.", ("disk",)),
    ("dsn_certificate_expires_timestamp_seconds", "End of a certificate.", ("file",)),
    ("dsn_neighbour_away", "1 while it does not answer.", ("neighbour",)),
    ("dsn_looked_timestamp_seconds", "When the watch looked last.", ()),
)
NEIGHBOURS = ("kafka", "registry", "database")


@dataclass(slots=True, eq=False)
class Looked(Collector):
    """The last look."""

    facts: Facts | None = None
    alarms: Iterable[Alarm] = ()

    def describe(self) -> Iterable[Metric]:
        """Names without values."""
        for name, what in _SOURCE:
            yield GaugeMetricFamily(name, what, labels=["source"])
        for name, what, labels in _OTHERS:
            yield GaugeMetricFamily(name, what, labels=list(labels))

    def collect(self) -> Iterable[Metric]:
        """Values of the last look; before the first, none."""
        families = {metric.name: metric for metric in self.describe()}
        for name, labels, value in [] if self.facts is None else _values(self.facts, self.alarms):
            family = families[name]
            assert isinstance(family, GaugeMetricFamily)
            family.add_metric(list(labels), value)
        return families.values()


def _values(facts: Facts, alarms: Iterable[Alarm]) -> Iterator[tuple[str, tuple[str, ...], float]]:
    raised = [(alarm.kind.name, alarm.level.value) for alarm in alarms]
    for kind in KINDS:
        for level in Level:
            key = (kind.name, level.value)
            yield "dsn_alarms", key, float(raised.count(key))
    for lag in facts.lags:
        yield "dsn_lag_records", (lag.reader,), float(lag.records)
    for disk in facts.disks:
        yield "dsn_disk_used_ratio", (disk.name,), disk.used
    for one in facts.certificates:
        at = one.expires_at.timestamp()
        yield "dsn_certificate_expires_timestamp_seconds", (one.name,), at
    for name in NEIGHBOURS:
        yield "dsn_neighbour_away", (name,), float(name in facts.away)
    yield "dsn_looked_timestamp_seconds", (), facts.now.timestamp()
    for source in facts.sources:
        measured = _source(source, facts.now)
        for (name, _), value in zip(_SOURCE, measured, strict=True):
            if value is not None:
                yield name, (source.source,), float(value)


def _source(one: SourceFacts, now: datetime) -> tuple[float | None, ...]:
    return (
        _instant(one.last_change_at),
        _instant(one.heard_at),
        one.skew_s,
        one.unconfirmed,
        _age_s(one.unconfirmed_since, now),
        one.gaps,
        one.unexplained,
        one.quarantined,
        _age_s(one.quarantined_since, now),
    )


def _instant(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _age_s(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()
