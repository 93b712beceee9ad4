"""What became of a message: shown, or in quarantine with a reason; and the next one goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acceptance.hospital import allergy, message
from acceptance.system import System, eventually
from acceptance.tables import assert_balanced

from dsn_producers.mllp_client import Answer, MllpClient

_NUMBERS = itertools.count(1)
#: Seconds from the answer of a good message to its entry in the store, on a crowded machine.
ARRIVES_S = 60.0
UPDATE = "ADT^A08^ADT_A01"


def assert_next_goes_on(system: System, sender: MllpClient | None = None) -> None:
    """A good message on the same connection is acknowledged and read in the store."""
    number = str(100_000 + next(_NUMBERS))
    text = message("BAD", UPDATE, number, f"NEXT{number}", allergy("abeilles"))
    if sender is None:
        with system.sender("bad-adt") as own:
            answer = own.send(text.encode())
    else:
        answer = sender.send(text.encode())

    assert (answer.code, answer.control_id) == ("AA", f"NEXT{number}")

    eventually(lambda: shown(system, number, "allergies"), "the next message shown", ARRIVES_S)


def shown(
    system: System, number: str, section: str, authority: str = "BAD"
) -> list[dict[str, Any]]:
    """Contents of a section in the chart of a record."""
    return [
        content
        for (content,) in system.rows(
            "SELECT DISTINCT e.content FROM dsn.entries AS e JOIN dsn.people_records AS p"
            " USING (person_id) WHERE e.section = %s AND p.authority = %s AND p.number = %s",
            section,
            authority,
            number,
        )
    ]


def quarantined(system: System, payload: bytes) -> list[str]:
    """Reasons of the quarantine rows that hold these bytes; waits for the first."""

    def found() -> list[str]:
        rows = system.rows("SELECT reason FROM dsn.quarantine WHERE payload = %s", payload)
        return [reason for (reason,) in rows]

    eventually(found, "a quarantine row", ARRIVES_S)
    return found()


def assert_refused(system: System, data: bytes, code: str, reason: str) -> None:
    """The answer and the quarantine say the same reason; the next message goes on."""
    with system.sender("bad-adt") as sender:
        answer = sender.send(data)

        assert (answer.code, reason_of(answer)) == (code, reason)
        assert quarantined(system, data) == [reason]
        assert_next_goes_on(system, sender)


def reason_of(answer: Answer) -> str:
    """The reason class that an acknowledgement begins with."""
    return answer.text.split(" ")[0].rstrip(":")


@contextmanager
def nothing_dies(system: System, sources: str) -> Iterator[None]:
    """Every process is still the one that was started, and these sources' books balance."""
    before = {name: entry.restarts for name, entry in system.processes().items()}
    yield
    system.await_arrival()

    assert {name: entry.restarts for name, entry in system.processes().items()} == before
    assert_balanced(system, lambda name: name.startswith(sources))
