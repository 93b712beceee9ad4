"""A reader of charts, as a process: reads all along, through the documented views, and writes down
what it saw. Whether that was right is judged afterwards by ``reads``.

``python -m dsn_deploy.faults.reader FOLDER SEED``: ``FOLDER/reader.conninfo`` says where the database
is; it is looked up again after every failure, because a failover moves it.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from dsn_deploy.faults.hospital import STATE, WITNESS

#: Between two charts, s.
PAUSE_S = 0.05
#: Before the next try when the database is away, s.
AWAY_S = 0.3
#: Between two looks who is in the store, s.
PEOPLE_S = 2.0

WHERE = "reader.conninfo"
LOG = "reads.jsonl"

_PEOPLE = "SELECT DISTINCT person_id FROM dsn.people_records"
_RECORDS = "SELECT DISTINCT authority || '|' || number FROM dsn.people_records WHERE person_id = %s"
_ENTRIES = (
    "SELECT section, entry, content::text, contributors FROM dsn.entries WHERE person_id = %s"
)
_MARK = re.compile(rf"(?:{STATE}|{WITNESS})-[A-Za-z0-9-]+")
_WORDS = re.compile(r"(?:témoin|état \d+) [A-Z]+\|\d+")


def main() -> None:
    """Read until the process is ended."""
    folder, seed = Path(sys.argv[1]), sys.argv[2]
    chance = random.Random(seed)
    with (folder / LOG).open("a", encoding="utf-8") as log:
        while True:
            try:
                conninfo = (folder / WHERE).read_text(encoding="utf-8")
                with psycopg.connect(conninfo, connect_timeout=5) as connection:
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                    connection.read_only = True
                    _read_on(connection, chance, log)
            except psycopg.Error:
                time.sleep(AWAY_S)


def _read_on(connection: psycopg.Connection[Any], chance: random.Random, log: Any) -> None:
    """Chart after chart. Raises ``psycopg.Error`` when the database goes away."""
    server = connection.info.port
    while True:
        with connection.transaction():
            people = sorted(person for (person,) in connection.execute(_PEOPLE))
        end = time.monotonic() + PEOPLE_S
        while time.monotonic() < end:
            if people:
                read = _read(connection, chance.choice(people))
                log.write(json.dumps({"at": time.time(), "server": server, **read}) + "\n")
                log.flush()
            time.sleep(PAUSE_S)


def _read(connection: psycopg.Connection[Any], person: str) -> dict[str, object]:
    """One chart, in one snapshot: its records, and of each entry what it is known by."""
    with connection.transaction():
        records = sorted(record for (record,) in connection.execute(_RECORDS, [person]))
        entries = [
            [section, entry, _all(_MARK, content), _all(_WORDS, content), _records(contributors)]
            for section, entry, content, contributors in connection.execute(_ENTRIES, [person])
        ]
    return {"person": person, "records": records, "entries": entries}


def _all(pattern: re.Pattern[str], text: str) -> list[str]:
    return sorted(set(pattern.findall(text)))


def _records(contributors: list[dict[str, object]]) -> list[str]:
    return sorted({f"{one['authority']}|{one['number']}" for one in contributors})


if __name__ == "__main__":
    main()
