"""Is an input still the one our positions are of, and where to read on? Pure.

An offset says nothing about a topic that was deleted and made again, or whose end went with the disks
of its brokers; and a retention shorter than an outage deletes what nobody has read. What then becomes
of a lane depends on who wrote the input:

* **Sent again**: the changes of establishments. Whoever wrote them has them and sends them again under
  the same numbers (an outbox notices by itself, or is asked to once numbers show to be missing). The
  lane reads the input from its oldest record: what it knows it drops by number, so nothing is doubled,
  and nothing new can lie behind it unread. Also stewards' decisions and what operators replay, which
  people say again: a rebuild knows no more of them than the topic, so stopping would bring back none,
  and decisions that are missing are a gap.
* **Said once**: what stages write to each other. What the lane had not read is gone, and nobody says
  it again: it stops until a person has everything made anew from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsn_schemas.topics import CHANGES_PREFIX, REPLAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """What the brokers have of one partition."""

    #: Given at creation; a topic made anew has another one. ``None`` when they did not say.
    topic_id: str | None
    #: Oldest offset there is, and the next one to be written.
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ReadOn:
    """It is the same input."""

    at: int


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """It is another one, or lacks what would be read next; what there is can be read without harm."""

    at: int
    why: str


@dataclass(frozen=True, slots=True)
class Missing:
    """It does not have what would be read next, and nobody will write that again."""

    why: str


def is_sent_again(topic: str) -> bool:
    """Whether what a topic lost is sent again; ``topic`` without its generation."""
    return topic.startswith(CHANGES_PREFIX) or topic == REPLAYS


def resume(
    topic: str, position: int, known: str | None, there: There
) -> ReadOn | ReadAgain | Missing:
    """Where to read an input on that was read up to ``position`` while its id was ``known``.

    ``known`` is ``None`` for an input of which no id was kept: it is learned now.
    """
    if known is not None and there.topic_id is not None and known != there.topic_id:
        why = f"it was made anew (id {there.topic_id}; the state was made of {known})"
    elif position > there.high:
        why = f"it ends at {there.high} and the state at {position}: its end is gone"
    elif position < there.low:
        why = f"it begins at {there.low}, the state ends at {position}"
    else:
        return ReadOn(position)
    return ReadAgain(there.low, why) if is_sent_again(topic) else Missing(why)


def made_anew(known: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Topics that are not the ones known; what is away for the moment is not among them."""
    return sorted(name for name, one in known.items() if found.get(name, one) != one)
