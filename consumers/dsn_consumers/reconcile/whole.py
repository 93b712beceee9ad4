"""Everything held against everything: ``dsn reconcile``.

Two looks, some seconds apart: what is wrong in both, in the same way, is wrong. A single look can
be deceived by what is on its way in ways that no barrier names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from dsn_consumers.database import statement
from dsn_consumers.generations import consumer_of
from dsn_consumers.intake import Read
from dsn_consumers.reconcile import compare, scan, stored
from dsn_consumers.reconcile.compare import Comparison, Row
from dsn_consumers.reconcile.difference import Difference
from dsn_consumers.reconcile.journal import Journal
from dsn_consumers.reconcile.viewed import Viewed
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CHANGES_PREFIX, IDENTITY_LINKS, QUARANTINE, VIEW, meant, named
from dsn_schemas.wire import Codec

#: Between two looks, s: longer than a change takes from the journal to the store.
BETWEEN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found, and what would mend it."""

    #: Changes in the journal, items held against the view, entries held against the store.
    changes: int
    items: int
    entries: int
    #: Not judged: on the way, or of a record that moves.
    on_their_way: int
    moving: int
    differences: tuple[Difference, ...]
    again: tuple[Read, ...]
    surplus: tuple[Row, ...]


def reconcile(
    settings: Settings,
    codec: Codec,
    *,
    between_s: float = BETWEEN_S,
    wait: Callable[[float], object] = time.sleep,
) -> Outcome:
    """Compare journal, view and store as they are now.

    Holds the newest record of every key in memory: some 1.5 kB an entry. Raises ``ConsumerError``
    or ``psycopg.OperationalError`` when a neighbour is away.
    """
    journal, first = look(settings, codec)
    if first.differences:
        wait(between_s)
        journal, second = look(settings, codec)
        before = set(first.differences)
        second.differences = [one for one in second.differences if one in before]
        first = second
    return Outcome(
        changes=journal.changes,
        items=first.items,
        entries=first.entries,
        on_their_way=first.on_their_way,
        moving=first.moving,
        differences=tuple(dict.fromkeys(first.differences)),
        again=tuple(first.again),
        surplus=tuple(first.surplus),
    )


def look(settings: Settings, codec: Codec) -> tuple[Journal, Comparison]:
    """One comparison. The order is what makes it right while everything runs:

    1. The store's rows and offsets, of one moment.
    2. The view to its end, which is at or behind that moment's.
    3. Links and quarantine to their ends: behind the view.
    4. The journal to its end: whatever the view holds is in it.
    """
    with psycopg.connect(settings.conninfo, connect_timeout=5) as connection:
        connection.execute(statement("one_moment"))
        known = stored.cut(connection, consumer_of(settings.generation))  # 1
        rows = stored.load(connection)
    generation = settings.generation
    cut = {(meant(topic, generation), p): at for (topic, p), at in known.items()}
    viewed = Viewed(codec)
    for topics in ((VIEW,), (IDENTITY_LINKS, QUARANTINE)):  # 2, 3
        places = scan.partitions(settings, [named(topic, generation) for topic in topics])
        for read in scan.read(settings, places):
            viewed.take(read._replace(topic=meant(read.topic, generation)))
    aside = viewed.quarantine.keys() | rows.quarantine.keys()  # the audit's own are in no topic
    journal = Journal(codec, aside, viewed.vouched(settings.partitions))
    changes = [name for name in scan.names(settings) if name.startswith(CHANGES_PREFIX)]
    journal.take_all(scan.read(settings, scan.partitions(settings, changes)))  # 4
    found = Comparison(on_their_way=journal.on_their_way)
    compare.against_journal(journal, viewed, found)
    compare.against_view(viewed, rows, cut, found)
    return journal, found
