"""How long the books take: python tests/consumers/bench_ledger.py CONNINFO.

On an empty database: fills it with a million audit rows of ten sources and their entries, by SQL.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

from dsn_consumers.database import migrate
from dsn_consumers.ledger import ledger
from dsn_consumers.ledger_count import added, count, days

T = TypeVar("T")

FILL = """
INSERT INTO dsn_store.topics VALUES ('dsn.view', 'v', 4), ('dsn.changes.a', 'a', 4);
INSERT INTO dsn_store.links
SELECT 'r' || n, 'H', n::text, 'r' || n, 1, '', '{}', 0, n FROM generate_series(0, 99999) AS n;
INSERT INTO dsn_store.record_sources
SELECT 'r' || n, 's' || s FROM generate_series(0, 99999) AS n, generate_series(0, 2) AS s;
INSERT INTO dsn_store.source_marks
SELECT 's' || s, 1, 100000, 100000, 0, now() FROM generate_series(0, 9) AS s;
INSERT INTO dsn_store.source_lanes
SELECT 'dsn.changes.a', p, 's' || s, 1, 100000, 100000, 25000, 0, 0, now(), '{0}', '{100000}'
FROM generate_series(0, 9) AS s, generate_series(0, 3) AS p;
INSERT INTO dsn_store.barriers
SELECT v, 'dsn.changes.a', p, 's' || s, 1, 250000, 100000, now(), 0
FROM generate_series(0, 9) AS s, generate_series(0, 3) AS p, generate_series(0, 3) AS v;
-- Every third change is superseded by the next of its item.
INSERT INTO dsn_store.audit
SELECT 'dsn.changes.a', n % 4, n / 4, 's' || n % 10, 1, n / 10 + 1, 'allergies', 'upsert', 0,
    'r' || n % 100000, substring(sha256((CASE n % 3 WHEN 2 THEN n - 10 ELSE n END)::text::bytea) FOR 16),
    sha256(n::text::bytea), now(), now(), sha256(n::text::bytea), sha256(n::text::bytea)
FROM generate_series(0, 999999) AS n;
INSERT INTO dsn_store.entries
SELECT 'r' || n % 100000, gen_random_uuid(), 'allergies', n::text, 'active', '{}', now(), 'Allergy',
    '{"note": "some two hundred bytes of content stand here in a real chart, some more in others"}',
    '[]', '[]', '[]', ARRAY['r' || n % 100000], ARRAY['s' || n % 10], '{1}', ARRAY[n / 10 + 1], false, 0, n
FROM generate_series(0, 999999) AS n
-- A replaced change is in no entry any more.
WHERE n % 3 <> 1 OR n + 10 > 999999;
"""

#: A thousand changes more, each of a new item and shown: what ten seconds bring.
MORE = """
INSERT INTO dsn_store.audit
SELECT 'dsn.changes.a', n % 4, 250000 + n / 4, 's' || n % 10, 1, 100001 + n / 10, 'allergies', 'upsert', 0,
    'r' || n % 100000, substring(sha256(('more' || n)::bytea) FOR 16),
    sha256(n::text::bytea), now(), now(), sha256(n::text::bytea), sha256(n::text::bytea)
FROM generate_series(0, 999) AS n;
INSERT INTO dsn_store.entries
SELECT 'r' || n % 100000, gen_random_uuid(), 'allergies', n::text, 'active', '{}', now(), 'Allergy',
    '{}', '[]', '[]', '[]', ARRAY['r' || n % 100000], ARRAY['s' || n % 10], '{1}', ARRAY[100001 + n / 10],
    false, 0, 1000000 + n
FROM generate_series(0, 999) AS n;
UPDATE dsn_store.barriers SET seq = seq + 100;
UPDATE dsn_store.source_lanes SET complete = complete + 100, read = read + 100;
"""


def main() -> None:
    conninfo = sys.argv[1]
    migrate(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE")  # as autovacuum would have done meanwhile
        whole = timed("everything from nothing", lambda: ledger(conninfo))
        timed("first count of the kept books", lambda: count(conninfo))
        connection.execute("ANALYZE")
        timed("a count with nothing new", lambda: count(conninfo))
        connection.execute(MORE)
        timed("a count with a thousand changes more", lambda: count(conninfo))
        kept = timed("reading the kept books", lambda: added(days(conninfo)))
        assert sum(row.received for row in kept) == sum(row.received for row in whole) + 1000
        assert kept == ledger(conninfo)


def timed(what: str, act: Callable[[], T]) -> T:
    """Do it and say how long it took."""
    began = time.monotonic()
    done = act()
    print(f"{what}: {time.monotonic() - began:.3f} s")
    return done


if __name__ == "__main__":
    main()
