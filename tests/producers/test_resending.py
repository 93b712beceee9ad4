"""``dsn resend`` where the outbox is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dsn_producers import receipted, restoring, sending
from dsn_producers.errors import Removed
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.resending import has_outbox, resend
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_schemas.records import Receipt
from dsn_schemas.settings import Settings
from support.establishment import message_of, taken_form


def outbox(settings: Settings, source: Source, count: int, freed: int) -> OutboxFile:
    """So many changes, all sent, the first of them freed."""
    taking = Outbox(settings, source.name, clock=lambda: 1000)
    for n in range(count):
        taking.take(taken_form(message_of([(str(n), "a", "x")]), source)).result(10)
    taking.close()
    file = OutboxFile(path_of(settings, source.name), source=source.name, partitions=4)
    restoring.trust(file)
    sending.mark_sent(file, position_of(1, count), {})
    receipted.take_receipt(file, Receipt(source=source.name, epoch=1, seq=freed, at=0))
    receipted.free(file, 2000, 1000)
    return file


def test_a_dry_run_says_what_would_go_and_does_nothing(settings: Settings, source: Source) -> None:
    """Then the same is asked for."""
    assert not has_outbox(settings, source.name)
    file = outbox(settings, source, 10, 4)
    assert has_outbox(settings, source.name)

    dry = resend(settings, source.name, epoch=None, first=8, dry_run=True)
    assert (dry.epoch, dry.first, dry.changes) == (1, 8, 3)
    assert file.meta("resend", -1) == -1
    assert resend(settings, source.name, epoch=1, first=8, dry_run=False) == dry
    assert file.meta("resend") == position_of(1, 7)
    file.close()


def test_without_a_number_everything_that_is_held_goes(settings: Settings, source: Source) -> None:
    """From the first row that was not freed, of any epoch."""
    file = outbox(settings, source, 10, 4)
    restoring.begin_new_epoch(file, 0)

    found = resend(settings, source.name, epoch=None, first=None, dry_run=False)

    assert (found.epoch, found.first, found.changes) == (1, 5, 6)
    file.close()


def test_what_was_freed_is_refused_by_name(settings: Settings, source: Source) -> None:
    """Rather than sent in part: the operator chose a number for a reason."""
    outbox(settings, source, 10, 4).close()

    with pytest.raises(Removed, match="behind 2 of epoch 1 were confirmed and removed up to 4"):
        resend(settings, source.name, epoch=None, first=3, dry_run=True)


def test_the_command_tells_the_outbox_that_is_here(settings: Settings, source: Source) -> None:
    """No server is needed; its last line is one JSON object, and a refusal is a sentence."""
    file = outbox(settings, source, 10, 4)

    done = command(settings, "--from", "8")
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "dry_run": False,
        "by": "outbox",
        "source": "chum-adt",
        "epoch": 1,
        "first": 8,
        "changes": 3,
    }
    assert file.meta("resend") == position_of(1, 7)
    file.close()

    refused = command(settings, "--from", "2")
    assert refused.returncode == 1
    assert "confirmed and removed up to 4" in refused.stderr and "Traceback" not in refused.stderr


def command(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    """``dsn resend``."""
    return subprocess.run(
        [sys.executable, "-m", "dsn_deploy", "resend", "--json", "--source", "chum-adt", *options],
        env={**os.environ, "DSN_DATA": str(settings.data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
