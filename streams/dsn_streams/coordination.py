"""What a group member does while the brokers cannot say who coordinates its group.

Facts of aiokafka 0.14 that this file rests on:

* A broker that has just come up answers that there are no brokers. The client keeps what it knew,
  which at a start is nothing, and its search for the coordinator then fails an assertion instead of
  asking again.
* Whatever ends the task that coordinates is logged and seen by nobody: the member fetches nothing
  for ever and looks alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka.errors import GroupCoordinatorNotAvailableError

log = structlog.get_logger()


def ask_again(consumer: Any) -> None:
    """Search for the coordinator again while no broker is known, as for one that is not there yet."""
    client = consumer._client
    lookup = client.coordinator_lookup

    async def coordinator_lookup(kind: Any, key: str) -> Any:
        if client.get_random_node() is None:
            raise GroupCoordinatorNotAvailableError
        return await lookup(kind, key)

    client.coordinator_lookup = coordinator_lookup


def watch(consumer: Any, lost: Callable[[], None]) -> None:
    """Call ``lost`` when the task that coordinates the started consumer ends with an error."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("group_lost", error=type(error.__cause__ or error).__name__)
            lost()

    consumer._coordinator._coordination_task.add_done_callback(ended)
