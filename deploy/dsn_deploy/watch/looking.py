"""Asks everything there is to ask, each part for itself: what does not answer is a fact too."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import structlog
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from pydantic_settings import BaseSettings, SettingsConfigDict

from dsn_consumers.alarms import asking
from dsn_consumers.alarms.facts import (
    DiskFacts,
    Facts,
    LagFacts,
    Thresholds,
)
from dsn_consumers.database import statement
from dsn_consumers.generations import consumer_of
from dsn_deploy.statefile import read
from dsn_deploy.watch.books import Books
from dsn_deploy.watch.certificates import certificates
from dsn_schemas.settings import Settings
from dsn_schemas.topics import IDENTITY_REQUESTS, group_of, named

log = structlog.get_logger()

#: Seconds a neighbour may take to answer; beyond, it is away.
ASK_S = 5.0

#: Topic and partition -> offset.
Offsets = dict[tuple[str, int], int]


class Watched(BaseSettings):
    """What a look takes in besides what is configured anyway (``DSN_WATCH_…``)."""

    model_config = SettingsConfigDict(env_prefix="DSN_WATCH_", frozen=True)

    #: Folders on further disks of this machine, Kafka's and PostgreSQL's above all.
    disks: tuple[Path, ...] = ()
    #: Further certificate files.
    certificates: tuple[Path, ...] = ()
    #: Seconds between two looks.
    every_s: float = 30.0


def look(
    settings: Settings, limits: Thresholds, watched: Watched, books: Books | None = None
) -> Facts:
    """Everything, now; with ``books`` the ledger as it was counted last."""
    facts = Facts(
        now=datetime.now(UTC),
        disks=tuple(disks(settings, watched)),
        certificates=tuple(certificates(settings, watched.certificates)),
        down=tuple(_down(settings)),
    )
    away = []
    ends = _kafka(settings)
    if ends is None:
        away.append("kafka")
    if not registry_answers(settings):
        away.append("registry")
    streams = () if ends is None else streams_lags(settings, ends)
    try:
        with psycopg.connect(settings.conninfo, connect_timeout=int(ASK_S)) as connection:
            readers = () if ends is None else _readers(connection, settings, ends)
            behind = any(lag.records >= limits.lag_records for lag in readers)
            sources = asking.ask_sources(connection, audit_behind=behind)
            lost = (books or Books()).unexplained(settings.conninfo)
    except psycopg.Error as error:
        log.warning("database_not_asked", sqlstate=error.sqlstate)
        away.append("database")
        return replace(facts, away=tuple(away), lags=tuple(streams))
    return replace(
        facts,
        away=tuple(away),
        lags=(*streams, *readers),
        sources=tuple(replace(one, unexplained=lost.get(one.source)) for one in sources),
    )


def disks(settings: Settings, watched: Watched) -> Iterable[DiskFacts]:
    """The disk of the data folder, and the ones that are named."""
    for folder in (settings.data, *watched.disks):
        try:
            disk = os.statvfs(folder)
        except OSError:
            continue
        used = 1 - disk.f_bavail / max(1, disk.f_blocks)
        yield DiskFacts(name=str(folder), used=used, free_bytes=disk.f_bavail * disk.f_frsize)


def registry_answers(settings: Settings) -> bool:
    """Does the registry list its subjects?"""
    try:
        with urllib.request.urlopen(f"{settings.registry}/subjects", timeout=ASK_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _kafka(settings: Settings) -> Offsets | None:
    """End of every partition of what is read; ``None``: Kafka does not answer."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": "dsn-watch", "log_level": 0}
    )
    try:
        topics = consumer.list_topics(timeout=ASK_S).topics
        wanted = [name for name in topics if name.startswith("dsn.")]
        found = {}
        for name in wanted:
            for partition in topics[name].partitions:
                place = TopicPartition(name, partition)
                _, high = consumer.get_watermark_offsets(place, timeout=ASK_S)
                found[name, partition] = int(high)
        return found
    except KafkaException:
        return None
    finally:
        consumer.close()


def streams_lags(settings: Settings, ends: Offsets) -> Sequence[LagFacts]:
    """What the streams have not taken, by what their group committed; identity apart."""
    group = group_of(settings.generation)
    client = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
    try:
        asked = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        answer = asked[group].result(ASK_S)
    except (KafkaException, TimeoutError):
        return ()
    taken = {
        (t.topic, t.partition): t.offset for t in answer.topic_partitions or () if t.offset >= 0
    }
    requests = named(IDENTITY_REQUESTS, settings.generation)
    identity = {place: at for place, at in taken.items() if place[0] == requests}
    others = {place: at for place, at in taken.items() if place[0] != requests}
    return (
        LagFacts(reader="streams", records=lag(ends, others)),
        LagFacts(reader="identity", records=lag(ends, identity)),
    )


def lag(ends: Mapping[tuple[str, int], int], taken: Mapping[tuple[str, int], int]) -> int:
    """Records between what was taken and the ends; the markers of transactions count as some."""
    return sum(max(0, ends.get(place, at) - at) for place, at in taken.items())


def _readers(
    connection: psycopg.Connection[tuple[object, ...]], settings: Settings, ends: Offsets
) -> Sequence[LagFacts]:
    found = []
    for reader, consumer in (("store", consumer_of(settings.generation)), ("audit", "audit")):
        rows = connection.execute(statement("offsets"), {"consumer": consumer}).fetchall()
        taken = {(str(topic), int(str(p))): int(str(at)) for topic, p, at in rows}
        found.append(LagFacts(reader=reader, records=lag(ends, taken)))
    return found


def _down(settings: Settings) -> Iterable[str]:
    """Of a stack that is looked after here, what does not run."""
    state = read(settings.data.absolute())
    if state is None or state.is_stale:
        return
    for name, entry in state.entries.items():
        alive = entry.process is not None and entry.process.is_alive()
        if not alive and name != "watch":
            yield name
