"""Who may write a lane, against a real Kafka: the last who claimed it, and nobody who had it before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from dsn_schemas.settings import Settings
from dsn_schemas.topics import STATE_CLAIMS
from dsn_streams import claims
from dsn_streams.claims import Claim, claim_of
from dsn_streams.clients import Clients
from dsn_streams.errors import Overtaken
from support.alone import make_claims
from support.reading import committed

_stages = itertools.count()


class Opening:
    """A writer that opens lanes, and whom it fenced."""

    def __init__(self, settings: Settings, stage: str, writer: str, clients: Clients) -> None:
        self.settings, self.stage, self.writer, self.clients = settings, stage, writer, clients
        self.fenced: list[str] = []

    def take(self, *lanes: int) -> list[str]:
        claims.take(self.settings, self.stage, lanes, self.writer, self.clients, self.fenced.append)
        return self.fenced


@pytest.fixture
def stage() -> Iterator[str]:
    return f"stage{next(_stages)}"


@pytest.fixture
def settings(stack) -> Settings:
    make_claims(stack.settings)
    return stack.settings


def standing(settings: Settings, stage: str) -> set[tuple[int, str]]:
    """The claims of a stage that nobody has taken back."""
    found: set[tuple[int, str]] = set()
    for key, value in committed(settings.kafka, STATE_CLAIMS):
        if key.startswith(f"{stage}/".encode()):
            claim = claim_of(key)
            change = found.add if value is not None else found.discard
            change((claim.lane, claim.writer))
    return found


def test_a_key_says_who_claims_what() -> None:
    """The writer's name comes last, whatever is in it."""
    claim = Claim("records", 3, "dsn.records.a/b")

    assert claim_of(claim.key) == claim


def test_each_opening_fences_those_before_it_and_takes_their_claims_back(settings, stage):
    """Also of lanes that moved to several workers; other lanes of an earlier writer keep its claim."""
    clients = Clients()
    assert Opening(settings, stage, "one", clients).take(0, 1, 2) == []
    assert Opening(settings, stage, "two", clients).take(0) == ["one"]
    assert Opening(settings, stage, "three", clients).take(1) == ["one"]
    assert standing(settings, stage) == {(0, "two"), (1, "three"), (2, "one")}

    assert Opening(settings, stage, "four", clients).take(0, 1, 2) == ["one", "three", "two"]
    assert standing(settings, stage) == {(0, "four"), (1, "four"), (2, "four")}


def test_lanes_of_another_stage_are_others(settings, stage):
    """The same number in another stage is another lane."""
    Opening(settings, stage, "one", Clients()).take(0)

    assert Opening(settings, f"{stage}-other", "two", Clients()).take(0) == []


def test_who_finds_a_later_claim_stops_and_fences_nobody(settings, stage):
    """Frozen between its claim and reading them all, it was the earlier of two."""

    class Freezing(Clients):
        def consumer(self, config):
            Opening(settings, stage, "later", Clients()).take(0)
            return super().consumer(config)

    earlier = Opening(settings, stage, "earlier", Freezing())

    with pytest.raises(Overtaken, match="opened it after us"):
        earlier.take(0)

    assert earlier.fenced == []
    assert standing(settings, stage) == {(0, "later")}


def test_what_no_worker_wrote_stands_for_nobody(settings, stage):
    """A record that somebody put there by hand stops no worker."""
    producer = Producer({"bootstrap.servers": settings.kafka})
    for key in (b"", b"one/two", b"stage/lane/writer", b"\xff/0/x"):
        producer.produce(STATE_CLAIMS, b"1", key, 0)
    assert producer.flush(30) == 0
    Opening(settings, stage, "one", Clients()).take(0)

    assert Opening(settings, stage, "two", Clients()).take(0) == ["one"]
