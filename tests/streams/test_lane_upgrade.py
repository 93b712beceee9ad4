"""A changelog that version 2 wrote, against a real Kafka: upgraded while it is restored."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from structlog.testing import capture_logs

from dsn_schemas.keys import person_id
from dsn_schemas.records import RecordLink
from dsn_schemas.topics import CONTRIBUTIONS, IDENTITY_LINKS, VIEW, named
from dsn_schemas.wire import Codec, encode_content
from dsn_streams import lane as lane_module
from dsn_streams.app import make_stage
from dsn_streams.contribution import SECTION_NUMBERS, Contribution, decode, encode
from dsn_streams.entry_rows import items_in
from dsn_streams.errors import LaneError, OtherFormat
from dsn_streams.lane import FORMAT_KEY, POSITION_KEY, Lane, Link
from dsn_streams.stage import Batch
from dsn_streams.state import Meta, RocksState, new_cache
from support.alone import Alone
from support.reading import committed
from support.world import FixedIds

#: Topics of this file are those of generations nobody else makes.
_generations = itertools.count(7_000)

CHANGELOG = "dsn.state.records"
PERSON = person_id("H|1").encode()
ALLERGIES, ENCOUNTERS = (SECTION_NUMBERS[name] for name in ("allergies", "encounters"))
NULL = encode_content(None)

pack = msgspec.msgpack.encode


def item(name: str, seq: int, entry: str, section: int = ALLERGIES) -> list[object]:
    """A contribution, as it stands in rows."""
    return [1, "H|1", "lab", name, 1, seq, 1, "", seq, seq, section, entry, 1, NULL]


def entry(name: str, *items: list[object], section: int = ALLERGIES) -> tuple[bytes, bytes | None]:
    return b"e" + PERSON + bytes((section,)) + name.encode(), pack(items) if items else None


def place_key(name: str) -> bytes:
    return b"i" + PERSON + bytes((ALLERGIES,)) + f"lab\0H|1\0{name}".encode()


def place(name: str, seq: int, entry: str) -> tuple[bytes, bytes]:
    """What format 2 had beside an entry: the order of the standing change, and where it is."""
    return place_key(name), pack([[0, 1, seq], entry])


SOURCE = b"s" + pack(["dsn.changes.a", 0, "lab", 1])
HELD = b"hH|9\0" + bytes(8)
#: What waits for the link of its record, as format 2 first had it: one field less than today.
WAITS = [1, "H|9", "lab", "w", 1, 4, 1, "", 4, 4, ALLERGIES, "r|9", 0, NULL]
#: Rows of admit and unify, turn by turn: x moves from one entry to another, and y is passed on.
TURNS: list[list[tuple[bytes, bytes | None]]] = [
    [
        (b"rH|1", pack([PERSON.decode(), 1, 1])),
        (SOURCE, pack([2, 2, [], 2, 2])),
        entry("s|2", item("x", 1, "s|2"), item("y", 2, "s|2")),
        place("x", 1, "s|2"),
        place("y", 2, "s|2"),
        entry("e|1", item("v", 1, "e|1", ENCOUNTERS), section=ENCOUNTERS),
        (b"t" + PERSON + b"H|1", pack(1)),
    ],
    [
        (SOURCE, pack([4, 4, [], 4, 4])),
        (b"rH|9", pack([person_id("H|9"), 0, 4])),
        (HELD, pack(["dsn.changes.a", 0, 3, "lab", 1, 4, pack(WAITS)])),
        entry("s|2", item("y", 2, "s|2")),
        entry("é|1", item("x", 3, "é|1")),
        place("x", 3, "é|1"),
    ],
    [
        (b"m" + PERSON + b"H|7", pack([[1, 2, "q" * 26]])),
        entry("s|2"),
        (place_key("y"), None),
    ],
]
#: What stands at the end, places by themselves.
ROWS = {key: value for turn in TURNS for key, value in turn if key[:1] != b"i"}
ROWS = {key: value for key, value in ROWS.items() if value is not None}


@dataclass
class Record:
    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0


class Place:
    """The topics of one generation, and lanes of records over them."""

    def __init__(self, stack, tmp_path) -> None:
        self.generation = next(_generations)
        self.settings = stack.settings.model_copy(
            update={"data": tmp_path, "generation": self.generation}
        )
        self.changelog, self.contributions, self.links, self.view = (
            named(topic, self.generation)
            for topic in (CHANGELOG, CONTRIBUTIONS, IDENTITY_LINKS, VIEW)
        )
        admin = AdminClient({"bootstrap.servers": self.settings.kafka})
        topics = (self.changelog, self.contributions, self.links, self.view)
        for future in admin.create_topics([NewTopic(name, 1, 1) for name in topics]).values():
            future.result(30)
        self.codec = Codec(FixedIds())
        self.cache = new_cache()
        self.offset = 0

    def version_2(self, turns: list[list[tuple[bytes, bytes | None]]], said: bytes = b"2") -> None:
        """Write turns as version 2 did, one transaction each; or as a version of another number."""
        producer = Producer(
            {
                "bootstrap.servers": self.settings.kafka,
                "transactional.id": f"{named('dsn.records', self.generation)}.0",
            }
        )
        producer.init_transactions(30)
        for number, rows in enumerate(turns):
            first = [(FORMAT_KEY, said), (b"\0topics", pack([]))] if number == 0 else []
            kept = (POSITION_KEY, pack([[self.contributions, 0, 0], [self.links, 0, 0]]))
            producer.begin_transaction()
            for key, value in [*rows, *first, kept]:
                producer.produce(self.changelog, value, key, 0)
            producer.commit_transaction(30)

    def open(self) -> tuple[Alone, list[dict[str, object]]]:
        """A lane of this version, and what it said of an upgrade."""
        stage = make_stage("records", self.codec, 1)
        lane = Alone(self.settings, Lane(self.settings, "records", 0, CHANGELOG, stage, self.cache))
        with capture_logs() as said:
            lane.open([(self.contributions, 0), (self.links, 0)])
        return lane, [dict(one) for one in said if one["event"] == "changelog_upgraded"]

    def turn(self, lane: Alone, topic: str, key: bytes, value: bytes) -> None:
        offsets: list[int] = []
        producer = Producer({"bootstrap.servers": self.settings.kafka})
        producer.produce(
            topic, value, key, 0, on_delivery=lambda _, message: offsets.append(message.offset())
        )
        assert producer.flush(30) == 0
        read = Batch(topic, 0, [Record(offsets[0], key, value)])
        lane.process([Link(read, lane.lane.position(topic, 0))])

    def move(self, lane: Alone, name: str, seq: int, entry: str) -> None:
        """An item says that it belongs to another entry."""
        said = encode(msgspec.convert(item(name, seq, entry), Contribution))
        self.turn(lane, self.contributions, PERSON, said)

    def link(self, lane: Alone, number: str, person: str) -> None:
        """A record gets its first link."""
        link = RecordLink(authority="H", number=number, person=person, version=1)
        self.turn(lane, self.links, b"H|" + number.encode(), self.codec.encode(link))

    def records(self, topic: str) -> list[tuple[bytes, bytes | None]]:
        return [(key or b"", value) for key, value in committed(self.settings.kafka, topic)]

    def formats(self) -> list[bytes | None]:
        return [value for key, value in self.records(self.changelog) if key == FORMAT_KEY]


@pytest.fixture
def place_2(stack, tmp_path):
    """Where version 2 was."""
    found = Place(stack, tmp_path)
    found.version_2(TURNS)
    return found


def rows(lane: Alone) -> dict[bytes, bytes]:
    """Its rows without hints of what is not there, and without meta rows."""
    found = dict(lane.lane._opened().scan(b""))
    held = {place_key(name) for name in entries_of(lane)}
    return {
        key: value
        for key, value in found.items()
        if key[:1] != b"\0" and (key[:1] != b"i" or key in held)
    }


def entries_of(lane: Alone) -> dict[str, str]:
    """The entry that holds each grouped item."""
    prefix = b"e" + PERSON + bytes((ALLERGIES,))
    return {
        one.item: key[len(prefix) :].decode()
        for key, value in lane.lane._opened().scan(prefix)
        for one in items_in(value).values()
    }


UPGRADED = {
    "event": "changelog_upgraded",
    "log_level": "info",
    "stage": "records",
    "lane": 0,
    "format_before": 2,
    "format_after": 3,
    "rows": sum(map(len, TURNS)),
}
#: The rows, with where the one grouped item is.
WITH_HINTS = ROWS | {place_key("x"): "é|1".encode()}


def test_a_changelog_of_format_2_is_read_and_ours_from_the_first_turn_on(place_2, monkeypatch):
    """Its rows are as they would have been; the old version refuses it once we wrote to it."""
    lane, said = place_2.open()
    assert (rows(lane), said) == (WITH_HINTS, [UPGRADED])
    assert place_2.formats() == [b"2"]

    place_2.move(lane, "x", 9, "s|2")
    place_2.link(lane, "9", "q" * 26)

    assert entries_of(lane) == {"x": "s|2"}
    shown = [value is not None for _, value in place_2.records(place_2.view)]
    assert sorted(shown) == [False, True]  # one entry is gone, another one is there
    sent = [(key, decode(value)) for key, value in place_2.records(place_2.contributions) if value]
    assert (b"q" * 26, "w") in [(key, getattr(one, "item", "")) for key, one in sent]
    assert place_2.formats() == [b"2", b"3"]
    before = rows(lane)
    lane.close()
    RocksState.wipe(lane.lane.path)

    again, said = place_2.open()
    assert (rows(again), said) == (before, [])
    again.close()
    RocksState.wipe(again.lane.path)
    monkeypatch.setattr(lane_module, "FORMAT", 2)
    with pytest.raises(OtherFormat, match="rows of format 3, this version reads 2"):
        place_2.open()


@pytest.mark.parametrize("disk_lost", [True, False])
def test_dying_before_the_first_turn_upgrades_again(place_2, disk_lost):
    """Restored and killed: nothing was written, so the next start finds what this one found."""
    lane, _ = place_2.open()
    lane.close()
    if disk_lost:
        RocksState.wipe(lane.lane.path)

    again, said = place_2.open()

    assert (rows(again), said) == (WITH_HINTS, [UPGRADED] if disk_lost else [])
    place_2.move(again, "x", 9, "s|2")
    assert entries_of(again) == {"x": "s|2"}
    assert place_2.formats() == [b"2", b"3"]
    again.close()


def test_a_folder_of_format_2_is_made_anew(place_2):
    """Its places are in another encoding: none of it is taken over, though its position is right."""
    lane, _ = place_2.open()
    path = lane.lane.path
    lane.close()
    state = RocksState(path, place_2.cache, time.time())
    key, value = place("x", 3, "é|1")
    state.commit({key: value, b"rH|5": b"?"}, state.positions, state.changelog, time.time())
    meta = Meta(format=2, changelog=state.changelog, written_s=time.time())
    state._db.put(b"\0meta", msgspec.msgpack.encode(meta))
    state.close()

    again, said = place_2.open()

    assert (rows(again), said) == (WITH_HINTS, [UPGRADED])
    again.close()


def test_what_the_old_version_wrote_behind_a_restore_is_upgraded_too(place_2):
    """Back to version 2 before our first turn, and forth: the rest is read onto our own rows."""
    lane, _ = place_2.open()
    lane.close()
    more = [[entry("é|1"), entry("s|3", item("x", 9, "s|3")), place("x", 9, "s|3")]]
    place_2.version_2(more)

    again, said = place_2.open()

    assert said == [{**UPGRADED, "rows": 3}]
    assert entries_of(again) == {"x": "s|3"}
    assert rows(again)[place_key("x")] == b"s|3"
    place_2.move(again, "x", 10, "é|1")
    assert entries_of(again) == {"x": "é|1"}
    again.close()


def test_rows_that_cannot_be_read_are_of_a_newer_format_or_say_so(stack, tmp_path):
    """Which format it is, is said behind the rows: the lane stops for that, not for the first row."""
    found = Place(stack, tmp_path)
    newer = [(b"e" + PERSON + b"\3x", b"of another kind")]
    found.version_2([newer], b"4")
    with pytest.raises(OtherFormat, match="rows of format 4, this version reads 3"):
        found.open()

    damaged = Place(stack, tmp_path)
    damaged.version_2([newer], b"3")
    with pytest.raises(LaneError, match="1 rows of the changelog cannot be read"):
        damaged.open()
