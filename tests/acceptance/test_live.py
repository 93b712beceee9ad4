"""P4 while it runs: records merge, part and move without a pause, and no read is ever wrong."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg
import pytest
from acceptance.hospital import allergy, merge, message, nam, pair, problem
from acceptance.system import System
from acceptance.tables import assert_balanced

from dsn_producers.mllp_client import MllpClient
from dsn_schemas.settings import Settings

AUTHORITY = "LIVE"
#: Households of records: a reader may see items of two records together only within one of them.
HOUSEHOLDS = 8
#: Of each household: 0 and 1 merge for good (A40), 1 and 2 are linked and parted (A24, A37), 3
#: takes and gives back the NAM of 0 (A08).
RECORDS = 4
#: Seconds that messages come.
LIVE_S = 20.0
#: Fewer reads than these prove little; on a crowded machine messages go on until they are done.
READS_MIN = 50
LIVE_S_MAX = 180.0
#: Messages a second; each household has a move every quarter of a second.
RATE = 40

#: Every item a reader sees, and whether its record is linked to that person: one snapshot.
SEEN = """
    SELECT e.person_id, c.number, c.source, c.item,
        EXISTS (
            SELECT FROM dsn.people_records AS p
            WHERE p.authority = c.authority AND p.number = c.number AND p.person_id = e.person_id
        )
    FROM dsn.entries AS e
    CROSS JOIN LATERAL jsonb_to_recordset(e.contributors::jsonb)
        AS c (source text, authority text, number text, item text)
    WHERE c.authority = 'LIVE'
"""


@dataclass
class Reader:
    """Reads all charts again and again, as fast as the store answers."""

    settings: Settings
    #: Reads done, and what was wrong in them.
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    #: (person, number) pairs ever seen: proof that charts moved while they were read.
    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: Items by (number, source, item), with when each was last seen.
    last_seen: dict[tuple[str, str, str], float] = field(default_factory=dict)
    #: Longest absence of an item that had been seen before, s.
    absence_s_max: float = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        with psycopg.connect(self.settings.conninfo, autocommit=True) as connection:
            while not stop.is_set():
                self.look(connection)

    def look(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """One read of every chart."""
        rows = connection.execute(SEEN).fetchall()
        now, self.reads = time.monotonic(), self.reads + 1
        households: dict[str, set[int]] = defaultdict(set)
        for person, number, source, item, linked in rows:
            key = (str(number), str(source), str(item))
            if not linked:
                self.wrong.append(f"record {number} shown at a person that it is not linked to")
            households[str(person)].add(int(str(number)) // RECORDS)
            self.places[str(number)].add(str(person))
            if key in self.last_seen:
                self.absence_s_max = max(self.absence_s_max, now - self.last_seen[key])
            self.last_seen[key] = now
        mixed = [found for found in households.values() if len(found) > 1]
        self.wrong += [f"households {found} in one chart" for found in mixed]


def _turn(rng: random.Random, at: int) -> tuple[str, str]:
    """Source and text of the next message."""
    household = rng.randrange(HOUSEHOLDS)
    first, control = household * RECORDS, f"LIVE{at}"
    one, two, three, four = (str(first + n) for n in range(RECORDS))
    match rng.randrange(6):
        case 0:
            return "live-adt", merge(AUTHORITY, one, two, control)
        case 1:
            return "live-adt", pair(AUTHORITY, "A24", two, three, control)
        case 2:
            return "live-adt", pair(AUTHORITY, "A37", two, three, control)
        case 3:
            return "live-adt", _update(four, control, nam(household))
        case 4:
            return "live-adt", _update(four, control, nam(100 + household))
        case _:
            number = str(first + rng.randrange(RECORDS))
            text = f"fois {at}"
            said = (allergy(f"a{rng.randrange(3)}", text), problem("I10", f"P{number}"))
            return "live-lab", message(AUTHORITY, "ADT^A08^ADT_A01", number, control, *said)


def _update(number: str, control: str, health: str) -> str:
    return message(AUTHORITY, "ADT^A08^ADT_A01", number, control, nam=health)


def _founding() -> list[str]:
    """Every record with items of its own, before anything moves."""
    told = []
    for number in range(HOUSEHOLDS * RECORDS):
        health = {0: nam(number // RECORDS), 3: nam(100 + number // RECORDS)}
        said = (allergy(f"a{n}", index=n + 1) for n in range(3))
        told.append(
            message(
                AUTHORITY,
                "ADT^A08^ADT_A01",
                str(number),
                f"FIRST{number}",
                *said,
                problem("I10", f"P{number}"),
                nam=health.get(number % RECORDS, ""),
            )
        )
    return told


@pytest.fixture(scope="module")
def reader(system: System) -> Reader:
    """What a reader saw in a third of a minute of merges."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    stop, reader = threading.Event(), Reader(system.settings)
    with (
        system.sender("live-adt") as adt,
        system.sender("live-lab") as lab,
        ThreadPoolExecutor(1, thread_name_prefix="reader") as pool,
    ):
        for text in _founding():
            assert adt.send(text.encode()).code == "AA"
        system.await_arrival()
        reading = pool.submit(reader.run, stop)
        try:
            _send_turns(random.Random(seed), {"live-adt": adt, "live-lab": lab}, reader)
            system.await_arrival()
        finally:
            stop.set()
        reading.result(60)
    print(f"{reader.reads} reads, longest absence {reader.absence_s_max:.2f} s")
    return reader


def _send_turns(rng: random.Random, senders: Mapping[str, MllpClient], reader: Reader) -> None:
    """At a steady rate, each acknowledged before the next."""
    begin = time.monotonic()
    for at in range(int(LIVE_S_MAX * RATE)):
        if time.monotonic() - begin >= LIVE_S and reader.reads >= READS_MIN:
            break
        time.sleep(max(0.0, begin + at / RATE - time.monotonic()))
        source, text = _turn(rng, at)

        assert senders[source].send(text.encode()).code == "AA"


def test_no_read_was_wrong(reader: Reader) -> None:
    """Each item seen belonged to a record linked to that person in the same snapshot."""
    assert reader.wrong == []
    assert reader.reads >= READS_MIN


def test_charts_moved_meanwhile(reader: Reader) -> None:
    """Most records were seen at more than one person: there was something to get wrong."""
    moved = [number for number, places in reader.places.items() if len(places) > 1]

    assert len(moved) >= HOUSEHOLDS


def test_no_item_is_lost_for_good(system: System, reader: Reader) -> None:
    """At rest every item ever seen is shown, at one person, and the books balance."""
    with psycopg.connect(system.settings.conninfo, autocommit=True) as connection:
        rows = connection.execute(SEEN).fetchall()
    shown = [(number, source, item) for _, number, source, item, _ in rows]

    assert sorted(set(shown)) == sorted(shown)
    assert reader.last_seen.keys() - set(shown) == set()
    assert_balanced(system, lambda name: name.startswith("live"))
