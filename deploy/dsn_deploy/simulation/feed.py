"""What an edge hears of the centre: the receipts topic over the simulated broker."""

from __future__ import annotations

from dsn_deploy.simulation.broker import Broker
from dsn_deploy.simulation.kernel import Actor
from dsn_deploy.simulation.network import KAFKA, Network
from dsn_deploy.simulation.outside import CODEC
from dsn_producers.receipts import Word, latest
from dsn_producers.receiving import NotHeard
from dsn_schemas.records import Receipt, ResendRequest
from dsn_schemas.topics import receipts_topic


class SimulatedFeed:
    """See ``dsn_producers.receiving.Feed``."""

    def __init__(
        self, process: Actor, broker: Broker, network: Network, source: str, establishment: str
    ) -> None:
        self._process = process
        self._broker = broker
        self._network = network
        self._source = source
        self._place = (receipts_topic(establishment), 0)
        self._at = 0

    def catch_up(self, deadline_s: float) -> list[Word]:
        """See ``Feed``."""
        self._process.point("forwarder.1 before")
        if not self._network.hears(self._process.name, KAFKA):
            raise NotHeard("the brokers do not answer")
        self._at = self._broker.logs[self._place].low
        return self.poll()

    def poll(self) -> list[Word]:
        """See ``Feed``."""
        if not self._network.hears(self._process.name, KAFKA):
            return []
        words: list[Word] = []
        for record in self._broker.read(self._place, self._at, 10_000):
            self._at = record.offset + 1
            word = CODEC.decode(record.value or b"")
            if isinstance(word, Receipt | ResendRequest):
                words.append(word)
        return latest(words, self._source)

    def topic_id(self) -> str | None:
        """See ``Feed``."""
        self._process.point("forwarder.2 before")
        return "the same topic" if self._network.hears(self._process.name, KAFKA) else None

    def close(self) -> None:
        """See ``Feed``."""
