"""``dsn demo`` against doubles: what it feeds, what it checks, what it prints."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console

from dsn_deploy.demo import run
from dsn_deploy.demo.outcome import Line, Outcome
from dsn_deploy.demo.run import Surroundings, demo_sources, play
from dsn_deploy.demo.shipped import FEEDS, shipped_truth, sources_file
from dsn_deploy.demo.table import show
from dsn_deploy.demo.truth import Record
from dsn_deploy.errors import CommandError
from dsn_producers.sources import Source, load
from dsn_schemas.settings import Settings

TRUTH = shipped_truth()
KEYS = [
    *("received", "shown", "superseded", "duplicate", "quarantined", "unexplained"),
    *("people", "seconds", "changes_per_s"),
]


class World:
    """A system in memory that does everything right, unless told otherwise."""

    def __init__(self) -> None:
        self.fed: list[tuple[str, str]] = []
        self.sent = 0
        self.arrives = True
        self.taken = 0
        self.doubled = 0
        self.lost = 0
        self.grouping: dict[Record, str] = {
            record: f"person-{index}"
            for index, records in enumerate(TRUTH.people)
            for record in records
        }

    def send(self, source: Source, messages: Sequence[bytes]) -> Counter[str]:
        self.sent += len(messages)
        return Counter({"AA": len(messages)})

    def feed(self, source: Source, path: Path) -> int:
        again = (source.name, path.name) in self.fed
        self.fed.append((source.name, path.name))
        self.taken += not again
        self.doubled += again
        return 3

    def wait(self, sources: Sequence[str], deadline_s: float) -> bool:
        return self.arrives

    def ledger(self, sources: Sequence[str]) -> tuple[Line, ...]:
        if not self.fed:
            return ()
        return tuple(self._line(source) for source in sources)

    def people(self, authorities: Sequence[str]) -> dict[Record, str]:
        return {record: who for record, who in self.grouping.items() if record[0] in authorities}

    def _line(self, source: str) -> Line:
        quarantined = TRUTH.rejected.get(source, 0)
        doubles = 100 * (len(self.fed) // len(FEEDS) - 1)
        shown = 100 - quarantined - 10 - self.lost
        return Line(
            source=source,
            received=100 + doubles,
            shown=shown,
            superseded=10,
            duplicate=doubles,
            quarantined=quarantined,
            in_flight=0,
            unexplained=self.lost,
        )


@pytest.fixture
def known() -> dict[str, Source]:
    return {source.name: source for source in load(sources_file())}


def _play(world: Surroundings, known: dict[str, Source]) -> Outcome:
    ticks: Iterator[float] = (2.0 * tick for tick in count())
    return play(known, world, TRUTH, say=lambda text: None, clock=lambda: next(ticks))


def test_all_well(known: dict[str, Source]) -> None:
    """Everything is fed once, and nothing is found wrong."""
    world = World()
    outcome = _play(world, known)

    assert outcome.wrong == ()
    assert world.fed == list(FEEDS)
    assert world.sent == 40
    assert outcome.people == len(TRUTH.people)
    assert outcome.changes_per_s == 200.0


def test_twice(known: dict[str, Source]) -> None:
    """The second time everything is a duplicate and the ledger balances; only new changes count."""
    world = World()
    _play(world, known)
    second = _play(world, known)

    assert second.wrong == ()
    assert second.total("duplicate") == 400
    assert second.changes == 400


def test_lost_change(known: dict[str, Source]) -> None:
    """A change without a fate is found."""
    world = World()
    world.lost = 1
    wrong = _play(world, known).wrong

    assert len(wrong) == 4
    assert "1 unexplained" in wrong[0]


def test_late(known: dict[str, Source]) -> None:
    """What does not arrive in time is said."""
    world = World()
    world.arrives = False

    assert _play(world, known).wrong == ("not everything arrived within 180 s",)


def test_wrong_chart(known: dict[str, Source]) -> None:
    """Two people in one chart are found, although every count of the ledger is right."""
    world = World()
    people = [records for records in TRUTH.people if len(records) == 2]
    for record in people[0]:
        world.grouping[record] = world.grouping[people[1][0]]
    wrong = _play(world, known).wrong

    assert wrong == (
        f"{len(TRUTH.people) - 1} people instead of {len(TRUTH.people)}",
        "1 people are made of other records than they should be",
    )


def test_swapped_records(known: dict[str, Source]) -> None:
    """Two records swapped between people are found, although the number of people is right."""
    world = World()
    one, two = [records[0] for records in TRUTH.people if len(records) == 2][:2]
    world.grouping[one], world.grouping[two] = world.grouping[two], world.grouping[one]

    assert _play(world, known).wrong == ("2 people are made of other records than they should be",)


def test_merge_not_done(known: dict[str, Source]) -> None:
    """A merge that did not happen is found."""
    world = World()
    world.grouping[TRUTH.merges[0][1]] = "somebody-else"

    assert "1 of 3 merges did not happen" in _play(world, known).wrong


def test_missing_record(known: dict[str, Source]) -> None:
    """A record that nobody shows is found."""
    world = World()
    del world.grouping[TRUTH.people[0][0]]

    assert "1 of 251 records have no person" in _play(world, known).wrong


def test_silent_source(known: dict[str, Source]) -> None:
    """A source of which nothing reached the store is found."""

    class Silent(World):
        def ledger(self, sources: Sequence[str]) -> tuple[Line, ...]:
            return super().ledger(sources)[1:]

    assert _play(Silent(), known).wrong == ("chul-adt: nothing of it reached the store",)


def test_quarantine_is_counted(known: dict[str, Source]) -> None:
    """A quarantine that holds other than the three bad messages is found."""

    class Strict(World):
        def ledger(self, sources: Sequence[str]) -> tuple[Line, ...]:
            lines = super().ledger(sources)
            return tuple(
                replace(one, quarantined=5, shown=one.shown + one.quarantined - 5) for one in lines
            )

    assert "chul-labo: 5 in quarantine instead of 0" in _play(Strict(), known).wrong


def test_json_keys(known: dict[str, Source]) -> None:
    """The JSON object has exactly the promised keys, and its fates add up."""
    said = _play(World(), known).as_object()

    assert list(said) == KEYS
    assert said["received"] == sum(
        said[fate] for fate in ("shown", "superseded", "duplicate", "quarantined")
    )
    assert said["unexplained"] == 0


def test_no_numbers_in_findings(known: dict[str, Source]) -> None:
    """What is found wrong names no local number."""
    world = World()
    world.grouping = {record: "one" for record in list(world.grouping)[5:]}
    words = " ".join(_play(world, known).wrong)

    assert words
    assert not any(number in words for records in TRUTH.people for _, number in records)


def test_table(known: dict[str, Source]) -> None:
    """A person sees every source, the totals, the page and a NAM to look up."""
    written = io.StringIO()
    console = Console(file=written, width=120)
    show(_play(World(), known), console, page="http://127.0.0.1:8400/", example=TRUTH.example)
    text = written.getvalue()

    for words in (*known, "total", "http://127.0.0.1:8400/", "BELT 4853 1413", "✓"):
        assert words in text


def test_table_says_what_is_wrong(known: dict[str, Source]) -> None:
    """A finding is printed, and nothing says that all is well."""
    world = World()
    world.lost = 1
    written = io.StringIO()
    show(_play(world, known), Console(file=written, width=120), page="", example=TRUTH.example)

    assert "✗ chul-adt" in written.getvalue()
    assert "✓" not in written.getvalue()


def test_other_sources(tmp_path: Path) -> None:
    """Services that run with other sources are told apart before anything is sent."""
    other = tmp_path / "sources.toml"
    other.write_text('[[source]]\nname = "x"\nestablishment = "x"\nauthority = "X"\n')

    with pytest.raises(CommandError, match="has no source chul-adt, chul-labo, hdm-adt"):
        demo_sources(Settings(sources=other))
    with pytest.raises(CommandError, match="no such file"):
        demo_sources(Settings(sources=tmp_path / "absent.toml"))


@pytest.mark.parametrize(("lost", "code"), [(0, 0), (1, 1)])
def test_exit_code_and_last_line(
    lost: int,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 0 only when all is right; with --json the last line is the object either way."""
    world = World()
    world.lost = lost
    monkeypatch.setattr("dsn_deploy.demo.around.Running", lambda settings, console: world)
    settings = Settings(sources=sources_file())

    assert run.demo(settings, as_json=True, console=Console(width=120)) == code
    assert list(json.loads(capsys.readouterr().out.splitlines()[-1])) == KEYS
