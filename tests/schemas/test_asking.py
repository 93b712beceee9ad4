"""Asking brokers about topics while some of them are gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from dsn_schemas.asking import ATTEMPT_S, described


class Brokers:
    """An admin client that answers as told, and notes what it is asked."""

    def __init__(self, *answers: object) -> None:
        self._answers: Iterator[object] = iter(answers)
        self.asked: list[tuple[str, float]] = []

    def list_topics(self, timeout: float) -> None:
        self.asked.append(("metadata", timeout))

    def describe_topics(self, names: Any, request_timeout: float) -> dict[str, Future[Any]]:
        self.asked.append(("topics", request_timeout))
        answer = next(self._answers)
        found: dict[str, Future[Any]] = {name: Future() for name in ("here", "gone")}
        for name, future in found.items():
            if isinstance(answer, int):
                future.set_exception(KafkaException(KafkaError(answer)))
            elif name == "gone":
                unknown = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
                future.set_exception(KafkaException(unknown))
            else:
                future.set_result(answer)
        return found


def asked(brokers: Brokers, timeout_s: float = 30.0) -> dict[str, Any]:
    return described(brokers, ["here", "gone"], timeout_s)  # type: ignore[arg-type]  # a stand-in


def test_topics_that_do_not_exist_are_left_out() -> None:
    topic = SimpleNamespace(topic_id="1")
    assert asked(Brokers(topic)) == {"here": topic}


@pytest.mark.parametrize("error", [KafkaError._TIMED_OUT, KafkaError._TRANSPORT])
def test_a_dead_broker_is_soon_given_up_for_the_one_that_metadata_names_then(error: int) -> None:
    """The client would look for it until the whole time is up."""
    topic = SimpleNamespace(topic_id="1")
    brokers = Brokers(error, error, topic)

    assert asked(brokers) == {"here": topic}
    assert brokers.asked == [
        (what, ATTEMPT_S * 2**attempt) for attempt in range(3) for what in ("metadata", "topics")
    ]


def test_nobody_answers_within_the_time() -> None:
    with pytest.raises(KafkaException, match="_TIMED_OUT"):
        asked(Brokers(*[KafkaError._TIMED_OUT] * 20), timeout_s=0.3)


def test_what_no_other_broker_would_say_differently_is_raised_at_once() -> None:
    brokers = Brokers(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        asked(brokers)
    assert len(brokers.asked) == 2
