"""What a member does while nobody can say who coordinates its group."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from dsn_streams import coordination


class Client:
    """A client that knows these brokers."""

    def __init__(self, *nodes: int) -> None:
        self.nodes = nodes

    def get_random_node(self) -> int | None:
        return self.nodes[0] if self.nodes else None

    async def coordinator_lookup(self, kind: object, key: str) -> int:
        node = self.get_random_node()
        assert node is not None
        return node


def test_the_coordinator_is_asked_for_again_while_no_broker_is_known():
    """The error is one that the search is repeated for."""
    client = Client()
    coordination.ask_again(SimpleNamespace(_client=client))

    with pytest.raises(GroupCoordinatorNotAvailableError) as raised:
        asyncio.run(client.coordinator_lookup(0, "g"))
    assert raised.value.retriable

    client.nodes = (7,)
    assert 7 == asyncio.run(client.coordinator_lookup(0, "g"))


@pytest.mark.parametrize(("end", "told"), [("fails", 1), ("returns", 0), ("is cancelled", 0)])
def test_a_lost_group_is_told(end, told):
    """An error of the task that coordinates; not its end at a stop."""

    async def coordinating() -> None:
        if end == "fails":
            raise KafkaError("lost")
        if end == "is cancelled":
            await asyncio.sleep(60)

    async def run() -> int:
        lost: list[None] = []
        task = asyncio.create_task(coordinating())
        consumer = SimpleNamespace(_coordinator=SimpleNamespace(_coordination_task=task))
        coordination.watch(consumer, lambda: lost.append(None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        return len(lost)

    assert told == asyncio.run(run())
