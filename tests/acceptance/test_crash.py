"""Whatever dies while messages are fed, the store ends as if nothing had."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from acceptance.feeds import table
from acceptance.hospital import history
from acceptance.system import System, eventually, fed
from acceptance.tables import assert_whole, tables

from dsn_producers import sending
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.status import status
from support.journal import wait_until

#: One is fed while things die; the other, of another hospital, shares its people by their NAM.
SOURCES = (table("crash-a", "crasha", "CRASHA"), table("crash-b", "crashb", "CRASHB"))
#: Messages of a file; about three changes each, a third of which say something new.
MESSAGES = 400
#: What is killed, once for each time it is named, in random order. ``feed`` is ``dsn feed`` itself.
VICTIMS = (
    *("edge", "streams", "store", "audit", "feed"),
    *("edge", "streams", "store", "audit", "feed"),
    *("postgres", "kafka"),
)


@dataclass(frozen=True)
class Story:
    """One feed in which everything died."""

    seed: int
    system: System
    #: Who died, in order, and whether ``dsn feed`` ran at that moment.
    deaths: list[tuple[str, bool]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A file of messages for each victim, killed at a random moment while the file is fed."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    rng, folder = random.Random(seed), tmp_path_factory.mktemp("crash")
    with System(folder / "system", SOURCES) as system:
        deaths = [
            (victim, _fed_while_killing(system, folder, rng, victim, turn))
            for turn, victim in enumerate(rng.sample(VICTIMS, len(VICTIMS)))
        ]
        print(f"deaths {deaths}")
        eventually(
            lambda: all(entry.ready for entry in system.processes().values()), "all is up again"
        )
        system.await_arrival()
        yield Story(seed, system, deaths)


def _fed_while_killing(
    system: System, folder: Path, rng: random.Random, victim: str, turn: int
) -> bool:
    """Feed one more file, kill the victim meanwhile; True when the feed ran at that moment."""
    name = ("a", "b")[turn % 2]
    file = folder / f"{turn}.hl7"
    told = history(random.Random(rng.random()), f"CRASH{name.upper()}", 60, MESSAGES)
    file.write_bytes(b"\n".join(one.replace(b"|ADT|", b"|T%d|" % turn, 1) for one in told))
    moment = _messages(system, name) + rng.randrange(1, MESSAGES // 2)
    feeding = system.feeding(file, f"crash-{name}")
    wait_until(lambda: _messages(system, name) >= moment, 60, "the feed takes messages", 0.002)
    running = feeding.poll() is None
    if victim == "feed":
        feeding.kill()
        feeding.communicate(timeout=30)
        feeding = system.feeding(file, f"crash-{name}")
    else:
        system.kill(victim)

    assert fed(feeding)["messages"] == len(told)

    return running


def _messages(system: System, name: str) -> int:
    """Messages that the outbox has on its disk."""
    return next(s.messages for s in status(system.settings) if s.source == f"crash-{name}")


def test_the_store_is_the_fold(story: Story) -> None:
    """Charts and people are the naive fold of what was acknowledged; books and chains are whole."""
    changes = story.system.changes()

    assert len(changes) > 2_000
    assert_whole(story.system, changes)


def test_every_victim_died(story: Story) -> None:
    """Each service was started again at least twice, each server once, and feeds were cut."""
    restarts = {name: entry.restarts for name, entry in story.system.processes().items()}

    assert all(restarts[name] >= 2 for name in ("edge", "streams", "store", "audit")), restarts
    assert all(restarts[name] >= 1 for name in ("postgres", "kafka")), restarts
    assert all(running for _, running in story.deaths), story.deaths


def test_the_same_tables_as_a_quiet_run(
    story: Story, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same outboxes, sent on another day when nothing dies, give the same tables."""
    folder = tmp_path_factory.mktemp("quiet")
    _copy_outboxes(story.system, folder / "system" / "data")
    with System(folder / "system", SOURCES) as quiet:
        quiet.await_arrival()
        expected, found = tables(quiet), tables(story.system)
        restarts = {name: entry.restarts for name, entry in quiet.processes().items()}

    assert set(restarts.values()) == {0}, restarts
    for name, rows in expected.items():
        assert len(rows) > 0, name
        assert rows == found[name], f"{name} (seed {story.seed})"


def _copy_outboxes(system: System, data: Path) -> None:
    """Everything that was taken, as if none of it had been sent yet."""
    for source in system.sources():
        origin = path_of(system.settings, source.name)
        target = data / "outbox" / origin.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(origin)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)
        file = OutboxFile(target, source=source.name, partitions=system.settings.partitions)
        sending.ask_resend(file, file.epoch, 0)
        file.close()
