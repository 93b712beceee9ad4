"""`stack.json` tells others what runs, and harms nobody when it is old."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from dsn_deploy.errors import Busy
from dsn_deploy.process import ProcessIdentity
from dsn_deploy.statefile import (
    Entry,
    Phase,
    State,
    StateFile,
    ourselves,
    owning,
    path_of,
    read,
)

GONE = ProcessIdentity(pid=1, started="before the flood")


def test_reader_sees_what_the_owner_wrote(tmp_path: Path) -> None:
    """Every fact written is read back."""
    state_file = StateFile(tmp_path, State(owner=ourselves()))
    state_file.record("kafka", GONE)
    state_file.note("kafka", ready=True, restarts=2, note="why")
    state_file.put(phase=Phase.RUNNING, environment={"DSN_KAFKA": "here"})

    expected = State(
        owner=ourselves(),
        phase=Phase.RUNNING,
        environment={"DSN_KAFKA": "here"},
        entries={"kafka": Entry(process=GONE, ready=True, restarts=2, note="why")},
    )
    assert read(tmp_path) == expected


def test_file_of_a_dead_owner_is_stale(tmp_path: Path) -> None:
    """A file is stale once its writer is gone, whoever has the pid now."""
    ours = State(owner=ourselves())

    assert not ours.is_stale
    assert replace(ours, owner=replace(ours.owner, started="another moment")).is_stale


def test_orphans_are_the_living() -> None:
    """Only processes that still live are orphans."""
    entries = {"kafka": Entry(process=GONE), "streams": Entry(process=ourselves()), "web": Entry()}

    assert State(owner=GONE, entries=entries).orphans() == {"streams": ourselves()}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"owner": 7}'])
def test_unreadable_file_is_no_state(tmp_path: Path, content: str) -> None:
    """A file of another version, or of someone else, is as good as none."""
    path_of(tmp_path).write_text(content)

    assert read(tmp_path) is None


def test_removed_file_is_no_state(tmp_path: Path) -> None:
    """After a clean stop there is nothing to read."""
    StateFile(tmp_path, State(owner=ourselves())).remove()

    assert read(tmp_path) is None


def _own(data: Path, answers: multiprocessing.SimpleQueue[str]) -> None:
    try:
        with owning(data):
            answers.put("owned")
    except Busy:
        answers.put("busy")


def test_folder_has_one_owner(tmp_path: Path) -> None:
    """A second process is refused while the first owns the folder, and only then."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()

    def ask() -> str:
        other = context.Process(target=_own, args=(tmp_path, answers))
        other.start()
        other.join(30)
        return str(answers.get())

    with owning(tmp_path):
        assert ask() == "busy"
    assert ask() == "owned"
