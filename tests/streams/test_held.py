"""What waits for a first link: nothing goes past it, and a restart finds it again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from dsn_schemas import replays
from dsn_schemas.records import QuarantineEnd, RecordLink
from dsn_schemas.replays import Replay
from dsn_schemas.topics import (
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    QUARANTINE,
    REPLAYS,
    changes_topic,
)
from dsn_schemas.wire import Codec
from dsn_streams.admit import Admit
from dsn_streams.contribution import Again, Barrier, Contribution, Settled, decode
from dsn_streams.held import Held, Waiting
from dsn_streams.held import decode as decode_waiting
from dsn_streams.stage import Batch, MemoryState, Output
from support.changes import ALERT
from support.world import FixedIds, Stored

#: (record, offset and number) that begins to wait, or a record that waits no more.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.integers(1, 30)),
        st.sampled_from("abc"),
    ),
    max_size=30,
)


@dataclass
class Naive:
    """The same by looking at everything."""

    waiting: dict[str, list[int]] = field(default_factory=dict)

    def least(self, otherwise: int) -> int:
        return min([n for numbers in self.waiting.values() for n in numbers] + [otherwise])


@given(STEPS)
def test_position_and_complete_stop_before_the_oldest(steps):
    """After every step and after a restart in the middle of it."""
    held, state, naive = Held(), MemoryState(), Naive()
    for step in steps:
        if isinstance(step, tuple):
            record, number = step
            row = held.add(record, Waiting("t", 0, number, "s", 1, number, b""))
            state.apply({row.key: row.value})
            naive.waiting.setdefault(record, []).append(number)
        else:
            keys = held.keys(step)
            waited = [decode_waiting(state.rows[key]) for key in keys]
            assert naive.waiting.pop(step, []) == [one.offset for one in waited]
            held.release(step, waited)
            state.apply(dict.fromkeys(keys))
        for one in (held, Held.of(state)):
            assert naive.least(40) == one.position(("t", 0), 40)
            assert min(40, naive.least(41) - 1) == one.complete(("t", 0, "s", 1), 40)
            assert 7 == one.position(("t", 1), 7)


def test_what_is_put_through_again_holds_nothing_back():
    """Its number was counted long ago."""
    held = Held()
    held.add("a", Waiting("t", 0, 3, "s", 1, 0, b""))

    assert 9 == held.position(("t", 0), 9)
    assert 9 == held.complete(("t", 0, "s", 1), 9)
    assert 1 == len(held.keys("a"))


def test_a_change_goes_to_its_person_with_the_first_link():
    """Until then admit sends nothing of the record and vouches for nothing; the link brings both."""
    codec, state = Codec(FixedIds()), MemoryState()
    admit = Admit(codec, 1)
    admit.opened(state)

    def said(topic: str, record: object) -> list[object]:
        decision = admit.decide(state, [Batch(topic, 0, [Stored(0, b"k", codec.encode(record))])])
        state.apply(decision.writes)
        admit.opened(state)
        return [decode(one.value or b"") for one in decision.outputs if one.topic == CONTRIBUTIONS]

    journal = changes_topic("a")
    (nothing,) = said(journal, replace(ALERT, seq=1, previous=0))
    link = RecordLink(authority="H", number="1", person="p", version=1)
    sent, settled, barrier = said(IDENTITY_LINKS, link)

    assert Barrier(journal, 0, 0, "adt", 1, 0, 2) == nothing
    assert isinstance(sent, Contribution)
    assert (1, "a", 1) == (sent.seq, sent.item, sent.version)
    assert Settled("H|1", 1) == settled
    assert Barrier(journal, 0, 1, "adt", 1, 1, 2) == barrier
    assert [] == [key for key in state.rows if key.startswith(b"h")]


def test_a_retried_change_leaves_quarantine_with_its_link():
    """Not before: in quarantine or on its way to a chart, and never in neither."""
    codec, state = Codec(FixedIds()), MemoryState()
    admit = Admit(codec, 1)
    admit.opened(state)

    def said(topic: str, value: bytes) -> list[Output]:
        decision = admit.decide(state, [Batch(topic, 0, [Stored(0, b"k", value)])])
        state.apply(decision.writes)
        admit.opened(state)
        return list(decision.outputs)

    journal = changes_topic("a")
    again = Replay(journal, 0, 7, 3, codec.encode(replace(ALERT, seq=4, previous=2)), retry=True)
    early = said(REPLAYS, replays.encode(again))
    link = RecordLink(authority="H", number="1", person="p", version=1)
    sent, over, settled = said(IDENTITY_LINKS, codec.encode(link))[:3]

    assert [IDENTITY_REQUESTS] == [one.topic for one in early]
    item = decode(sent.value or b"")
    assert isinstance(item, Again)
    assert (4, 1) == (item.item.seq, item.item.version)
    assert QUARANTINE == over.topic
    end = codec.decode(over.value or b"")
    assert isinstance(end, QuarantineEnd)
    assert (journal, 0, 7, "adt", 1, 4, ALERT.captured_at) == (
        end.topic, end.partition, end.offset, end.source, end.epoch, end.seq, end.captured_at
    )  # fmt: skip
    assert Settled("H|1", 1) == decode(settled.value or b"")
