"""The parts of the measurements that need no server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dsn_deploy.bench.figures import percentile
from dsn_deploy.bench.load import Load, registration
from dsn_deploy.bench.scale import longest_pause_s
from dsn_deploy.bench.usage import OURSELVES, Usage
from dsn_deploy.faults.recovery import Look
from dsn_producers.mappers import mapper_of
from dsn_producers.sources import Source

SOURCE = Source(name="bench-adt", establishment="bench-one", authority="BENCH-ONE")


def test_percentile() -> None:
    """Half of the values do not exceed the median; the last percentile is the greatest value."""
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, 0.50) == 51.0
    assert percentile(values, 0.99) == 100.0


def test_percentile_of_nothing() -> None:
    """Without values there is no figure, not a zero."""
    with pytest.raises(ValueError):
        percentile([], 0.5)


def test_load_repeats_itself() -> None:
    """The same seed gives the same messages, each of other bytes and of one change."""
    one, two = (Load(SOURCE, people=20, seed=3, partitions=4) for _ in range(2))
    first, second = ([next(load) for _ in range(200)] for load in (one, two))

    assert first == second
    assert len({message.digest for message in first}) == 200
    assert {len(message.changes) for message in first} == {1}


def test_marks_are_items_of_their_own() -> None:
    """Two marks of one record are two entries, so that each is found when it is readable."""
    load = Load(SOURCE, people=20, seed=3, partitions=4)
    (one, entry), (two, other) = (
        load.marked("00000001", "mark-1"),
        load.marked("00000001", "mark-2"),
    )

    assert entry != other
    assert one.changes[0].key == two.changes[0].key
    assert one.changes[0].item != two.changes[0].item


def test_registrations_are_mapped() -> None:
    """What is sent over MLLP becomes changes, and each message says something new."""
    mapper = mapper_of("hl7v2")
    one, two = (mapper(registration("BENCH-ONE", n), SOURCE, 1).items for n in (1, 5001))

    assert {item.section for item in one} >= {"demographics", "encounters", "allergies"}
    assert one[0].number == two[0].number
    assert one != two


def test_usage_counts_descendants() -> None:
    """CPU time of a child that ended stays counted with the process that started it."""
    busy = "sum(range(4_000_000))"
    parent = (
        "import subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', '{busy}']);"
        "print('done', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    with Usage({"child": process.pid}) as usage:
        used = usage.cpu_s()
    own = sum(os.times()[:2])
    process.communicate(b"\n")

    assert used["child"] >= 0.03
    assert 0 < used[OURSELVES] <= own


def test_the_longest_pause_is_between_two_looks_that_saw_more() -> None:
    """Looks that saw nothing new do not end it; nothing new at all is one pause."""
    looks = [
        Look(at=at, complete=seen) for at, seen in [(1, 1), (2, 2), (3, 2), (4, 2), (6, 3), (7, 4)]
    ]

    assert longest_pause_s(looks, 1.0, 7.0) == 4.0
    assert longest_pause_s(looks, 2.0, 4.0) == 2.0
