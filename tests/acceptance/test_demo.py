"""``dsn demo --json --stop`` as a stranger types it, in an empty folder with nothing configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dsn_deploy.demo.outcome import FATES
from dsn_deploy.demo.shipped import shipped_truth
from dsn_deploy.statefile import read

KEYS = (*FATES, "people", "seconds", "changes_per_s")
#: Seconds for a whole run on a crowded machine: start, feed, stop.
RUN_S = 300


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    code: int
    out: str
    err: str

    @property
    def figures(self) -> dict[str, float]:
        """The JSON on the last line of what it printed."""
        return dict(json.loads(self.out.splitlines()[-1]))


def demo(folder: Path, *options: str) -> Run:
    """Run the command in a folder, with nothing in the environment but where programs are."""
    kept = {name: os.environ[name] for name in ("HOME", "DSN_CACHE") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "dsn_deploy", *options],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **kept},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder; nothing runs in it any more afterwards."""
    folder = tmp_path_factory.mktemp("stranger")
    yield folder
    demo(folder, "down")
    state = read(folder / ".dsn")

    assert state is None or not state.orphans()


@pytest.fixture(scope="module")
def first(folder: Path) -> Run:
    """The first run, which stops everything behind it."""
    return demo(folder, "demo", "--json", "--stop")


@pytest.fixture(scope="module")
def second(folder: Path, first: Run) -> Run:
    """The second run over the same data; what it started keeps running."""
    return demo(folder, "demo", "--json")


def test_the_first_run(first: Run) -> None:
    """It ends well; the last line is the nine figures, they balance and the people are right."""
    assert first.code == 0, first.err
    assert tuple(first.figures) == KEYS
    assert_balances(first.figures)
    assert first.figures["people"] == len(shipped_truth().people)
    assert first.figures["quarantined"] == sum(shipped_truth().rejected.values())


def test_it_stops_everything(folder: Path, first: Run) -> None:
    """With ``--stop`` nothing runs afterwards; the data stays."""
    assert read(folder / ".dsn") is None
    assert (folder / ".dsn" / "outbox").is_dir()


def test_the_second_run(first: Run, second: Run) -> None:
    """The same messages again are duplicates; everything else is as it was."""
    assert second.code == 0, second.err
    assert_balances(second.figures)
    same = ("shown", "superseded", "quarantined", "people")
    assert {k: second.figures[k] for k in same} == {k: first.figures[k] for k in same}
    assert second.figures["duplicate"] > first.figures["duplicate"]


def test_a_loss_is_found(folder: Path, second: Run) -> None:
    """A row that vanishes from the store makes the next run fail and say where."""
    assert_one_row_deleted(folder)
    third = demo(folder, "demo", "--json", "--stop")

    assert third.code != 0
    assert third.figures["unexplained"] > 0
    assert "unexplained" in third.err


def assert_balances(figures: dict[str, float]) -> None:
    """received = shown + superseded + duplicate + quarantined."""
    assert figures["unexplained"] == 0
    assert figures["received"] > 0
    assert figures["received"] == sum(
        figures[name] for name in ("shown", "superseded", "duplicate", "quarantined")
    )


def assert_one_row_deleted(folder: Path) -> None:
    """Behind the back of everybody."""
    state = read(folder / ".dsn")
    assert state is not None
    conninfo = state.environment["DSN_CONNINFO"].replace("user=dsn", "user=postgres")
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        deleted = connection.execute(
            "DELETE FROM dsn_store.entries WHERE (person_id, entry_digest) IN ("
            "SELECT person_id, entry_digest FROM dsn_store.entries"
            " WHERE section = 'allergies' AND content IS NOT NULL LIMIT 1)"
        )
        assert deleted.rowcount == 1
