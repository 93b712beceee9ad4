"""An offset is of a topic with an id: what a lane makes of one that was made anew."""

from __future__ import annotations

import pytest

from dsn_schemas.topics import (
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    REPLAYS,
    changes_topic,
)
from dsn_streams.inputs import Missing, ReadAgain, ReadOn, There, made_anew, resume

SENT_AGAIN = (changes_topic("chum"), changes_topic("steward"), REPLAYS)
SAID_ONCE = (CONTRIBUTIONS, IDENTITY_LINKS, IDENTITY_REQUESTS)


def there(topic_id: str | None = "A", low: int = 0, high: int = 10) -> There:
    return There(topic_id=topic_id, low=low, high=high)


@pytest.mark.parametrize("topic", SENT_AGAIN + SAID_ONCE)
def test_the_same_topic_is_read_on(topic):
    """Also at its very end, and where no id was kept, or none was told."""
    assert ReadOn(7) == resume(topic, 7, "A", there())
    assert ReadOn(10) == resume(topic, 10, "A", there())
    assert ReadOn(7) == resume(topic, 7, None, there("B"))
    assert ReadOn(7) == resume(topic, 7, "A", there(None))


@pytest.mark.parametrize("topic", SENT_AGAIN)
def test_what_is_sent_again_is_read_again(topic):
    """However far the new topic has grown, and where the end of the old one is gone."""
    assert isinstance(resume(topic, 7, "A", there("B")), ReadAgain)
    assert ReadAgain(2, "it ends at 3 and the state at 7: its end is gone") == resume(
        topic, 7, "A", there(low=2, high=3)
    )
    again = resume(topic, 7, "A", there("B", low=1, high=900))
    assert isinstance(again, ReadAgain)
    assert (1, True) == (again.at, "made anew (id B; the state was made of A)" in again.why)


@pytest.mark.parametrize("topic", SAID_ONCE)
def test_what_is_said_once_stops_the_lane(topic):
    """Reading on or again would leave out what nobody had read."""
    assert isinstance(resume(topic, 7, "A", there("B", high=900)), Missing)
    assert isinstance(resume(topic, 7, "A", there(high=6)), Missing)


DELETED = "it begins at 8, the state ends at 7"


@pytest.mark.parametrize("topic", SAID_ONCE)
def test_what_was_said_once_and_deleted_before_it_was_read_stops_the_lane(topic):
    assert Missing(DELETED) == resume(topic, 7, "A", there(low=8))


@pytest.mark.parametrize("topic", SENT_AGAIN)
def test_behind_what_is_sent_again_the_lane_reads_on(topic):
    """The numbers show what is missing, and its outbox is asked for it."""
    assert ReadAgain(8, DELETED) == resume(topic, 7, "A", there(low=8))


def test_only_another_id_is_another_topic():
    """One that is deleted, or whose brokers are away, may come back as it was."""
    assert ["x"] == made_anew({"x": "1", "y": "2", "z": "3"}, {"x": "9", "y": "2"})
