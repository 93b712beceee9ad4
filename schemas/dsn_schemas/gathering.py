"""Reading what came as soon as anything has.

The client waits until there are as many records as it is asked for, or until the time is up: also
where nothing follows but the ends of transactions.
"""

from __future__ import annotations

from typing import Any, Protocol


class Consumes(Protocol):
    """The part of ``confluent_kafka.Consumer`` that is needed."""

    def consume(self, num_messages: int, timeout: float) -> list[Any]: ...


def gathered(consumer: Consumes, records_max: int, wait_s: float, gather_s: float) -> list[Any]:
    """What comes in ``gather_s`` from the first record on, at most ``records_max``; nothing when there
    is none within ``wait_s``. An error that comes first comes alone."""
    first = consumer.consume(1, wait_s)
    if not first or first[0].error() is not None:
        return first
    return first + consumer.consume(records_max - 1, gather_s)
