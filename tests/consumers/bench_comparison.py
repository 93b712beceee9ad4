"""What comparing takes: python tests/consumers/bench_comparison.py CONNINFO [NUMBERS].

On an empty database: an outbox of as many changes, half of them removed, the same in the audit log,
and ten differences. Prints the bytes that are carried, and seconds for each side.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from dsn_consumers import comparing as centre
from dsn_consumers.database import migrate
from dsn_consumers.ledger_count import count
from dsn_producers import comparing as site
from dsn_producers import receipted
from dsn_producers.change import change_of
from dsn_producers.folded import keep_frame
from dsn_producers.mapping import Item
from dsn_producers.message import Message
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sending import mark_sent, position_of
from dsn_producers.taking import take
from dsn_schemas.comparison import Exchange, Side, answer, begin
from dsn_schemas.comparison_file import as_document
from dsn_schemas.records import Allergy, Concept
from dsn_schemas.settings import Settings

SOURCE = "adt"
FRAME = (1).to_bytes(5, "big")
#: 1 March 2026, ms.
BEGIN = 1_772_366_400_000
SAID = """
INSERT INTO dsn_store.topics VALUES ('dsn.view', 'v', 1), ('dsn.changes.a', 'a', 1);
INSERT INTO dsn_store.source_marks VALUES ('adt', 1, {0}, {0}, 0, now());
INSERT INTO dsn_store.source_lanes
VALUES ('dsn.changes.a', 0, 'adt', 1, {0}, {0}, {0}, 0, 0, now(), '{{0}}', '{{{0}}}');
"""
COPY = """
COPY dsn_store.audit (
    topic, "partition", "offset", source, epoch, seq, section, op, standing, record_id, item_digest,
    content_digest, captured_at, stored_at, previous_hash, hash, schema_id
) FROM STDIN
"""


def main() -> None:
    conninfo, numbers = sys.argv[1], int((*sys.argv, "100000")[2])
    picked = random.Random(1).sample(range(1, numbers + 1), 10)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), partitions=1)
        digests = fill_outbox(settings, numbers)
        fill_store(conninfo, digests, missing=picked[:5], altered=picked[5:])
        count(conninfo)
        said, sizes = compare(conninfo, settings)
    found = {seq for runs in said.found.missing.values() for seq, _ in runs}
    assert found == set(picked[:5])
    assert {seq for runs in said.found.differing.values() for seq, _ in runs} == set(picked[5:])
    total = sum(sizes)
    print(f"{numbers:,} numbers, 10 differences: {len(sizes)} files, {total:,} bytes {sizes}")


def fill_outbox(settings: Settings, numbers: int) -> list[bytes]:
    """Number the changes, remove half of them; SHA-256 of each journal record."""
    path = path_of(settings, SOURCE)
    file = OutboxFile(path, source=SOURCE, partitions=1, durable=False)
    keep_frame(file, FRAME)
    for first in range(0, numbers, 1000):
        group = [message(n) for n in range(first, min(first + 1000, numbers))]
        take(file, group, BEGIN + first)
    rows = file.run("SELECT body FROM changes ORDER BY position")
    digests = [hashlib.sha256(FRAME + body).digest() for (body,) in rows]
    mark_sent(file, position_of(1, numbers), {})
    file.execute("put_receipt", 1, numbers, numbers, "s", 1, BEGIN)
    removed = 0
    while removed < numbers // 2:
        removed += receipted.free(file, BEGIN + numbers, min(1000, numbers // 2 - removed))
    row = file.run("SELECT SUM(pgsize) FROM dbstat WHERE name = 'removed'").fetchone()
    print(f"kept of each removed change: {row[0] / removed:.1f} bytes")
    file.close()
    return digests


def message(number: int) -> Message:
    said = Item(
        authority="H", number=str(number % 1000), section="allergies", item=f"item {number}", entry="",
        op="upsert", status="active", occurred_at=BEGIN, content=Allergy(code=Concept(text="Latex")),
    )  # fmt: skip
    return Message(digest=number.to_bytes(32, "big"), changes=(change_of(said, 1),))


def fill_store(
    conninfo: str, digests: list[bytes], *, missing: list[int], altered: list[int]
) -> None:
    migrate(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(SAID.format(len(digests)))
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for seq, digest in enumerate(digests, start=1):
                if seq in missing:
                    continue
                said = hashlib.sha256(digest).digest() if seq in altered else digest
                item = hashlib.sha256(str(seq).encode()).digest()[:16]
                copy.write_row(
                    ("dsn.changes.a", 0, seq, SOURCE, 1, seq, "allergies", "upsert", 0, "r", item)
                    + (said, "2026-03-01", "2026-03-01", item, item, 1)
                )
        connection.execute("ANALYZE")


def compare(conninfo: str, settings: Settings) -> tuple[Exchange, list[int]]:
    """The site begins; the last word, and the bytes of each file."""
    challenge = secrets.token_bytes(32)
    with timed("the site begins"), site.opened(settings, SOURCE) as (facts, read):
        said = begin(SOURCE, challenge, facts, read)
    sizes = []
    while not said.done:
        sizes.append(len(json.dumps(as_document(said), separators=(",", ":"))))
        if said.by is Side.SITE:
            with timed("the centre answers"), centre.opened(conninfo, SOURCE) as (known, asked):
                said = answer(said, known, asked)
        else:
            with timed("the site answers"), site.opened(settings, SOURCE) as (facts, read):
                said = answer(said, facts, read)
    return said, sizes


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how long it took, and how much of that was our own."""
    began, worked = time.monotonic(), time.process_time()
    yield
    own = time.process_time() - worked
    print(f"{what}: {time.monotonic() - began:.2f} s, {own:.2f} s of them in this process")


if __name__ == "__main__":
    main()
