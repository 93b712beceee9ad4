"""A lane against a real Kafka: durable once, restored when lost, fenced when replaced."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from dsn_schemas.topics import CHANGES_PREFIX
from dsn_schemas.wire import UnknownSchema
from dsn_streams import lane as lane_module
from dsn_streams import state as state_module
from dsn_streams import writer as writer_module
from dsn_streams.clients import Clients
from dsn_streams.errors import BehindJournal, BrokenChain, LaneError, OtherFormat
from dsn_streams.inputs import made_anew
from dsn_streams.lane import Lane, Link
from dsn_streams.stage import Batch, Decision, Output, Stage, State
from dsn_streams.state import FORMAT, RocksState, new_cache
from dsn_streams.together import Together
from support.alone import Alone
from support.reading import committed

_numbers = itertools.count()


@dataclass
class Record:
    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0


class Copy:
    """Copies every record to the output and counts each key in the state.

    Beside each count it keeps the key that was counted last: a row that follows from the others.
    """

    def __init__(self, output: str) -> None:
        self._output = output

    def opened(self, state: State) -> None:
        self.state = state

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        decision = Decision()
        for batch in batches:
            for record in batch.records:
                before = {**state.get_many((record.key,)), **decision.writes}
                count = int(before.get(record.key) or b"0") + 1
                decision.writes.pop(record.key, None)
                decision.writes[record.key] = b"%d" % count
                decision.derived.update(self.derived(record.key, b""))
                decision.outputs.append(Output(self._output, 0, record.key, record.value))
        return decision

    def derived(self, key: bytes, value: bytes) -> Iterable[tuple[bytes, bytes]]:
        return ((DERIVED, key),)


DERIVED = b"\0newest"
META = b"\0meta"


class Place:
    """Topics, a folder and a cache for lanes of one test."""

    def __init__(self, stack, tmp_path) -> None:
        self.name = f"lane-{next(_numbers)}"
        self.settings = stack.settings.model_copy(update={"data": tmp_path})
        self.input, self.output = f"{self.name}.in", f"{self.name}.out"
        self.changelog = f"{self.name}.state"
        self.make(self.input, self.output, self.changelog)
        self.fill(self.input, 20)
        self.cache = new_cache()

    def make(self, *names: str) -> None:
        topics = [NewTopic(name, 1, 1) for name in names]
        admin = AdminClient({"bootstrap.servers": self.settings.kafka})
        for future in admin.create_topics(topics).values():
            future.result(30)

    def fill(self, topic: str, records: int) -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka})
        for _ in range(records):
            producer.produce(topic, b"v", b"k")
        assert producer.flush(30) == 0

    def lane(self, slot: int = 0, stage: Stage | None = None) -> Alone:
        settings = self.settings.model_copy(update={"slot": slot})
        stage = stage or Copy(self.output)
        lane = Lane(settings, self.name, 0, self.changelog, stage, self.cache)
        return Alone(settings, lane)

    def open(self, slot: int = 0) -> Alone:
        lane = self.lane(slot)
        lane.open([(self.input, 0)])
        return lane

    def link(self, start: int, keys: str, after: int | None = None) -> Link:
        records = [Record(start + n, key.encode(), b"v") for n, key in enumerate(keys)]
        return Link(Batch(self.input, 0, records), start if after is None else after)

    def outputs(self) -> list[bytes]:
        return self.keys(self.output)

    def keys(self, topic: str) -> list[bytes]:
        return [key for key, _ in committed(self.settings.kafka, topic)]


@pytest.fixture
def place(stack, tmp_path):
    return Place(stack, tmp_path)


def rows(alone: Alone) -> dict[bytes, bytes]:
    return dict(alone.lane._opened().scan(b""))


def counts(lane: Alone) -> dict[bytes, bytes]:
    return counts_of(rows(lane))


def counts_of(found: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in found.items() if not key.startswith(b"\0")}


def test_a_turn_is_durable_and_resumed(place):
    """Rows, outputs and position are there when the lane opens again; read records are trimmed."""
    lane = place.open()
    assert {(place.input, 0): 3} == dict(lane.process([place.link(0, "aab")]))
    lane.close()

    again = place.open()
    assert 3 == again.lane.position(place.input, 0)
    again.process([place.link(0, "aabc", after=0)])

    assert {b"a": b"2", b"b": b"1", b"c": b"1"} == counts(again)
    assert [b"a", b"a", b"b", b"c"] == place.outputs()
    again.close()


def test_lost_state_is_restored_from_the_changelog(place):
    """Without its folder a lane has the same rows and position as before."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    before = counts(lane)
    lane.close()
    RocksState.wipe(lane.lane.path)

    again = place.open()

    assert before == counts(again)
    assert 3 == again.lane.position(place.input, 0)
    again.close()


def test_rows_that_follow_from_others_are_not_on_the_changelog(place):
    """They are on disk with the rows they follow from, and made again in the order of the writes."""
    lane = place.open()
    lane.process([place.link(0, "abc")])
    lane.process([place.link(3, "ba")])
    before = rows(lane)
    lane.close()
    RocksState.wipe(lane.lane.path)

    again = place.open()

    assert before[DERIVED] == b"a"
    assert before == rows(again) | {META: before[META]}
    assert DERIVED not in place.keys(place.changelog)
    again.close()


def test_damaged_state_is_restored_from_the_changelog(place):
    """Files that cannot be read are discarded, and the lane opens with the right rows."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()
    for file in lane.lane.path.glob("MANIFEST*"):
        file.write_bytes(b"damaged")

    again = place.open()

    assert {b"a": b"2", b"b": b"1"} == counts(again)
    again.close()


def test_dying_between_commit_and_state_doubles_nothing(place, monkeypatch):
    """A transaction that committed before the rows were written is not done again."""
    lane = place.open()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lane.lane._state, "commit", die)
        with pytest.raises(KeyboardInterrupt):
            lane.process([place.link(0, "aab")])
    lane.close()

    again = place.open()
    again.process([place.link(0, "aabc", after=0)])

    assert {b"a": b"2", b"b": b"1", b"c": b"1"} == counts(again)
    assert [b"a", b"a", b"b", b"c"] == place.outputs()
    again.close()


def test_dying_before_the_commit_leaves_nothing(place, monkeypatch):
    """What was produced and not committed is seen by no reader, and the turn is done again."""
    lane = place.open()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "_commit", die)
        with pytest.raises(KeyboardInterrupt):
            lane.process([place.link(0, "aab")])
    lane.close()

    again = place.open()
    assert 0 == again.lane.position(place.input, 0)
    again.process([place.link(0, "aab")])

    assert [b"a", b"a", b"b"] == place.outputs()
    again.close()


def test_a_frozen_owner_cannot_write_when_another_took_over(place):
    """The old owner's next turn fails, and leaves no output, no changelog and no row."""
    old = place.open(slot=0)
    old.process([place.link(0, "a")])
    new = place.open(slot=1)
    new.process([place.link(1, "b")])

    with pytest.raises(LaneError):
        old.process([place.link(1, "z")])

    assert [b"a", b"b"] == place.outputs()
    assert {b"a": b"1"} == counts(old)
    assert {b"a": b"1", b"b": b"1"} == counts(new)
    old.close()
    new.close()
    third = place.open(slot=2)
    assert {b"a": b"1", b"b": b"1"} == counts(third)
    third.close()


def test_an_owner_that_never_wrote_cannot_begin_when_another_took_over(place):
    """Its name was taken before it claimed the lane, so that fencing it is for good."""
    old = place.open(slot=0)
    new = place.open(slot=1)
    new.process([place.link(0, "ab")])

    with pytest.raises(LaneError):
        old.process([place.link(0, "ab")])

    assert [b"a", b"b"] == place.outputs()
    old.close()
    new.close()


def test_a_lost_batch_is_noticed(place):
    """A batch that continues what never arrived is refused, and nothing of it is durable."""
    lane = place.open()
    lane.process([place.link(0, "a")])

    with pytest.raises(BrokenChain):
        lane.process([place.link(5, "b", after=5)])

    assert [b"a"] == place.outputs()
    lane.close()


def test_offset_holes_of_transactions_are_no_loss(place):
    """Markers take offsets: a batch that begins later but continues the last one is taken."""
    lane = place.open()
    lane.process([place.link(0, "a")])
    lane.process([place.link(3, "b", after=1)])

    assert {b"a": b"1", b"b": b"1"} == counts(lane)
    lane.close()


def test_input_deleted_before_it_was_read_stops_the_lane(place):
    """When retention passed the state, the lane says so and does not skip."""
    admin = AdminClient({"bootstrap.servers": place.settings.kafka})
    for future in admin.delete_records([TopicPartition(place.input, 0, 6)]).values():
        future.result(30)

    with pytest.raises(BehindJournal, match="begins at 6, the state ends at 0"):
        place.open()


def test_state_of_another_format_is_made_anew_from_the_changelog(place, monkeypatch):
    """A version that writes its files another way finds the rows of the version before."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()
    monkeypatch.setattr(state_module, "FORMAT", FORMAT + 1)

    again = place.open()

    assert {b"a": b"2", b"b": b"1"} == counts(again)
    again.close()


def test_a_changelog_of_another_format_is_not_read(place, monkeypatch):
    """Its rows mean something else: the lane says so and stops, and another generation begins anew."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()
    RocksState.wipe(lane.lane.path)
    monkeypatch.setattr(lane_module, "FORMAT", FORMAT + 1)

    said = f"rows of format {FORMAT}, this version reads {FORMAT + 1}"
    with pytest.raises(OtherFormat, match=said):
        place.open()

    place.changelog = f"{place.name}.state-2"
    place.make(place.changelog)
    anew = place.open()
    anew.process([place.link(0, "aab")])
    anew.close()
    RocksState.wipe(anew.lane.path)
    restored = place.open()
    assert {b"a": b"2", b"b": b"1"} == counts(restored)
    restored.close()


def test_a_changelog_that_does_not_say_its_format_has_the_first(place):
    """As the first version left it."""
    lane = place.open()
    lane.lane._told = True
    lane.process([place.link(0, "aab")])
    lane.close()
    RocksState.wipe(lane.lane.path)

    with pytest.raises(OtherFormat, match="rows of format 1,"):
        place.open()


def test_a_lost_changelog_is_made_again_from_the_journal(place):
    """State and changelog gone: read from the beginning, the rows and positions are as before, and
    so is what the new changelog restores."""
    lane = place.open()
    lane.process([place.link(0, "aab"), place.link(3, "bc")])
    before = rows(lane)
    lane.close()
    RocksState.wipe(lane.lane.path)
    place.changelog = f"{place.name}.state-2"
    place.make(place.changelog)

    again = place.open()
    assert 0 == again.lane.position(place.input, 0)
    again.process([place.link(0, "aa"), place.link(2, "bbc")])
    again.close()
    RocksState.wipe(again.lane.path)

    restored = place.open()
    assert counts_of(before) == counts(restored)
    assert 5 == restored.lane.position(place.input, 0)
    restored.close()


def test_state_too_old_to_be_caught_up_is_restored_whole(place, monkeypatch):
    """A folder from before removals may have been compacted away is not trusted."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()
    now = time.time()
    monkeypatch.setattr(Clients, "now_s", lambda _: now + 3 * 24 * 3600)

    again = place.open()

    assert {b"a": b"2", b"b": b"1"} == counts(again)
    again.close()


class Remembering(Copy):
    """Counts in memory what it decided, as of its state."""

    def opened(self, state: State) -> None:
        super().opened(state)
        self.decided = int(state.get_many((b"n",)).get(b"n", b"0"))

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        self.decided += sum(len(batch.records) for batch in batches)
        return Decision(writes={b"n": b"%d" % self.decided})


class Waiting(Copy):
    """Cannot have a schema the first time."""

    asked = 0

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        self.asked += 1
        if self.asked == 1:
            raise UnknownSchema("7")
        return Decision()


def test_a_turn_that_waits_for_a_schema_is_decided_once(place):
    """What a neighbour in the lane had decided before it is forgotten, and decided again."""
    remembering = Remembering(place.output)
    stages = {"remembering": remembering, "waiting": Waiting(place.output)}
    lane = place.lane(
        stage=Together(stages, lambda topic: "remembering" if topic == "a" else "waiting")
    )
    lane.open([])
    links = [Link(Batch(topic, 0, [Record(0, b"k", b"v")]), 0) for topic in ("a", "b")]

    with pytest.raises(UnknownSchema):
        lane.process(links)
    lane.process(links)

    assert remembering.decided == 1
    assert counts(lane) == {b"n": b"1"}
    lane.close()


def recreate(place: Place, topic: str, records: int) -> None:
    """Delete a topic, make it again, and fill it."""
    admin = AdminClient({"bootstrap.servers": place.settings.kafka})
    for future in admin.delete_topics([topic]).values():
        future.result(30)
    for _ in range(100):
        try:
            place.make(topic)
            break
        except KafkaException as error:  # the old one is still being deleted
            assert error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
            time.sleep(0.1)
    place.fill(topic, records)


def test_a_journal_made_anew_is_read_again_and_anything_else_stops_the_lane(place):
    """Both have outgrown the old position, with the state on disk and with the changelog alone."""
    changes = f"{CHANGES_PREFIX}{place.name}"
    place.make(changes)
    place.fill(changes, 4)
    inputs = [(changes, 0), (place.input, 0)]
    lane = place.lane()
    lane.open(inputs)
    ids = dict(lane.lane.topics())
    records = [Record(n, b"a", b"v") for n in range(3)]
    lane.process([Link(Batch(topic, 0, records), 0) for topic, _ in inputs])
    lane.close()

    recreate(place, changes, 5)
    RocksState.wipe(lane.lane.path)
    again = place.lane()
    again.open([(changes, 0)])
    assert (0, 3) == (again.lane.position(changes, 0), again.lane.position(place.input, 0))
    assert [changes] == made_anew(ids, again.lane.topics())
    again.process([Link(Batch(changes, 0, records), 0)])
    again.close()
    once = place.lane()
    once.open([(changes, 0)])
    assert 3 == once.lane.position(changes, 0)
    once.close()

    recreate(place, place.input, 5)
    with pytest.raises(BehindJournal, match=r"was made anew .*dsn rebuild"):
        place.lane().open(inputs)


def test_a_changelog_made_anew_stops_the_lane(place):
    """Its inputs were not: they would be read again into outputs that have all of it."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()

    recreate(place, place.changelog, 9)

    with pytest.raises(BehindJournal, match="its changelog .* was made anew"):
        place.open()


def test_where_all_was_made_anew_a_lane_begins_like_a_first_one(place):
    """Kafka was lost whole: what stands on disk is of a journal that is gone."""
    lane = place.open()
    lane.process([place.link(0, "aab")])
    lane.close()
    recreate(place, place.input, 9)
    recreate(place, place.changelog, 0)

    again = place.open()

    assert (0, {}) == (again.lane.position(place.input, 0), counts(again))
    again.close()
