"""A lane that is the only one of its stage in its worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from dsn_schemas.settings import Settings
from dsn_schemas.topics import STATE_CLAIMS, named
from dsn_streams.crew import Crew
from dsn_streams.lane import Lane, Link


class Alone:
    """Opens, works and closes as its worker would have it."""

    def __init__(self, settings: Settings, lane: Lane) -> None:
        make_claims(settings)
        self.lane = lane
        self._crew = Crew(settings, lane.name, [lane])

    def open(self, inputs: Iterable[tuple[str, int]]) -> None:
        self._crew.open({self.lane.number: inputs})

    def process(self, links: Sequence[Link]) -> Mapping[tuple[str, int], int]:
        taken = self._crew.take({self.lane.number: links})
        for error in taken.awaited.values():
            raise error
        return taken.done[self.lane.number]

    def close(self) -> None:
        self._crew.close()


def make_claims(settings: Settings) -> None:
    """The topic of claims, unless it is there."""
    name = named(STATE_CLAIMS, settings.generation)
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    try:
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
