"""How many entries a second the store and the audit take in, and how soon one can be read.

    .venv/bin/python tests/consumers/bench_store.py --entries 200000

Starts a Kafka and a PostgreSQL of its own, publishes hand-made entries (600 B, one to three
contributors) and changes, then starts the consumers as processes and waits for their offsets.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from consumers.conftest import Journal
from consumers.parts import (
    CHANGES,
    PARTITIONS,
    LocalIds,
    View,
    change,
    codec,
    contributor,
    fresh_database,
    mark,
    view_entry,
)

from dsn_consumers.intake import Read
from dsn_consumers.store import TOPICS as STORE_TOPICS
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.contract import SUBJECTS, composed_json
from dsn_schemas.keys import partition_of, person_id, record_key
from dsn_schemas.records import Allergy, Coding, Concept, Demographics, HumanName, Identifier
from dsn_schemas.registry import _keep
from dsn_schemas.settings import Settings
from dsn_schemas.topics import IDENTITY_LINKS, VIEW

SOURCES = ("chum-adt", "chum-lab", "chum-rx")


def entries(count: int) -> View:
    view = View()
    people = max(1, count // 10)
    for n in range(people):
        key = record_key("CHUM", str(n))
        person = person_id(key)
        view.link("CHUM", str(n))
        names = (HumanName(family=f"Tremblay{n % 997}", given=("Marie", f"Ève{n % 89}")),)
        who = Demographics(
            names=names,
            identifiers=(
                Identifier(value=f"TREM{n:08d}", type="JHN"),
                Identifier(value=str(n), type="MR"),
            ),
            birth_date="1980-05-22",
        )
        for i in range(10):
            by = [
                contributor(SOURCES[j], "CHUM", str(n), f"i{i}", n * 10 + i + 1)
                for j in range(1 + i % 3)
            ]
            coding = Coding(system="http://snomed.info/sct", code=str(i), display="Pénicilline G")
            content = Allergy(
                code=Concept(codings=(coding,), text="Pénicilline"),
                criticality="high",
                note="Réaction cutanée rapportée par la patiente. " * 5,
            )
            if i == 0:
                view.entry(view_entry(person, "demographics", "patient", who, by))
            else:
                view.entry(
                    view_entry(person, "allergies", f"http://snomed.info/sct|{i}", content, by)
                )
    view.barriers("chum-adt", count)
    return view


def changes(count: int) -> list[Read]:
    last: dict[int, int] = {}
    reads = []
    content = Allergy(code=Concept(text="Pénicilline"), note="Réaction cutanée. " * 10)
    for seq in range(1, count + 1):
        number = str(seq % (count // 10))
        p = partition_of(record_key("CHUM", number), PARTITIONS)
        record = change(seq, last.get(p, 0), number=number, item=f"i{seq % 7}", content=content)
        last[p] = seq
        reads.append(Read(CHANGES, p, 0, b"k", codec.encode(record), 0))
    for p in range(PARTITIONS):
        end = mark(count, last[p], received=count)
        reads.append(Read(CHANGES, p, 0, b"k", codec.encode(end), 0))
    return reads


def run(
    journal: Journal, module: str, reads: list[Read], topics: tuple[str, ...]
) -> dict[str, float]:
    """Start the consumer on a full topic; seconds and CPU until its offsets are at the end."""
    environment = {f"DSN_{k.upper()}": str(v) for k, v in journal.settings}
    program = (
        f"from {module} import main; from dsn_schemas.settings import Settings; main(Settings())"
    )
    wanted: dict[tuple[str, int], int] = {}
    for read in reads:
        wanted[read.topic, read.partition] = wanted.get((read.topic, read.partition), 0) + 1
    began, started = time.monotonic(), 0.0
    process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **environment},
                               stdout=subprocess.DEVNULL)  # fmt: skip
    with psycopg.connect(journal.settings.conninfo, autocommit=True) as connection:
        first = None
        while True:
            rows = connection.execute(
                'SELECT topic, "partition", next_offset FROM dsn_store.offsets WHERE topic = ANY(%s)',
                [list(topics)],
            ).fetchall()
            at = {(t, p): n for t, p, n in rows}
            if first is None and any(at.values()):
                first, started = time.monotonic(), cpu_s(process.pid)  # imports are done
            if at and all(at.get(place, 0) >= n for place, n in wanted.items()):
                break
            time.sleep(0.05)
        seconds = time.monotonic() - (first or began)
        server = cpu_s(backend_of(connection))
    python = cpu_s(process.pid) - started
    process.terminate()
    process.wait(15)
    return {
        "records": len(reads),
        "seconds": round(seconds, 2),
        "per_s": round(len(reads) / seconds),
        "python_us_per_record": round(python * 1e6 / len(reads), 1),
        "postgresql_us_per_record": round(server * 1e6 / len(reads), 1),
    }


def backend_of(connection: psycopg.Connection[Any]) -> int:
    """The process of PostgreSQL that works for the consumer."""
    row = connection.execute(
        "SELECT pid FROM pg_stat_activity"
        " WHERE application_name = 'dsn' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


def cpu_s(pid: int) -> float:
    """CPU a running process has used, s."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def latency(journal: Journal, count: int = 200) -> dict[str, float]:
    """From handing an entry to Kafka until it can be read, one at a time, ms."""
    view = entries(20)
    person = person_id(record_key("CHUM", "0"))
    took = []
    with psycopg.connect(journal.settings.conninfo, autocommit=True) as connection:
        for n in range(count):
            by = [contributor("chum-adt", "CHUM", "0", "x", n + 1)]
            read = view.entry(
                view_entry(person, "allergies", f"late{n}", Allergy(code=Concept(text="x")), by)
            )
            began = time.monotonic()
            journal.publish([read])
            while not connection.execute(
                "SELECT FROM dsn.entries WHERE person_id = %s AND entry = %s", [person, f"late{n}"]
            ).rowcount:
                time.sleep(0.001)
            took.append((time.monotonic() - began) * 1000)
    took.sort()
    return {
        "p50_ms": round(statistics.median(took), 1),
        "p99_ms": round(took[int(count * 0.99)], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=200_000)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory() as folder, EmbeddedStack(data=Path(folder)) as stack:
        conninfo = fresh_database(
            stack.postgres.conninfo("postgres", "postgres"), stack.postgres.conninfo()
        )
        settings = Settings(kafka=stack.kafka.bootstrap, conninfo=conninfo, data=Path(folder) / "d",
                            partitions=PARTITIONS)  # fmt: skip
        for name in SUBJECTS:
            _keep(settings, LocalIds().id_of(name), composed_json(name))
        journal = Journal(settings)
        journal.make_topics(*STORE_TOPICS, CHANGES)
        said: dict[str, object] = {}
        view = entries(asked.entries).reads
        journal.publish(view)
        said["store"] = run(journal, "dsn_consumers.store", view, (VIEW, IDENTITY_LINKS))
        journal.start()
        said["store_latency"] = latency(journal)
        journal.stop()
        made = changes(asked.entries)
        journal.publish(made)
        said["audit"] = run(journal, "dsn_consumers.audit", made, (CHANGES,))
        from dsn_consumers.ledger import ledger
        from dsn_consumers.verify import verify

        began = time.monotonic()
        assert len(ledger(conninfo)) > 0
        said["ledger_s"] = round(time.monotonic() - began, 2)
        began = time.monotonic()
        assert verify(conninfo) == []
        said["verify_s"] = round(time.monotonic() - began, 2)
        print(json.dumps(said))


if __name__ == "__main__":
    main()
