"""What was refused for a wrong setting, taken after the fix, on a whole running system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from acceptance.fates import ARRIVES_S, UPDATE, quarantined, shown
from acceptance.hospital import allergy, message
from acceptance.system import System, eventually
from acceptance.tables import assert_balanced

from dsn_deploy.stack.embedded import environment


def dsn(system: System, *words: str, **changes: str) -> tuple[int, dict[str, Any]]:
    """A command typed beside the running system: its exit code, and its last line."""
    given = environment(system.settings)
    del given["DSN_GENERATION"]
    process = subprocess.run(
        [sys.executable, "-m", "dsn_deploy", *words, "--json"],
        env={**os.environ, **given, **changes},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.stdout, process.stderr
    return process.returncode, json.loads(process.stdout.splitlines()[-1])


def test_messages_refused_for_a_wrong_setting_are_taken_after_the_fix(
    system: System, tmp_path: Path
) -> None:
    """Dry first, then for good; the newer message stands, and the books balance."""
    old = message("LATE", UPDATE, "1", "OLD", allergy("noix"), family="Bélanger", charset="")
    new = message("LATE", UPDATE, "1", "NEW", allergy("lait"), family="Roy", charset="")
    never = message("LATE", "ZZZ^Z99", "1", "NEVER", family="Gagne", charset="")
    with system.sender("late-adt") as sender:
        assert sender.send(old.encode("latin-1")).code == "AE"
        assert sender.send(new.encode()).code == "AA"
        assert sender.send(never.encode()).code == "AR"
    assert quarantined(system, old.encode("latin-1")) == ["wrong-charset"]
    assert quarantined(system, never.encode()) == ["unknown-message-type"]

    code, listed = dsn(system, "quarantine", "list", "--source", "late-adt")
    assert (code, listed["open"]) == (1, 2)
    assert {one["class"] for one in listed["quarantine"]} == {"unreadable", "unsupported"}
    place = listed["quarantine"][0]["place"]
    _, one = dsn(system, "quarantine", "show", place)
    assert "xxxxxxxx^xxxxxxx" in one["shape"] and "langer" not in json.dumps(one)

    retry = ("quarantine", "retry", "--source", "late-adt")
    code, said = dsn(system, *retry, "--dry-run")
    assert (code, said["accepted"], said["failed"]) == (1, 0, 2), "nothing was mended yet"

    mended = tmp_path / "sources.toml"
    text = system.settings.sources.read_text(encoding="utf-8")
    head, _, tail = text.partition('name = "late-adt"')
    mended.write_text(f'{head}name = "late-adt"\ncharset = "latin-1"{tail}', encoding="utf-8")
    code, said = dsn(system, *retry, "--dry-run", DSN_SOURCES=str(mended))
    assert (code, said["accepted"], said["failed"]) == (1, 1, 1)
    by = {one["accepted"]: one for one in said["outcomes"]}
    assert by[True]["passed_over"] >= 1, "who the person is, a newer message said"
    assert by[False]["reason"] == "wrong-charset", "it is in UTF-8, and fails for another reason"

    code, said = dsn(system, *retry, "--reason", "wrong-charset", DSN_SOURCES=str(mended))
    assert (code, said["accepted"]) == (0, 1)
    system.await_arrival()
    eventually(lambda: len(shown(system, "1", "allergies", "LATE")) == 2, "both", ARRIVES_S)
    (person,) = shown(system, "1", "demographics", "LATE")
    assert {name["family"] for name in person["names"]} == {"Roy"}

    _, listed = dsn(system, "quarantine", "list", "--source", "late-adt", "--state", "resolved")
    assert [row["place"] for row in listed["quarantine"]] == [place]
    assert_balanced(system, lambda name: name == "late-adt")


def test_an_outbox_elsewhere_is_asked_and_answers(system: System, tmp_path: Path) -> None:
    """Over the receipts topic; what fails again is open again, with its new word."""
    text = message("LATE", "ZZZ^Z98", "2", "ASKED")
    with system.sender("late-adt") as sender:
        assert sender.send(text.encode()).code == "AR"
    assert quarantined(system, text.encode()) == ["unknown-message-type"]
    (place,) = system.rows(
        "SELECT topic || ':' || \"partition\" || ':' || \"offset\" FROM dsn.quarantine"
        " WHERE payload = %s",
        text.encode(),
    )[0]

    code, said = dsn(system, "quarantine", "retry", str(place), DSN_DATA=str(tmp_path))
    assert (code, said["on_their_way"]) == (0, 1)

    def answered() -> bool:
        rows = system.rows(
            "SELECT state, detail FROM dsn.quarantine WHERE payload = %s ORDER BY seq",
            text.encode(),
        )
        return [state for state, _ in rows] == ["resolved", "open"] and "(retry 1)" in rows[1][1]

    eventually(answered, "the edge's answer", ARRIVES_S)
    code, _ = dsn(
        system, "quarantine", "abandon", "--source", "late-adt", "--reason-given", "not for us"
    )
    assert code == 0
    code, listed = dsn(system, "quarantine", "list", "--source", "late-adt")
    assert (code, listed["open"]) == (0, 0)
    assert_balanced(system, lambda name: name == "late-adt")
