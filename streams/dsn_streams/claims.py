"""Who may write a lane: whoever claimed it last, once nobody who claimed it before can write any more.

Lanes of a worker share their transactions, so the name of a transaction says nothing of a lane. A
writer's name is therefore its own, new at each opening. Who opens lanes, with a writer that is ready,

1. claims each of them in its writer's name,
2. reads all claims there are, its own among them,
3. *fences* the writers of all other claims of these lanes: what they left open is aborted, and every
   write of theirs fails from then on, however long they were frozen,
4. takes those claims back, and only then reads what the lanes wrote.

Of two who open a lane at once the later claim wins: who finds one behind its own stops. A writer that
was frozen after its claim finds, when it goes on, either such a claim or itself fenced.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from dsn_schemas.gathering import gathered
from dsn_schemas.settings import Settings
from dsn_schemas.topics import STATE_CLAIMS, named
from dsn_streams.clients import END_WAIT_MS, GATHER_S, Clients, Config
from dsn_streams.errors import LaneError, NotDurable, Overtaken

log = structlog.get_logger()

#: Longest wait for a claim to be confirmed, and for the claims to be read, s.
CONFIRM_S = 12.0
READ_S = 30.0
_RECORDS_MAX = 1_000
_CLAIMED = b"1"


class Claim(NamedTuple):
    """What a key of the claims says."""

    stage: str
    lane: int
    #: Name of the writer's transactions.
    writer: str

    @property
    def key(self) -> bytes:
        """As it is written."""
        return f"{self.stage}/{self.lane}/{self.writer}".encode()


def claim_of(key: bytes) -> Claim:
    """What a key says. Raises ``ValueError`` for one that nobody wrote."""
    stage, lane, writer = key.decode().split("/", 2)
    return Claim(stage, int(lane), writer)


def take(
    settings: Settings,
    stage: str,
    lanes: Collection[int],
    writer: str,
    clients: Clients,
    fence: Callable[[str], object],
) -> None:
    """Be the only one who can write these lanes; ``fence`` makes another writer fail from then on.

    The writer is ready to write before: whoever fences it later must be the last who gave out its
    name. Raises ``Overtaken``, ``NotDurable``, ``LaneError`` and ``KafkaException``.
    """
    place = (named(STATE_CLAIMS, settings.generation), 0)
    claims = [Claim(stage, lane, writer) for lane in lanes]
    ours = _write(settings, stage, place, claims, clients)  # 1
    found = _read(settings, stage, place, max(ours.values()), clients)  # 2
    others = {
        claim: at
        for claim, at in found.items()
        if claim.stage == stage and claim.lane in lanes and claim.writer != writer
    }
    for claim, at in others.items():
        if at > ours[Claim(stage, claim.lane, writer)]:
            raise Overtaken(f"{stage} lane {claim.lane}: another worker opened it after us")
    for name in sorted({claim.writer for claim in others}):
        fence(name)  # 3
    _write(settings, stage, place, list(others), clients, gone=True)  # 4


def _write(
    settings: Settings,
    stage: str,
    place: tuple[str, int],
    claims: Collection[Claim],
    clients: Clients,
    *,
    gone: bool = False,
) -> dict[Claim, int]:
    """Write claims, or that they are gone; the offset of each."""
    said: dict[Claim, int] = {}
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failed.append(error)
        else:
            said[claim_of(message.key() or b"")] = message.offset() or 0

    if not claims:
        return said
    # Not idempotent: a claim said twice is one claim, and the client would wait half a second first.
    producer = clients.plain_producer(_common(settings, stage) | {"acks": "all", "linger.ms": 5})
    for claim in claims:
        producer.produce(place[0], None if gone else _CLAIMED, claim.key, place[1], delivered)
    left = producer.flush(CONFIRM_S)
    if failed or len(said) != len(claims):
        why = failed[0].str() if failed else f"{left} of {len(claims)} were not confirmed"
        raise NotDurable(f"lanes could not be claimed: {why}")
    return said


def _read(
    settings: Settings, stage: str, place: tuple[str, int], last: int, clients: Clients
) -> Mapping[Claim, int]:
    """The claims that stand, each with its offset, up to the end, which is behind ``last``."""
    consumer = clients.consumer(
        _common(settings, stage)
        | {
            "group.id": "dsn-claims",  # required, and used for nothing
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": END_WAIT_MS,
        }
    )
    found: dict[Claim, int] = {}
    end = time.monotonic() + READ_S
    try:
        low, _ = consumer.get_watermark_offsets(TopicPartition(*place), timeout=READ_S)
        consumer.assign([TopicPartition(*place, low)])
        at = low
        while time.monotonic() < end:
            for message in gathered(consumer, _RECORDS_MAX, 0.5, GATHER_S):
                error = message.error()
                if error is not None:
                    if error.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(error)
                    if at > last:
                        return found
                    continue
                at = (message.offset() or 0) + 1
                try:
                    claim = claim_of(message.key() or b"")
                except ValueError:
                    # No worker wrote it, so it stands for no writer.
                    log.warning("unreadable_claim", topic=place[0], offset=at - 1)
                    continue
                if message.value() is None:
                    found.pop(claim, None)
                else:
                    found[claim] = at - 1
    finally:
        consumer.close()
    raise LaneError(f"the claims of lanes could not be read within {READ_S:g} s")


def _common(settings: Settings, stage: str) -> Config:
    return {"bootstrap.servers": settings.kafka, "client.id": f"dsn-{stage}-claims"}
