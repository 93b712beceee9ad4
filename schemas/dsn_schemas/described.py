"""What the brokers say of topics: their ids, by which one made anew is told from the one before."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

#: How long the first attempt may take, s; each further one twice as long, up to the second figure.
ATTEMPT_S = 1.0
ATTEMPT_S_MAX = 4.0
_PAUSE_S = 0.1
#: Errors after which another attempt may find another broker.
_AWAY = frozenset((KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError.REQUEST_TIMED_OUT))


def described(admin: AdminClient, names: Collection[str], timeout_s: float) -> dict[str, Any]:
    """The description of each of these topics that exists, by its name.

    The client asks the broker that it takes for the controller. When that one has died it never asks
    for another by itself, and spends a core on reconnecting until the time is up (librdkafka 2.16). So
    attempts are short, and each begins with fresh metadata.

    Raises ``KafkaException`` when the brokers could not be asked within ``timeout_s``.
    """
    if not names:
        return {}
    end, attempt_s = time.monotonic() + timeout_s, ATTEMPT_S
    while True:
        left = max(end - time.monotonic(), 0.05)
        try:
            return _asked(admin, names, min(attempt_s, left))
        except KafkaException as error:
            if error.args[0].code() not in _AWAY or time.monotonic() + _PAUSE_S >= end:
                raise
        time.sleep(_PAUSE_S)
        attempt_s = min(attempt_s * 2, ATTEMPT_S_MAX)


def _asked(admin: AdminClient, names: Collection[str], timeout_s: float) -> dict[str, Any]:
    """One attempt, of at most twice that time."""
    admin.list_topics(timeout=timeout_s)
    found: dict[str, Any] = {}
    asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=timeout_s)
    for name, answer in asked.items():
        try:
            # The client itself ends the wait; this only bounds it if it should not.
            found[name] = answer.result(timeout_s + 1)
        except TimeoutError:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    return found
