"""``dsn compare`` between a real outbox and a real PostgreSQL: what was planted is found, by number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from consumers.books import Centre
from consumers.site import PARTITIONS, Site
from typer.testing import CliRunner

from dsn_deploy.cli import application
from dsn_deploy.errors import FAILED, OK, CommandError
from dsn_producers import receipted
from dsn_producers.comparing import facts
from dsn_schemas.settings import Settings
from support.world import World

#: Noon of 1 March 2026 in UTC, ms.
NOON = 1_772_366_400_000
CHANGES = 200
REMOVED, ALTERED, HIDDEN, LOST = 17, 66, 90, 130


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings = Settings(data=tmp_path, partitions=PARTITIONS)
    made = Site(World(seed=5, partitions=PARTITIONS), settings)
    yield made
    made.file.close()


@pytest.fixture
def centre(connection: psycopg.Connection[Any], site: Site) -> Centre:
    return Centre(connection, site.world)


@pytest.fixture
def dsn(conninfo: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command where both the outbox and the store are; its exit code and its one line."""
    monkeypatch.setenv("DSN_DATA", str(site.settings.data))
    monkeypatch.setenv("DSN_CONNINFO", conninfo)
    monkeypatch.setenv("DSN_PARTITIONS", str(PARTITIONS))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(application(), ["compare", *arguments, "--json"])
        if isinstance(result.exception, CommandError):
            raise result.exception
        return result.exit_code, json.loads(result.stdout.splitlines()[-1])

    return run


def said(site: Site, centre: Centre, *, but: tuple[int, ...] = ()) -> None:
    """Two hundred changes, sent ``but`` for some numbers, and taken by the centre."""
    for number in range(CHANGES):
        site.say(f"item {number}", f"Pénicilline {number}", NOON + number)
    site.send(NOON + CHANGES, but=but)
    site.world.run()
    centre.store()
    centre.audit()


def free(site: Site, numbers: int) -> None:
    """Remove from the outbox what a receipt covers."""
    site.file.execute("put_receipt", 1, numbers, numbers, "s", 1, NOON)
    assert receipted.free(site.file, NOON + numbers, CHANGES) == numbers


def plant(superuser: str) -> None:
    """What somebody who may do anything could do to the centre."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("ALTER TABLE dsn_store.audit DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM dsn_store.audit WHERE seq = %s", [REMOVED])
        connection.execute(
            "UPDATE dsn_store.audit SET content_digest = sha256('other') WHERE seq = %s", [ALTERED]
        )
        connection.execute("DELETE FROM dsn_store.entries WHERE %s = ANY (seqs)", [HIDDEN])


def test_both_sides_agree(dsn: Any, site: Site, centre: Centre) -> None:
    """Whoever begins: one file is enough, also for changes that the outbox has removed."""
    said(site, centre)
    free(site, 100)
    for begins in ([], ["--centre"]):
        code, first = dsn("begin", "--source", "adt", "--out", "one.json", *begins)
        assert (code, first["numbers"]) == (OK, CHANGES)
        code, found = dsn("answer", "one.json")
        assert (code, found["equal"], found["done"], found["compared"]) == (OK, True, True, CHANGES)
        assert not found["found"]
    code, found = dsn("here", "--source", "adt")
    assert (code, found["equal"], found["bytes"] < 2000) == (OK, True, True)


@pytest.mark.parametrize("begins", [[], ["--centre"]])
def test_what_was_planted_is_found(
    dsn: Any, superuser: str, site: Site, centre: Centre, begins: list[str]
) -> None:
    """A row taken away, one altered, a number lost, and what no chart shows: these and no more."""
    said(site, centre, but=(LOST,))
    free(site, 100)
    plant(superuser)
    dsn("begin", "--source", "adt", "--out", "one.json", *begins)
    code, between = dsn("answer", "one.json", "--out", "two.json")
    assert (code, between["done"]) == (FAILED, False)
    code, found = dsn("answer", "two.json")

    assert (code, found["done"], found["equal"]) == (FAILED, True, False)
    assert found["found"] == {
        "missing": {"1": [[REMOVED, REMOVED], [LOST, LOST]]},
        "differing": {"1": [[ALTERED, ALTERED]]},
    }
    assert found["not_shown"] == {"1": [[HIDDEN, HIDDEN]]}
    assert found["repair"] == [f"dsn resend --source adt --epoch 1 --from {REMOVED}"]
    carried = Path("one.json").read_text() + Path("two.json").read_text()
    assert "item" not in carried
    assert "nicilline" not in carried
    assert dsn("here", "--source", "adt")[1]["found"] == found["found"]


def test_what_is_on_its_way_is_no_difference(dsn: Any, site: Site, centre: Centre) -> None:
    """The centre has not read past it; a resend closes what was lost."""
    said(site, centre, but=(LOST,))
    for number in range(5):
        site.say(f"more {number}", "Latex", NOON + CHANGES + number)
    code, found = dsn("here", "--source", "adt")
    assert code == FAILED
    assert found["found"] == {
        "missing": {"1": [[LOST, LOST]]},
        "in_flight": {"1": [[CHANGES + 1, CHANGES + 5]]},
    }
    site.sent = site.file.epoch * (1 << 40) + LOST - 1
    site.send(NOON + 2 * CHANGES)
    site.world.run()
    centre.store()
    centre.audit()
    code, found = dsn("here", "--source", "adt")

    assert (code, found["found"], found["compared"]) == (OK, {}, CHANGES + 5)


def test_what_an_earlier_version_removed_is_not_compared(
    dsn: Any, site: Site, centre: Centre
) -> None:
    """It is counted, and never said to agree or to be missing."""
    said(site, centre)
    free(site, 100)
    site.file.run("DELETE FROM removed WHERE position & 255 < 50")
    assert facts(site.file).epochs == {1: (49, CHANGES)}
    code, found = dsn("here", "--source", "adt")
    assert (code, found["found"], found["compared"]) == (
        OK, {"not_compared": {"1": [[1, 49]]}}, CHANGES - 49,
    )  # fmt: skip
    # A version that kept none ran in between: nothing that was removed is compared.
    site.file.run("DELETE FROM removed WHERE position & 255 = 70")
    assert facts(site.file).epochs == {1: (100, CHANGES)}


def test_bytes_of_another_schema_are_not_compared(dsn: Any, site: Site, centre: Centre) -> None:
    """A registry made anew gives other ids: bytes differ, and that is no difference."""
    said(site, centre)
    frame = (int.from_bytes(site.frame[1:], "big") + 1).to_bytes(5, "big")
    site.file.put_meta(f"frame.{site.file.own_schema}", frame)
    code, found = dsn("here", "--source", "adt")

    assert (code, found["found"]) == (OK, {"not_compared": {"1": [[1, CHANGES]]}})


def test_commands_say_what_is_wrong(dsn: Any, site: Site, centre: Centre, tmp_path: Path) -> None:
    """An unknown source, a file carried back, no comparison at all, a secret that others read."""
    said(site, centre)
    with pytest.raises(CommandError, match="no number of labo"):
        dsn("begin", "--source", "labo")
    assert dsn("begin", "--source", "adt")[1]["file"] == "adt-comparison-1.json"
    (tmp_path / "other.json").write_text('{"kind": "else"}')
    with pytest.raises(CommandError, match="no part of a comparison"):
        dsn("answer", "other.json")
    with pytest.raises(CommandError, match="No such file"):
        dsn("answer", "none.json")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    secret.chmod(0o644)
    with pytest.raises(CommandError, match="chmod 400"):
        dsn("answer", "adt-comparison-1.json", "--secret", "secret")
    secret.chmod(0o400)
    dsn("begin", "--source", "adt", "--secret", "secret")
    assert dsn("answer", "adt-comparison-1.json", "--secret", "secret")[0] == OK
    assert dsn("answer", "adt-comparison-1.json")[0] == FAILED
