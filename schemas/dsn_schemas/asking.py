"""Asking brokers while some of them may be gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

#: How long the first attempt may take, s; each further one twice as long, up to the second figure.
ATTEMPT_S = 1.0
ATTEMPT_S_MAX = 4.0
_PAUSE_S = 0.1
#: Errors after which another attempt may find another broker.
_AWAY = frozenset((KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError.REQUEST_TIMED_OUT))

Told = TypeVar("Told")


def patiently(admin: AdminClient, attempt: Callable[[float], Told], timeout_s: float) -> Told:
    """What an attempt tells, which is given its time in s.

    The client asks the broker that it takes for the controller, or for the leader. When that one has
    died it never asks another by itself, and spends a core on reconnecting until the time is up
    (librdkafka 2.16). So attempts are short, and each begins with fresh metadata.

    Raises ``KafkaException`` when the brokers could not be asked within ``timeout_s``.
    """
    end, attempt_s = time.monotonic() + timeout_s, ATTEMPT_S
    while True:
        given_s = min(attempt_s, max(end - time.monotonic(), 0.05))
        try:
            admin.list_topics(timeout=given_s)
            return attempt(given_s)
        except KafkaException as error:
            if error.args[0].code() not in _AWAY or time.monotonic() + _PAUSE_S >= end:
                raise
        time.sleep(_PAUSE_S)
        attempt_s = min(attempt_s * 2, ATTEMPT_S_MAX)


def answer(future: Future[Told], timeout_s: float) -> Told:
    """What a client promised within that time. Raises ``KafkaException``, also when it is late."""
    try:
        # The client itself ends the wait; this only bounds it if it should not.
        return future.result(timeout_s + 1)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None


def described(admin: AdminClient, names: Collection[str], timeout_s: float) -> dict[str, Any]:
    """The description of each of these topics that exists, by its name; see ``patiently``.

    Its id tells a topic that was made anew from the one before.
    """

    def attempt(given_s: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=given_s)
        for name, future in asked.items():
            try:
                found[name] = answer(future, given_s)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return found

    return patiently(admin, attempt, timeout_s) if names else {}
