"""What the brokers say of topics: their ids, by which one made anew is told from the one before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient


def described(admin: AdminClient, names: Collection[str], timeout_s: float) -> dict[str, Any]:
    """The description of each of these topics that exists, by its name.

    Raises ``KafkaException`` when the brokers cannot be asked, ``TimeoutError``.
    """
    if not names:
        return {}
    found: dict[str, Any] = {}
    asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=timeout_s)
    for name, answer in asked.items():
        try:
            found[name] = answer.result(timeout_s)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    return found
