"""What is said of one sampled change: it stands, a later one does, or it is named."""

from __future__ import annotations

import pytest

from dsn_consumers.reconcile.journal import ItemKey, Said
from dsn_consumers.reconcile.sampling import Charts, judged
from dsn_consumers.table_rows import entry_digest
from dsn_schemas.keys import person_id

KEY = ItemKey("H|1", "adt", "allergies", "x")
RECORD = person_id("H|1")
SAID = Said(("dsn.changes.h", 2, 7), (False, 1, 5), "upsert", "active", "s|1", 10, b"")
NAME = entry_digest("allergies", "s|1").hex()


def charts(entry: str = NAME, seq: int = 5, settled: bool = True) -> Charts:
    """A store that has the item with this number."""
    place = ("p", "allergies", "adt", RECORD, "x")
    return Charts(people={RECORD: ("p", settled)}, items={place: (entry, 1, seq)})


@pytest.mark.parametrize("seq", [5, 6])
def test_a_change_stands_or_a_later_one_does(seq):
    assert [] == list(judged(KEY, SAID, charts(seq=seq)))


def test_an_older_number_is_named():
    (one,) = judged(KEY, SAID, charts(seq=4))

    assert ("number", RECORD, 5) == (one.what, one.record, one.seq)
    assert ("dsn.changes.h", 2, 7) == (one.topic, one.partition, one.offset)


def test_an_item_in_another_entry_is_named():
    assert ["surplus"] == [one.what for one in judged(KEY, SAID, charts(entry="other"))]


def test_a_lost_item_is_named_unless_it_is_in_quarantine():
    found = charts()
    found.items.clear()
    assert ["missing"] == [one.what for one in judged(KEY, SAID, found)]

    found.aside.add(("adt", 1, 5))
    assert [] == list(judged(KEY, SAID, found))


def test_a_record_that_moves_is_not_judged():
    found = charts(settled=False)
    found.items.clear()
    assert [] == list(judged(KEY, SAID, found))
