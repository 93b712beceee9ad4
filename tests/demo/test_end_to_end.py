"""``dsn demo`` on real servers and services, and what the store then says of the cast."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import Place, registrations
from dsn_deploy.demo.run import demo
from dsn_deploy.demo.shipped import shipped_truth, sources_file
from dsn_deploy.provision import provision
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.embedded import environment
from dsn_producers.sources import load
from dsn_schemas.settings import Settings

_SERVICES = ("store", "audit", "streams", "edge")
#: Seconds for the services to come up on a crowded machine.
_UP_S = 120.0

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, list[int]]]:
    """The demonstration run twice; its settings and exit codes."""
    folder = tmp_path_factory.mktemp("demo")
    sources = folder / "sources.toml"
    sources.write_text(_with_free_ports(sources_file().read_text(encoding="utf-8")))
    with EmbeddedStack(data=folder / "data") as stack:
        settings = stack.settings.model_copy(update={"sources": sources})
        provision(settings)
        running = [_start(name, settings, folder) for name in _SERVICES]
        try:
            _await_ports(settings)
            console = Console(quiet=True)
            codes = [demo(settings, as_json=False, console=console) for _ in range(2)]
            yield settings, codes
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(30)


def test_exit_codes(fed: tuple[Settings, list[int]]) -> None:
    """The ledger balances and people are exact, the first time and the second."""
    _, codes = fed

    assert codes == [0, 0]


def test_second_time_changes_nothing(fed: tuple[Settings, list[int]]) -> None:
    """What the second run brought is duplicates: more of them than everything else together."""
    ((received, duplicate, others),) = _rows(
        fed[0], "SELECT sum(received), sum(duplicate), sum(received - duplicate) FROM dsn.ledger"
    )

    assert received == duplicate + others
    assert duplicate > others


def test_married_name(fed: tuple[Settings, list[int]]) -> None:
    """One chart shows the married name and the surname at birth."""
    content = _demographics(fed[0], "therese", "CHUL")

    assert {"Ouellet", "BÉLANGER", "Bélanger"} <= {name["family"] for name in content["names"]}


def test_contradictory_allergies(fed: tuple[Settings, list[int]]) -> None:
    """An allergy and the statement that there is none stand beside each other."""
    rows = _entries(fed[0], "therese", "CHUL", "allergies")

    assert {entry for entry, *_ in rows} == {"statement", "http://snomed.info/sct|91936005"}


def test_contradictory_medication(fed: tuple[Settings, list[int]]) -> None:
    """A drug that is active at one place and stopped at another is one entry in conflict."""
    conflicts = {
        entry: conflict for entry, _, conflict in _entries(fed[0], "therese", "CHUL", "medications")
    }

    assert "status" in conflicts["http://www.whocc.no/atc|B01AA03"]


def test_late_preliminary(fed: tuple[Settings, list[int]]) -> None:
    """The preliminary result that came after the final one is not shown in its place."""
    statuses = {
        status
        for entry, status, _ in _entries(fed[0], "therese", "CHUL", "results")
        if entry.endswith("-2")
    }

    assert statuses == {"final"}


def test_correction(fed: tuple[Settings, list[int]]) -> None:
    """A corrected result is shown as such."""
    statuses = {
        status
        for entry, status, _ in _entries(fed[0], "therese", "CHUL", "results")
        if entry.endswith("-1")
    }

    assert "corrected" in statuses


def test_deleted_allergy(fed: tuple[Settings, list[int]]) -> None:
    """An allergy that its only source deleted is not shown."""
    shown = {entry for entry, *_ in _entries(fed[0], "chau", "HDM-CLINIQUE", "allergies")}

    assert "http://snomed.info/sct|300916003" not in shown


def test_named_newborn(fed: tuple[Settings, list[int]]) -> None:
    """The newborn's chart has the name given later, and both hospitals' records."""
    names = _demographics(fed[0], "rosalie", "CHUL")["names"]

    assert {"Rosalie", "ROSALIE"} <= {given for name in names for given in name["given"]}


def test_quarantine(fed: tuple[Settings, list[int]]) -> None:
    """The three bad messages wait with their reasons, byte for byte."""
    rows = _rows(fed[0], "SELECT source, reason, length(payload) FROM dsn.quarantine")
    by_source = [source for source, _, _ in rows]

    assert {name: by_source.count(name) for name in set(by_source)} == shipped_truth().rejected
    assert all(length > 50 for _, _, length in rows)


def _start(name: str, settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    given = {**os.environ, **environment(settings), "DSN_SOURCES": str(settings.sources)}
    with (folder / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-m", "dsn_deploy", "run", name]
        return subprocess.Popen(command, env=given, stdout=log, stderr=log)


def _with_free_ports(text: str) -> str:
    return re.sub(r"mllp_port = \d+", lambda _: f"mllp_port = {_free_port()}", text)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ports(settings: Settings) -> None:
    deadline = time.monotonic() + _UP_S
    for source in load(settings.sources):
        while source.mllp_port:
            try:
                socket.create_connection((source.mllp_host, source.mllp_port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, f"the edge did not listen within {_UP_S} s"
                time.sleep(0.2)


def _rows(settings: Settings, statement: str, *values: object) -> Rows:
    with psycopg.connect(settings.conninfo, connect_timeout=5) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def _person(settings: Settings, key: str, place: Place) -> str:
    file = next(
        one
        for one in registrations(population())
        if (one.person.key, one.place) == (key, place) and not one.merged_into
    )
    ((person,),) = _rows(
        settings,
        "SELECT DISTINCT person_id FROM dsn.people_records WHERE authority = %s AND number = %s",
        *file.key,
    )
    return str(person)


def _entries(settings: Settings, key: str, place: Place, section: str) -> Rows:
    """Entry, status and conflicts of one section of a chart."""
    return _rows(
        settings,
        "SELECT entry, status, conflict FROM dsn.entries WHERE person_id = %s AND section = %s",
        _person(settings, key, place),
        section,
    )


def _demographics(settings: Settings, key: str, place: Place) -> dict[str, Any]:
    ((content,),) = _rows(
        settings,
        "SELECT content FROM dsn.entries WHERE person_id = %s AND section = 'demographics'",
        _person(settings, key, place),
    )
    assert isinstance(content, dict)
    return content
