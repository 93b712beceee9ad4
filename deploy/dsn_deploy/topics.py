"""Brings the broker's topics to what `dsn_schemas.topics` declares: creates, adjusts, never drops."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

from dsn_deploy.errors import CommandError, Unreachable
from dsn_schemas.settings import Settings
from dsn_schemas.topics import Topic

#: The broker answers in milliseconds; this is for one that is just being restarted.
ANSWER_S = 30.0


def ensure(
    settings: Settings, declared: Sequence[Topic]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the topics that had to be created, and of those that had to be changed."""
    client = AdminClient({"bootstrap.servers": settings.kafka})
    try:
        partitions = _partitions(client)
        _refuse_other_partitions(declared, partitions)
        missing = [topic for topic in declared if topic.name not in partitions]
        _create(client, missing)
        known = [topic for topic in declared if topic.name in partitions]
        changed = _adjust(client, known)
    except KafkaException as error:
        raise Unreachable(f"Kafka at {settings.kafka} did not do it: {error}") from error
    return tuple(topic.name for topic in missing), changed


def _partitions(client: AdminClient) -> dict[str, int]:
    listed = client.list_topics(timeout=ANSWER_S).topics
    return {name: len(topic.partitions) for name, topic in listed.items()}


def _refuse_other_partitions(declared: Sequence[Topic], partitions: dict[str, int]) -> None:
    """More partitions would send a person's next change elsewhere than the ones before it."""
    for topic in declared:
        found = partitions.get(topic.name, topic.partitions)
        if found != topic.partitions:
            raise CommandError(
                f"{topic.name} has {found} partitions, {topic.partitions} are declared; the number "
                f"is fixed when a journal begins: set DSN_PARTITIONS={found}, or begin a new one"
            )


def _create(client: AdminClient, missing: Sequence[Topic]) -> None:
    if not missing:
        return
    wanted = [
        NewTopic(topic.name, topic.partitions, topic.replication, config=topic.config)
        for topic in missing
    ]
    for future in client.create_topics(wanted, operation_timeout=ANSWER_S).values():
        try:
            future.result()
        except KafkaException as error:
            # Another process created it a moment ago, from the same declaration.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def configs(
    client: AdminClient, names: Sequence[str], answer_s: float
) -> dict[str, dict[str, str | None]]:
    """Settings of these topics, which exist. Raises ``KafkaException``."""
    if not names:
        return {}
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    answers = client.describe_configs(asked, request_timeout=answer_s)
    return {
        resource.name: {name: entry.value for name, entry in answer.result().items()}
        for resource, answer in answers.items()
    }


def _adjust(client: AdminClient, known: Sequence[Topic]) -> tuple[str, ...]:
    """Set what differs, and only that: settings an operator added stay."""
    found = configs(client, [topic.name for topic in known], ANSWER_S)
    changes = []
    for topic in known:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in topic.config.items()
            if found[topic.name][name] != value
        ]
        if entries:
            kind = ConfigResource.Type.TOPIC
            changes.append(ConfigResource(kind, topic.name, incremental_configs=entries))
    if changes:
        for future in client.incremental_alter_configs(changes).values():
            future.result()
    return tuple(change.name for change in changes)
