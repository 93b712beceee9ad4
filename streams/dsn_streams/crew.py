"""The lanes of one stage that a worker has, and the one transaction of their turns.

Measured alone, a transaction costs a broker 3 ms of CPU and 1.3 for each partition in it, whatever the
records are, and there is a batch of each partition in it anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dsn_schemas.settings import Settings
from dsn_schemas.topics import named
from dsn_schemas.wire import UnknownSchema
from dsn_streams import claims
from dsn_streams.clients import Clients
from dsn_streams.errors import LaneError
from dsn_streams.lane import Lane, Link, Turn
from dsn_streams.writer import Record, Writer, fenced

Topic = tuple[str, int]
#: Calls a function with each, maybe in threads, and returns when all have returned.
Each = Callable[[Callable[[Lane], None], Iterable[Lane]], Iterable[None]]


class Taken(NamedTuple):
    """What became of a turn."""

    #: By lane: next offset of every input, durable now.
    done: Mapping[int, Mapping[Topic, int]]
    #: By lane: the schema it waits for. Nothing of its share is durable.
    awaited: Mapping[int, UnknownSchema]


class Crew:
    """Used by one thread at a time."""

    def __init__(
        self,
        settings: Settings,
        stage: str,
        lanes: Iterable[Lane],
        clients: Clients | None = None,
    ) -> None:
        self.stage = stage
        self.lanes = {lane.number: lane for lane in lanes}
        self._settings = settings
        self._clients = clients or Clients()
        self._writer: Writer | None = None

    def open(self, inputs: Mapping[int, Iterable[Topic]], each: Each = map) -> None:
        """Be the only writer of the lanes, and open them with their inputs.

        Raises ``LaneError``, ``KafkaException``.
        """
        name = f"{named('dsn.' + self.stage, self._settings.generation)}.{self._clients.unique()}"
        writer = Writer(self._settings, self.stage, name, self._clients)
        claims.take(
            self._settings,
            self.stage,
            self.lanes.keys(),
            name,
            self._clients,
            lambda other: fenced(self._settings, self.stage, other, self._clients),
        )
        list(each(lambda lane: lane.open(inputs[lane.number]), self.lanes.values()))
        self._writer = writer

    def take(self, links: Mapping[int, Sequence[Link]]) -> Taken:
        """Take batches in, by lane and in order; what is durable when it returns.

        Raises ``LaneError``, and whatever a stage raises; nothing is durable then.
        """
        if self._writer is None:
            raise LaneError(f"the lanes of {self.stage} are not open")
        turns: dict[int, Turn] = {}
        awaited: dict[int, UnknownSchema] = {}
        for number, share in links.items():
            try:
                turns[number] = self.lanes[number].decide(share)
            except UnknownSchema as error:
                awaited[number] = error
        deciding = {number: turn for number, turn in turns.items() if turn.records}
        if deciding:
            marks = [self.lanes[number].mark(turn) for number, turn in deciding.items()]
            kept = self._writer.commit(self._written(deciding), marks)
            for (number, turn), marked_at in zip(deciding.items(), kept, strict=True):
                self.lanes[number].keep(turn, marked_at)
        return Taken({number: turn.positions for number, turn in turns.items()}, awaited)

    def close(self) -> None:
        """Release disks and producer; safe to call twice."""
        for lane in self.lanes.values():
            lane.close()
        self._writer = None

    def _written(self, turns: Mapping[int, Turn]) -> Iterable[Record]:
        for number, turn in turns.items():
            yield from self.lanes[number].written(turn)
