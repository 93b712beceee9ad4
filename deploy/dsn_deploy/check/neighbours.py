"""What has to be asked of others: Kafka and its topics, the registry and its schemas, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dsn_consumers.database import MigrationError, applied, migrations, pending
from dsn_deploy.check.finding import Finding, good, unreachable, warning, wrong
from dsn_deploy.topics import configs
from dsn_producers import sources
from dsn_schemas.contract import NAMESPACE, SUBJECTS, composed_json
from dsn_schemas.settings import Settings
from dsn_schemas.topics import Topic, topics

#: Seconds a neighbour may take.
ASK_S = 10.0
#: `any_value` and others are of PostgreSQL 16.
POSTGRES_MIN = 160_000
ENSURE = "dsn topics ensure"


def kafka_findings(settings: Settings) -> Iterator[Finding]:
    """Brokers answer, are enough, and the topics are as they are declared."""
    client = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
    try:
        listed = client.list_topics(timeout=ASK_S)
    except KafkaException as error:
        action = "start it, or correct DSN_KAFKA"
        what = f"does not answer ({error.args[0].name()})"
        yield unreachable("kafka", what, settings.kafka, action)
        return
    brokers = len(listed.brokers)
    if brokers < settings.replication:
        what = f"{brokers} brokers for {settings.replication} copies of each partition"
        yield wrong("kafka", what, settings.kafka, "start the others, or lower DSN_REPLICATION")
    else:
        yield good("kafka", f"{brokers} brokers answer", settings.kafka)
    try:
        known = sources.load(settings.sources)
    except sources.SourcesError:
        return
    declared = topics(settings, sorted({source.establishment for source in known}))
    found = {name: len(topic.partitions) for name, topic in listed.topics.items()}
    there = [topic.name for topic in declared if topic.name in found]
    try:
        yield from topic_findings(declared, found, configs(client, there, ASK_S))
    except KafkaException as error:
        what = f"topics cannot be described ({error.args[0].name()})"
        yield unreachable("topics", what, settings.kafka, "see the broker's log and our rights")


def topic_findings(
    declared: Sequence[Topic],
    partitions: Mapping[str, int],
    settled: Mapping[str, Mapping[str, str | None]],
) -> Iterator[Finding]:
    """What of the declared topics is not as declared. Pure."""
    well = 0
    for topic in declared:
        if topic.name not in partitions:
            yield wrong("topics", "is not there", topic.name, ENSURE)
            continue
        if partitions[topic.name] != topic.partitions:
            what = f"has {partitions[topic.name]} partitions, {topic.partitions} are declared"
            action = f"set DSN_PARTITIONS={partitions[topic.name]}, or begin a new journal"
            yield wrong("topics", what, topic.name, action)
            continue
        found = settled.get(topic.name, {})
        other = sorted(name for name, value in topic.config.items() if found.get(name) != value)
        if other:
            yield warning("topics", f"other {', '.join(other)} than declared", topic.name, ENSURE)
        else:
            well += 1
    yield good("topics", f"{well} of {len(declared)} are as declared")


def registry_findings(settings: Settings) -> Iterator[Finding]:
    """It answers, and takes each of our schemas."""
    configuration = {"url": settings.registry, "timeout": ASK_S, "max.retries": 0}
    try:
        with SchemaRegistryClient(configuration) as client:
            known = set(client.get_subjects())
            yield good("registry", f"{len(known)} subjects", settings.registry)
            for name in SUBJECTS:
                yield from _schema(client, name, f"{NAMESPACE}.{name}" in known)
    except Exception as error:  # noqa: BLE001 - whatever its client raises, it does not answer
        what = f"does not answer ({type(error).__name__})"
        action = "start it, or correct DSN_REGISTRY"
        yield unreachable("registry", what, settings.registry, action)


def _schema(client: SchemaRegistryClient, name: str, known: bool) -> Iterator[Finding]:
    subject = f"{NAMESPACE}.{name}"
    if not known:
        yield warning("registry", "is not registered yet", subject, ENSURE)
        return
    try:
        fits = client.test_compatibility(subject, Schema(composed_json(name), "AVRO"))
    except SchemaRegistryError as error:
        if error.http_status_code < 500:
            yield wrong("registry", f"refused ({error.http_status_code})", subject, "see its log")
            return
        raise
    if not fits:
        action = "this version is older than the journal, or its schema is wrong: do not start it"
        yield wrong("registry", "our schema does not fit the registered ones", subject, action)


def database_findings(settings: Settings) -> Iterator[Finding]:
    """It answers, is new enough, may be written to, and its tables are of this version."""
    try:
        with psycopg.connect(
            settings.conninfo, connect_timeout=int(ASK_S), autocommit=True
        ) as connection:
            version = connection.info.server_version
            where = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
            if version < POSTGRES_MIN:
                what = f"version {version // 10_000}, {POSTGRES_MIN // 10_000} is the oldest"
                yield wrong("database", what, where, "update PostgreSQL")
            else:
                yield good("database", f"version {version // 10_000}", where)
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row is not None and row[0]:
                action = "name the primary in DSN_CONNINFO"
                yield wrong("database", "is a standby: it cannot be written to", where, action)
            yield migration_finding(_applied(connection), where)
    except psycopg.OperationalError as error:
        what = f"does not answer ({error.sqlstate or 'no connection'})"
        yield unreachable("database", what, "DSN_CONNINFO", "start it, or correct DSN_CONNINFO")


def _applied(connection: psycopg.Connection[Any]) -> dict[str, str]:
    try:
        return applied(connection)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return {}


def migration_finding(applied: Mapping[str, str], where: str) -> Finding:
    """Whether the tables are those of this version. Pure."""
    try:
        missing = pending(migrations(), dict(applied))
    except MigrationError as error:
        action = "start the version that made it, or restore the database of before it"
        return wrong("database", str(error), where, action)
    if missing:
        what = f"{len(missing)} migrations are not applied yet, the first is {missing[0].name}"
        return warning("database", what, where, ENSURE)
    return good("database", f"{len(applied)} migrations applied", where)
