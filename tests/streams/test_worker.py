"""The worker as a process against a real Kafka: what a crash, a join and a stop leave behind."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsn_deploy.proof import fold
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.records import RecordChange, ViewEntry
from dsn_schemas.topics import changes_topic
from support.generated import changes
from support.histories import chained
from support.journal import Journal, Worker, wait_until


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """A stack of this module's own: its topics have the names of production."""
    with EmbeddedStack(data=tmp_path_factory.mktemp("streams")) as running:
        yield running


@pytest.fixture(scope="module")
def journal(own_stack: EmbeddedStack) -> Journal:
    return Journal(own_stack.settings, ("a", "b", "c", "d", "e"))


def shown(journal: Journal) -> dict[object, object]:
    found = {}
    for value in journal.entries().values():
        entry = journal.codec.decode(value)
        assert isinstance(entry, ViewEntry)
        found[entry.person, entry.section, entry.entry] = {
            (f"{c.authority}|{c.number}", c.source, c.item, c.epoch, c.seq)
            for c in entry.contributors
        }
    return found


def test_kills_joins_and_repeats_leave_the_fold(journal, own_stack, tmp_path):
    """Two workers killed at random while changes and repeats arrive: the view is the fold."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    history: list[RecordChange] = chained(changes(rng, "a", 3_000), own_stack.settings.partitions)
    workers = [Worker(own_stack.settings, tmp_path / f"{n}.log", slot=n) for n in (0, 1)]
    try:
        for worker in workers:
            worker.start()
        for start in range(0, len(history), 300):
            part = history[start : start + 300]
            journal.publish(part + rng.sample(part, 30))
            if rng.random() < 0.5:
                victim = rng.choice(workers)
                victim.kill()
                victim.start()
        expected = fold.entries(journal.published)
        wait_until(lambda: shown(journal) == expected, 120, f"the fold (seed {seed})", 2)
        for worker in workers:
            worker.signal(signal.SIGTERM)

        ends = [worker.wait(15) for worker in workers]
        assert [0, 0] == ends, "".join(worker.log()[-4000:] for worker in workers)
    finally:
        for worker in workers:
            worker.kill()


def test_a_killed_worker_is_not_waited_for_when_it_is_started_again(journal, own_stack, tmp_path):
    """It leaves the group in its own old name; nobody waits for the end of its session."""
    history = chained(changes(random.Random(3), "e", 200), own_stack.settings.partitions)
    patient = "from dsn_streams import app\napp.SESSION_S = 120.0"
    workers = [
        Worker(own_stack.settings, tmp_path / f"{n}.log", slot=n, code=patient) for n in (0, 1)
    ]
    try:
        for worker in workers:
            worker.start()
        journal.publish(history[:100], "e")
        wait_until(lambda: shown(journal) == fold.entries(journal.published), 90, "the fold", 1)
        workers[0].kill()
        workers[0].start()
        journal.publish(history[100:], "e")
        wait_until(lambda: shown(journal) == fold.entries(journal.published), 60, "the rest", 1)
        assert "predecessor_left" in workers[0].log()
        for worker in workers:  # who comes next would wait two minutes for one that was killed
            worker.signal(signal.SIGTERM)
        assert [0, 0] == [worker.wait(30) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()


def test_an_exception_in_a_stage_stops_the_worker_without_committing(journal, own_stack, tmp_path):
    """The batch that failed is read again by the next worker, and nothing of it was lost."""
    broken = (
        "from dsn_streams import admit\n"
        "def fail(*_): raise RuntimeError('planted')\n"
        "admit._Turn._route = fail"
    )
    before = shown(journal)
    history = chained(changes(random.Random(1), "b", 50), own_stack.settings.partitions)
    worker = Worker(own_stack.settings, tmp_path / "broken.log", code=broken)
    journal.publish(history, "b")
    worker.start()
    try:
        assert 70 == worker.wait(60)
        assert "lane_failed" in worker.log()
        assert before == shown(journal)
    finally:
        worker.kill()

    mended = Worker(own_stack.settings, tmp_path / "mended.log")
    mended.start()
    try:
        expected = fold.entries(journal.published)
        wait_until(lambda: shown(journal) == expected, 60, "the fold after mending", 1)
    finally:
        mended.kill()


def test_poison_goes_to_quarantine_and_the_partition_moves_on(journal, own_stack, tmp_path):
    """Truncated, foreign and empty bytes get a reason each; what follows them is shown."""
    good = chained(changes(random.Random(2), "c", 20), own_stack.settings.partitions)
    whole = journal.codec.encode(replace(good[0], source="c-faulty"))
    poison = [b"", b"\x00", b"\x01garbage", whole[:-3], whole + b"x", b"\x00\x00\x0f\xff\xff"]
    for lane in range(own_stack.settings.partitions):
        for value in poison:
            journal.put(changes_topic("c"), lane, None, value)
    journal.publish(good, "c")
    worker = Worker(own_stack.settings, tmp_path / "poison.log")
    worker.start()
    try:
        expected = fold.entries(journal.published)
        wait_until(lambda: shown(journal) == expected, 60, "the good changes", 1)
        poisoned = len(poison) * own_stack.settings.partitions
        # Numbers are per partition: the same faulty number twice on one is quarantined once.
        wait_until(
            lambda: (
                len(journal.records("dsn.quarantine")) >= poisoned - own_stack.settings.partitions
            ),
            30,
            "the quarantine",
        )
        quarantined = [
            journal.codec.decode(value)
            for _, value in journal.records("dsn.quarantine")
            if value is not None
        ]
        reasons = {q.reason for q in quarantined}

        assert reasons <= {"unreadable-record", "content-mismatch"}
        assert {p for p in poison if p != whole + b"x"} == {q.payload for q in quarantined}
    finally:
        worker.kill()


def test_a_topic_made_anew_under_a_worker_is_read_from_its_beginning(journal, own_stack, tmp_path):
    """It has outgrown what was read of the old one. Its group notices, or its fetch, or its watch."""
    history = chained(changes(random.Random(3), "d", 60), own_stack.settings.partitions)
    worker = Worker(own_stack.settings, tmp_path / "anew.log")
    journal.publish(history[:20], "d")
    worker.start()
    try:
        expected = fold.entries(journal.published)
        wait_until(lambda: shown(journal) == expected, 60, "the first changes", 0.5)

        journal.make_anew(changes_topic("d"))
        journal.publish(history, "d")
        expected = fold.entries(journal.published)

        def all_shown() -> bool:
            if not worker.alive():  # status 70 or 75: as a supervisor does
                worker.start()
            return shown(journal) == expected

        wait_until(all_shown, 60, "all changes", 0.5)
        assert "input_read_again" in worker.log()
    finally:
        worker.kill()
