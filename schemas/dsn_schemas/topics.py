"""Every topic, in one place: its name, its key, its partitions, how long it is kept, who writes it.

All keyed topics have the same number of partitions and the same partitioner, so that one worker
owns a lane (the same partition number of all of them) and has one writer for each record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dsn_schemas.decisions import STEWARD
from dsn_schemas.settings import Settings

CHANGES_PREFIX = "dsn.changes."
RECEIPTS_PREFIX = "dsn.receipts."
IDENTITY_REQUESTS = "dsn.identity.requests"
IDENTITY_LINKS = "dsn.identity.links"
IDENTITY_REVIEWS = "dsn.identity.reviews"
REPLAYS = "dsn.replays"
CONTRIBUTIONS = "dsn.contributions"
VIEW = "dsn.view"
QUARANTINE = "dsn.quarantine"
ACCESS = "dsn.access"
STATE_RECORDS = "dsn.state.records"
STATE_IDENTIFY = "dsn.state.identify"
STATE_CLAIMS = "dsn.state.claims"

_WEEK_MS = 7 * 24 * 3600 * 1000
_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACTED = {"cleanup.policy": "compact", "min.compaction.lag.ms": "60000"}
#: How long a removal stays readable in a compacted topic. A state on disk that is older than half
#: of it is not caught up but restored whole: it might miss a removal.
REMOVAL_KEPT_S = 48 * 3600
_STATE = {
    **_COMPACTED,
    "delete.retention.ms": str(REMOVAL_KEPT_S * 1000),
    # Small segments, because the active one is never compacted and a restore reads all of it.
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.3",
}
#: Whoever speaks or hears begins by reading all of it, and the active segment is never compacted: a
#: source says something new each second, so a megabyte is hours and not weeks.
_RECEIPTS = {**_COMPACTED, "segment.bytes": str(1 << 20), "min.cleanable.dirty.ratio": "0.3"}
#: Establishment messages may hold documents; the same limit stands in broker and clients.
MESSAGE_BYTES_MAX = 20 * 1024 * 1024
#: The broker answers a reader of committed records when this much is there, or after this time: an
#: answer for every transaction anybody commits would cost both more than what is in it.
FETCH_BYTES_MIN = 128 << 10
FETCH_WAIT_MS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it must exist before any worker starts."""

    #: Full name.
    name: str
    #: What the key is, in words.
    key: str
    #: Who may write, in words; the ACLs are made from it.
    writers: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)


def named(topic: str, generation: int) -> str:
    """The topic of this name in a generation: what is made from the journal is made anew in each.

    The first generation, 0, has the plain names. The journal, its receipts and the log of reads
    are one for all of them.
    """
    shared = topic.startswith((CHANGES_PREFIX, RECEIPTS_PREFIX)) or topic == ACCESS
    return topic if shared or generation == 0 else f"dsn.g{generation}.{topic[len('dsn.') :]}"


def meant(topic: str, generation: int) -> str:
    """The plain name of a generation's topic, by which the stages know it."""
    prefix = f"dsn.g{generation}."
    return f"dsn.{topic[len(prefix) :]}" if topic.startswith(prefix) else topic


def group_of(generation: int) -> str:
    """The consumer group of a generation's stream workers."""
    return f"dsn-streams-g{generation}" if generation else "dsn-streams"


def changes_topic(establishment: str) -> str:
    """The topic that one establishment, and nobody else, writes its changes to."""
    return CHANGES_PREFIX + establishment


def receipts_topic(establishment: str) -> str:
    """The topic on which an establishment hears what of it is in the store."""
    return RECEIPTS_PREFIX + establishment


def topics(settings: Settings, establishments: Sequence[str]) -> list[Topic]:
    """All topics for these establishments, in the way of a record, of the settings' generation."""
    lanes = settings.partitions

    def topic(
        name: str, key: str, writers: str, config: dict[str, str], partitions: int = lanes
    ) -> Topic:
        sized = {**config, "max.message.bytes": str(MESSAGE_BYTES_MAX)}
        if settings.replication >= 3:
            sized["min.insync.replicas"] = "2"
        return Topic(
            name=named(name, settings.generation),
            key=key,
            writers=writers,
            partitions=partitions,
            replication=settings.replication,
            config=sized,
        )

    weeks = {"cleanup.policy": "delete", "retention.ms": str(4 * _WEEK_MS)}
    return [
        *(
            topic(changes_topic(name), "record", f"establishment {name}", _FOR_EVER)
            for name in establishments
        ),
        topic(changes_topic(STEWARD), "record", "stewards", _FOR_EVER),
        topic(IDENTITY_REQUESTS, "record", "admit", _FOR_EVER, 1),
        topic(IDENTITY_LINKS, "record", "identify", _COMPACTED),
        topic(IDENTITY_REVIEWS, "pair", "identify", _COMPACTED),
        topic(REPLAYS, "record", "operators (dsn replay)", weeks),
        topic(CONTRIBUTIONS, "person", "admit, unify", weeks),
        topic(VIEW, "person + section + entry", "unify", _COMPACTED),
        topic(QUARANTINE, "source", "any stage", _FOR_EVER),
        # Compacted: an outbox restored after months must still hear which numbers it gave.
        *(
            topic(receipts_topic(name), "source + epoch", "receipts", _RECEIPTS, 1)
            for name in establishments
        ),
        topic(ACCESS, "person", "every reader", _FOR_EVER),
        topic(STATE_RECORDS, "state key", "admit, unify", _STATE),
        topic(STATE_IDENTIFY, "state key", "identify", _STATE, 1),
        topic(STATE_CLAIMS, "lane + writer", "streams", _STATE, 1),
    ]
